/**
 * Deletes keys whose TTL has run out: the owner of a store's timing wheel.
 *
 *  1. A key is deleted by compare-and-swap on the revision that carries the TTL, so a newer version
 *     cancels the deletion even when both meet in one batch.
 *  2. The deletion is an ordinary write: it takes a revision and reaches every watch once.
 *  3. A deletion that the store could not do is tried again, until the store is closed.
 *
 * Owned by one event loop.
 */

import type { Clock } from './clock.js';
import { TimingWheel, type WheelEntry } from './timing-wheel.js';
import type { Expiry } from './transition.js';

export interface ExpirerOptions {
  readonly clock: Clock;
  /** Deletes the key if it is at the revision. May reject. */
  readonly remove: (key: string, revision: bigint) => Promise<unknown>;
}

export class Expirer {
  readonly #clock: Clock;
  readonly #remove: ExpirerOptions['remove'];
  readonly #wheel: TimingWheel<Expiry>;
  readonly #entries = new Map<string, WheelEntry<Expiry>>();
  #closed = false;

  constructor(options: ExpirerOptions) {
    this.#clock = options.clock;
    this.#remove = options.remove;
    this.#wheel = new TimingWheel<Expiry>({
      clock: options.clock,
      onDue: (expiries) => {
        for (const expiry of expiries) this.#expire(expiry);
      },
    });
  }

  /** How many keys have a TTL. */
  get size(): number {
    return this.#entries.size;
  }

  /** The key has this expiry from now on, or (`expiresAtMs` 0) none. */
  track(expiry: Expiry): void {
    const previous = this.#entries.get(expiry.key);
    if (previous !== undefined) {
      this.#wheel.cancel(previous);
      this.#entries.delete(expiry.key);
    }
    if (expiry.expiresAtMs !== 0) this.#schedule(expiry, expiry.expiresAtMs);
  }

  /** Nothing is deleted any more. */
  close(): void {
    this.#closed = true;
    this.#wheel.clear();
    this.#entries.clear();
  }

  #schedule(expiry: Expiry, dueMs: number): void {
    if (!this.#closed) this.#entries.set(expiry.key, this.#wheel.add(expiry, dueMs));
  }

  #expire(expiry: Expiry): void {
    this.#entries.delete(expiry.key);
    this.#remove(expiry.key, expiry.revision).catch(() => {
      if (this.#entries.has(expiry.key)) return;
      this.#schedule(expiry, this.#clock.now() + RETRY_DELAY_MS);
    });
  }
}

// A full disk or a busy one; the object outlives its TTL meanwhile.
const RETRY_DELAY_MS = 5_000;
