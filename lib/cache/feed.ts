/**
 * Keeps an engine equal to a prefix of a storage: lists it, then follows its changes.
 *
 *     list pages at one revision ──> replace ──> ready ──> watch ──> apply, progress …
 *          ^                                                 │
 *          │ history lost, or nothing for                    │ ended otherwise: watch again
 *          │ RESUME_PATIENCE_MS                              │ from the last revision,
 *          └──────────── pause, not ready ───────────────────┘ still ready
 *
 * Rules:
 *  1. The engine moves by the storage's events alone, in their order; never by a write's result.
 *  2. A watch that can be resumed is resumed, and nobody notices. Only lost history (`compacted`),
 *     a change that can't be applied, and a storage that stays away lead to a new list, which is a
 *     new generation and ends all watches.
 *  3. Between attempts there is a pause that doubles (Backoff), on the injected clock.
 *  4. After `close` nothing is called back and no timer is left.
 *
 * Owned by the cache's thread.
 */

import type { Change, EngineCache, Put } from '../engine/index.js';
import type {
  Clock,
  Storage,
  StorageChange,
  StoredValue,
  StorageWatch,
  Timer,
  WatchObserver,
} from '../storage/index.js';
import { StorageError } from '../storage/index.js';
import { Backoff } from './backoff.js';
import { ProgressRequester } from './progress-requester.js';
import { type KeySpace, objectKey, storageKey } from './storage-key.js';
import { refuseUnreadable } from './unreadable.js';

/** Keys asked for at once when the cache is filled; upstream's page. */
const LIST_PAGE_KEYS = 10_000;
/**
 * How long a storage's watch is tried to be resumed before the cache counts as lost; upstream's.
 */
const RESUME_PATIENCE_MS = 30_000;
/** A watch that lived this long was a success: the next pause is a short one. */
const WATCH_SETTLED_MS = 1_000;

