/** Pauses between attempts that grow by a factor, with jitter, up to a ceiling. */

export interface BackoffOptions {
  readonly initialMs: number;
  readonly factor: number;
  /** A pause is up to this part longer than it would be: 0.2 is up to a fifth. */
  readonly jitter: number;
  /** No pause is longer, jitter aside. Default without a limit. */
  readonly maxMs?: number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #nextMs: number;

  /** `random` gives numbers in [0, 1). */
  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
    this.#nextMs = options.initialMs;
  }

  /** How long to pause before the next attempt. */
  nextMs(): number {
    const { factor, jitter, maxMs = Infinity } = this.#options;
    const pauseMs = Math.min(this.#nextMs, maxMs);
    this.#nextMs = Math.min(this.#nextMs * factor, maxMs);
    return pauseMs * (1 + jitter * this.#random());
  }

  /** After a success: the next pause is the shortest again. */
  reset(): void {
    this.#nextMs = this.#options.initialMs;
  }
}
