/**
 * Writes that have been done in the other system and wait until they are seen here, so that whoever
 * wrote reads what was written.
 *
 *  1. A write is seen when the object here is what the write made of it, or when a state was taken
 *     over that was asked for after the write. (Of events nobody knows whether they are older.)
 *  2. Nobody waits longer than a read waits for freshness: the write is done, whatever is seen.
 */

import type { Clock, Timer } from '../../storage/index.js';
import type { SourceKey } from './read-through.js';

/** As long as a read waits for freshness. */
const SETTLE_TIMEOUT_MS = 3_000;

interface Waiter {
  readonly key: SourceKey;
  /** What the write made of the object; `undefined`: its end. */
  readonly content: Uint8Array | undefined;
  /** The state that was being asked for when the wait began: it may be older than the write. */
  readonly generation: number;
  readonly end: (isSeen: boolean) => void;
}

export class SettledWrites {
  readonly #clock: Clock;
  readonly #isSeen: (key: SourceKey, content: Uint8Array | undefined) => boolean;
  readonly #waiters = new Set<Waiter>();
  #generation = 0;

  constructor(clock: Clock, isSeen: (key: SourceKey, content: Uint8Array | undefined) => boolean) {
    this.#clock = clock;
    this.#isSeen = isSeen;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** Resolves to whether the write was seen in time. Rejects with the signal's reason. */
  wait(key: SourceKey, content: Uint8Array | undefined, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#isSeen(key, content)) return Promise.resolve(true);
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined = undefined;
      const finish = (): void => {
        timer?.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#waiters.delete(waiter);
      };
      const onAbort = (): void => {
        finish();
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        key,
        content,
        generation: this.#generation,
        end: (isSeen) => {
          finish();
          resolve(isSeen);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      timer = this.#clock.setTimer(SETTLE_TIMEOUT_MS, () => waiter.end(false));
      this.#waiters.add(waiter);
    });
  }

  /** A state is asked for: it has every write that is waited for by now. */
  begin(): number {
    return ++this.#generation;
  }

  /** The state of that `begin` has been taken over. */
  end(generation: number): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.generation < generation) waiter.end(true);
    }
  }

  /** An object has changed here, or all of them may have. */
  changed(key?: SourceKey): void {
    for (const waiter of [...this.#waiters]) {
      if (key !== undefined && !isSame(key, waiter.key)) continue;
      if (this.#isSeen(waiter.key, waiter.content)) waiter.end(true);
    }
  }

  /** Nothing will be seen any more. */
  close(): void {
    for (const waiter of [...this.#waiters]) waiter.end(false);
  }
}

function isSame(left: SourceKey, right: SourceKey): boolean {
  return left.name === right.name && (left.namespace ?? '') === (right.namespace ?? '');
}
