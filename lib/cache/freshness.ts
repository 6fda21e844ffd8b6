/**
 * Reads that wait until the cache has reached a revision (KEP-2340).
 *
 * Rules:
 *  1. Waiters stand in a min-heap by revision: an advance wakes those it satisfies and looks at no
 *     other (upstream wakes all of them each time).
 *  2. All wait equally long, so the order of arrival is the order of deadlines, and one timer
 *     serves all of them.
 *  3. A wall clock that is set back delays nobody: who has longer to wait than a wait takes at all
 *     has waited.
 *  4. A waiter leaves the heap when it is done, whichever way: nothing is left of requests for a
 *     revision that never comes.
 */

import type { Clock, Timer } from '../storage/index.js';
import { CacheError } from './contract.js';
import { tooLarge } from './resource-version.js';

/** When who has waited in vain may ask again; upstream's. */
const RETRY_SECONDS = 1;

interface Waiter {
  readonly revision: bigint;
  readonly deadline: number;
  readonly done: (error?: Error) => void;
  /** Its place in the heap. */
  index: number;
}

export class FreshnessGate {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #current: () => bigint;
  readonly #await: ((revision: bigint) => void) | undefined;
  readonly #waited: ((durationMs: number) => void) | undefined;
  readonly #heap: Waiter[] = [];
  // The same waiters in order of arrival.
  readonly #arrivals = new Set<Waiter>();
  #timer: Timer | undefined;

  /**
   * `current` is the revision that has been reached. `awaited` is told of every revision that is
   * waited for, so that `advance` is called also where another thread brings it. `waited` is told
   * how long each wait took, whatever became of it.
   */
  constructor(
    clock: Clock,
    timeoutMs: number,
    current: () => bigint,
    awaited?: (revision: bigint) => void,
    waited?: (durationMs: number) => void,
  ) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#current = current;
    this.#await = awaited;
    this.#waited = waited;
  }

  /** How many reads wait. */
  get size(): number {
    return this.#heap.length;
  }

  /**
   * Resolves once `revision` is reached. Rejects with a CacheError: `resource-version-too-large`
   * when that takes too long, `aborted` when the signal is.
   */
  wait(revision: bigint, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal));
    if (this.isReached(revision)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#settle(waiter, aborted(signal as AbortSignal));
      const waiter: Waiter = {
        revision,
        deadline: this.#clock.now() + this.#timeoutMs,
        index: this.#heap.length,
        done: (error) => {
          signal?.removeEventListener('abort', onAbort);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#heap.push(waiter);
      this.#rise(waiter);
      this.#arrivals.add(waiter);
      this.#arm();
      this.#await?.(revision);
    });
  }

  /** Whether nobody has to wait for the revision; counts as a wait of no time then. */
  isReached(revision: bigint): boolean {
    if (revision > this.#current()) return false;
    if (revision > 0n) this.#waited?.(0);
    return true;
  }

  /** Wakes the reads that wait for what has been reached now. */
  advance(): void {
    if (this.#heap.length === 0) return;
    const current = this.#current();
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.revision > current) break;
      this.#settle(first);
    }
  }

  /** Rejects all waiting reads. */
  fail(error: Error): void {
    for (const waiter of [...this.#arrivals]) this.#settle(waiter, error);
  }

  #settle(waiter: Waiter, error?: Error): void {
    if (!this.#arrivals.delete(waiter)) return;
    this.#remove(waiter);
    const startedAt = waiter.deadline - this.#timeoutMs;
    this.#waited?.(Math.max(0, this.#clock.now() - startedAt));
    if (this.#arrivals.size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    waiter.done(error);
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    const [first] = this.#arrivals;
    if (first === undefined) return;
    const remainingMs = first.deadline - this.#clock.now();
    const delayMs = Math.min(Math.max(0, remainingMs), this.#timeoutMs);
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#expire();
      this.#arm();
    });
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const waiter of this.#arrivals) {
      const remainingMs = waiter.deadline - now;
      if (remainingMs > 0 && remainingMs <= this.#timeoutMs) break;
      this.#settle(waiter, tooLarge(waiter.revision, this.#current(), RETRY_SECONDS));
    }
  }

  #remove(waiter: Waiter): void {
    const last = this.#heap.pop() as Waiter;
    if (last === waiter) return;
    this.#place(last, waiter.index);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(waiter: Waiter): void {
    while (waiter.index > 0) {
      const above = this.#heap[(waiter.index - 1) >> 1] as Waiter;
      if (above.revision <= waiter.revision) return;
      this.#swap(above, waiter);
    }
  }

  #sink(waiter: Waiter): void {
    for (;;) {
      const left = this.#heap[2 * waiter.index + 1];
      if (left === undefined) return;
      const right = this.#heap[2 * waiter.index + 2];
      const below = right !== undefined && right.revision < left.revision ? right : left;
      if (below.revision >= waiter.revision) return;
      this.#swap(waiter, below);
    }
  }

  #swap(left: Waiter, right: Waiter): void {
    const { index } = left;
    this.#place(left, right.index);
    this.#place(right, index);
  }

  #place(waiter: Waiter, index: number): void {
    this.#heap[index] = waiter;
    waiter.index = index;
  }
}

/** What the promise gives, unless the caller gives up before. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  throwIfAborted(signal);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Why a wait is over that its caller gave up. */
export function aborted(signal: AbortSignal): CacheError {
  return new CacheError('aborted', 'the request was aborted', { cause: signal.reason });
}

/** Throws where the caller has given up already. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(signal);
}
