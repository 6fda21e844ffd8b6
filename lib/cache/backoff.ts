/**
 * Pauses between attempts: doubling from BACKOFF_MIN_MS to BACKOFF_MAX_MS, each with full jitter on
 * its upper half, so that many caches over one storage do not come back in step.
 */

const BACKOFF_MIN_MS = 100;
/** Upstream pauses a fixed second, and its clients up to half a minute. */
const BACKOFF_MAX_MS = 30_000;

export class Backoff {
  readonly #random: () => number;
  #attempts = 0;

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** How long to pause before the next attempt. */
  nextMs(): number {
    const ceiling = Math.min(BACKOFF_MIN_MS * 2 ** this.#attempts, BACKOFF_MAX_MS);
    this.#attempts++;
    return ceiling * (0.5 + 0.5 * this.#random());
  }

  /** After a success: the next pause is the shortest again. */
  reset(): void {
    this.#attempts = 0;
  }
}
