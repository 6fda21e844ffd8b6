/**
 * Answers of a reviewer by what was asked, for a while; and one question at a time: who asks what
 * is being asked already, waits for that answer.
 *
 * 1. The answer that was used longest ago goes first when there are more than `capacity`.
 * 2. A question that fails is not remembered: whoever asks next asks anew.
 */

export interface ReviewCacheOptions {
  /** Answers that are remembered at most. */
  readonly capacity: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What an answer is and how long it may be used; 0: by those only who were waiting for it. */
export interface ReviewAnswer<Value> {
  readonly value: Value;
  readonly ttlMs: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly storedAt: number;
  readonly ttlMs: number;
}

export class ReviewCache<Value> {
  readonly #options: ReviewCacheOptions;
  /** In the order of use: the first was used longest ago. */
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #asking = new Map<string, Promise<Value>>();

  constructor(options: ReviewCacheOptions) {
    this.#options = options;
  }

  /** How many answers are remembered, stale ones among them. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string, ask: () => Promise<ReviewAnswer<Value>>): Promise<Value> {
    const known = this.#find(key);
    if (known !== undefined) return Promise.resolve(known.value);
    const asking = this.#asking.get(key) ?? this.#ask(key, ask);
    this.#asking.set(key, asking);
    return asking;
  }

  async #ask(key: string, ask: () => Promise<ReviewAnswer<Value>>): Promise<Value> {
    try {
      const { value, ttlMs } = await ask();
      if (ttlMs > 0) this.#store(key, { value, ttlMs, storedAt: this.#options.now() });
      return value;
    } finally {
      this.#asking.delete(key);
    }
  }

  #find(key: string): Entry<Value> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    // A clock that was set back makes an entry of the future: nobody knows how old that one is.
    const ageMs = this.#options.now() - entry.storedAt;
    if (ageMs < 0 || ageMs >= entry.ttlMs) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }

  #store(key: string, entry: Entry<Value>): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#options.capacity) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