export interface FeedOptions extends KeySpace {
  readonly engine: EngineCache;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: () => number;
  /** The engine holds the storage's state; reading it took so long. */
  readonly onReady: (durationMs: number) => void;
  /** The engine could not be filled; it is tried again. */
  readonly onFillFailed: (cause: unknown) => void;
  /** The engine has lost touch; it will be filled anew. */
  readonly onLost: (cause: unknown) => void;
  /** The engine's revision rose. */
  readonly onAdvance: () => void;
  /** Whether any read waits for a revision. */
  readonly isAwaited: () => boolean;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #backoff: Backoff;
  readonly #progress: ProgressRequester;
  #watch: StorageWatch | undefined;
  #timer: Timer | undefined;
  // Counts watches, so that what an ended one still reports is told apart.
  #watchNumber = 0;
  #watchStartedAt = 0;
  // When the present row of watches that ended at once began.
  #troubleSince = 0;
  #closed = false;
  #received = 0;
  #progressed = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.#progress = new ProgressRequester(options.clock, options.isAwaited);
  }

  /** Changes that the storage has told of. */
  get received(): number {
    return this.#received;
  }

  /** Times that the storage has told how far it is. */
  get progressed(): number {
    return this.#progressed;
  }

  /** Begins to fill the engine. Never rejects: what fails is tried again. */
  start(): void {
    void this.#fill();
  }

  /** What the engine holds is not to be relied on: it is filled anew. */
  restart(cause: unknown): void {
    this.#timer?.cancel();
    this.#endWatch();
    this.#refill(cause);
  }

  /** A read begins to wait for a revision. */
  awaited(): void {
    this.#progress.awaited();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#endWatch();
  }

  async #fill(): Promise<void> {
    const { clock } = this.#options;
    const startedAt = clock.now();
    try {
      const { objects, revision } = await this.#list();
      if (this.#closed) return;
      this.#replace(objects, revision);
    } catch (error) {
      if (!this.#closed) this.#options.onFillFailed(error);
      this.#refill(error);
      return;
    }
    this.#troubleSince = clock.now();
    this.#options.onReady(Math.max(0, this.#troubleSince - startedAt));
    this.#options.onAdvance();
    this.#follow();
  }

  #replace(objects: readonly Put[], revision: bigint): void {
    try {
      this.#options.engine.replace(objects, revision);
    } catch (error) {
      // An engine tells of the first by its place; who is to mend it needs the keys of all.
      const stored = objects.map((put) => ({
        key: storageKey(this.#options, put),
        value: put.object,
        revision: put.revision,
      }));
      refuseUnreadable(this.#options, stored, error);
      throw error;
    }
  }

  async #list(): Promise<{ objects: Put[]; revision: bigint }> {
    const { storage, prefix } = this.#options;
    const objects: Put[] = [];
    let page = await storage.list(prefix, { limit: LIST_PAGE_KEYS });
    const { revision } = page;
    for (;;) {
      this.#addTo(objects, page.values);
      const last = page.values.at(-1);
      if (!page.more || last === undefined) return { objects, revision };
      const start = `${last.key}\0`;
      page = await storage.list(prefix, { revision, start, limit: LIST_PAGE_KEYS });
    }
  }

  #addTo(objects: Put[], values: readonly StoredValue[]): void {
    try {
      for (const value of values) objects.push(this.#put(value));
    } catch (error) {
      // Something else is below the prefix, at a key that no object has.
      refuseUnreadable(this.#options, values, error);
      throw error;
    }
  }

  #put(value: Pick<StoredValue, 'key' | 'value' | 'revision'>): Put {
    const key = objectKey(this.#options, value.key);
    return { type: 'put', ...key, object: value.value, revision: value.revision };
  }

  // Watches from where the engine is.
  #follow(): void {
    if (this.#closed) return;
    const { storage, prefix, engine, clock } = this.#options;
    const number = ++this.#watchNumber;
    this.#watchStartedAt = clock.now();
    const mine = (act: () => void) => (): void => {
      if (number === this.#watchNumber && !this.#closed) act();
    };
    const observer: WatchObserver = {
      onChanges: (changes) => mine(() => this.#apply(changes))(),
      onProgress: (revision) => mine(() => this.#reach(revision))(),
      onEnd: (error) => mine(() => this.#ended(error))(),
    };
    try {
      const watch = storage.watch(prefix, engine.revision, observer);
      if (number !== this.#watchNumber || this.#closed) return watch.close();
      this.#watch = watch;
      this.#progress.follow(watch);
    } catch (error) {
      mine(() => this.#ended(error))();
    }
  }

  #apply(changes: readonly StorageChange[]): void {
    this.#received += changes.length;
    try {
      this.#options.engine.apply(changes.map((change) => this.#change(change)));
    } catch (error) {
      this.#endWatch();
      this.#refill(error);
      return;
    }
    this.#options.onAdvance();
  }

  #change(change: StorageChange): Change {
    if (change.type === 'put') return this.#put(change);
    return { type: 'delete', ...objectKey(this.#options, change.key), revision: change.revision };
  }

  #reach(revision: bigint): void {
    this.#progressed++;
    this.#options.engine.progress(revision);
    this.#options.onAdvance();
  }

  #ended(error: unknown): void {
    this.#endWatch();
    const now = this.#options.clock.now();
    const settled = now - this.#watchStartedAt >= WATCH_SETTLED_MS;
    if (settled) {
      this.#backoff.reset();
      this.#troubleSince = now;
    }
    const lost = error instanceof StorageError && error.code === 'compacted';
    if (lost || now - this.#troubleSince >= RESUME_PATIENCE_MS) this.#refill(error);
    else if (settled) queueMicrotask(() => this.#follow());
    else this.#after(() => this.#follow());
  }

  #endWatch(): void {
    this.#watchNumber++;
    this.#progress.follow(undefined);
    this.#watch?.close();
    this.#watch = undefined;
  }

  #refill(cause: unknown): void {
    if (this.#closed) return;
    this.#options.onLost(cause);
    this.#after(() => void this.#fill());
  }

  #after(act: () => void): void {
    this.#timer = this.#options.clock.setTimer(this.#backoff.nextMs(), act);
  }
}
