/**
 * When bookmarks are due (KEP-956): one timer for all streams of a cache.
 *
 * Rules:
 *  1. A stream is offered a bookmark every BOOKMARK_INTERVAL_MS, and once BOOKMARK_LEAD_MS before
 *     its deadline, so that a client that comes back after the deadline has a fresh revision.
 *  2. The timer ticks every second with jitter, and only while there are streams. Due times count
 *     in whole seconds: a bookmark is offered less than 1 s early and at most 1.25 s late.
 *  3. A wall clock that is set back delays no bookmark: what would be due later than an interval
 *     from now is due.
 *  4. The scheduler says only that a bookmark is due. What it says, and whether it may be said, the
 *     stream decides when its consumer has taken everything before it.
 */

import type { Clock, Timer } from '../storage/index.js';

/** As upstream: the history's window of 75 s is this and a quarter of it. */
export const BOOKMARK_INTERVAL_MS = 60_000;
/** How long before its deadline a stream is offered its last bookmark. */
export const BOOKMARK_LEAD_MS = 2_000;
/** Streams are looked at once a tick; upstream's bucket width. */
const TICK_MS = 1_000;
/** A tick takes up to this part longer, so that many servers do not tick in step. */
const TICK_JITTER = 0.25;

/** What the scheduler knows of a stream. */
export interface BookmarkTarget {
  /** When the stream ends, in the clock's milliseconds; `undefined`: never. */
  readonly deadline: number | undefined;
  /** Called from the event loop when a bookmark is due. */
  bookmarkDue(): void;
}

export class BookmarkScheduler {
  readonly #clock: Clock;
  readonly #random: () => number;
  // Streams by the second (since the epoch) in which their next bookmark is due.
  readonly #buckets = new Map<number, Set<BookmarkTarget>>();
  readonly #bucketOf = new Map<BookmarkTarget, number>();
  #timer: Timer | undefined;

  /** `random` gives numbers in [0, 1). */
  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** How many streams wait for a bookmark. */
  get size(): number {
    return this.#bucketOf.size;
  }

  add(target: BookmarkTarget): void {
    if (this.#bucketOf.has(target)) return;
    if (this.#schedule(target) && this.#timer === undefined) this.#startTick();
  }

  remove(target: BookmarkTarget): void {
    const second = this.#bucketOf.get(target);
    if (second === undefined) return;
    this.#bucketOf.delete(target);
    const bucket = this.#buckets.get(second);
    bucket?.delete(target);
    if (bucket?.size === 0) this.#buckets.delete(second);
    if (this.#bucketOf.size === 0) this.#stopTick();
  }

  // Whether there is another bookmark to come before the stream's deadline.
  #schedule(target: BookmarkTarget): boolean {
    const now = this.#clock.now();
    const last = target.deadline === undefined ? Infinity : target.deadline - BOOKMARK_LEAD_MS;
    const second = Math.floor(Math.min(now + BOOKMARK_INTERVAL_MS, last) / TICK_MS);
    if (second <= Math.floor(now / TICK_MS)) return false;
    let bucket = this.#buckets.get(second);
    if (bucket === undefined) this.#buckets.set(second, (bucket = new Set()));
    bucket.add(target);
    this.#bucketOf.set(target, second);
    return true;
  }

  #startTick(): void {
    const delayMs = TICK_MS * (1 + TICK_JITTER * this.#random());
    this.#timer = this.#clock.setTimer(delayMs, () => this.#tick());
  }

  #stopTick(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tick(): void {
    this.#timer = undefined;
    const now = Math.floor(this.#clock.now() / TICK_MS);
    const due: BookmarkTarget[] = [];
    for (const [second, bucket] of this.#buckets) {
      if (second > now && second <= now + BOOKMARK_INTERVAL_MS / TICK_MS) continue;
      this.#buckets.delete(second);
      for (const target of bucket) {
        this.#bucketOf.delete(target);
        due.push(target);
      }
    }
    for (const target of due) this.#schedule(target);
    if (this.#bucketOf.size > 0) this.#startTick();
    for (const target of due) target.bookmarkDue();
  }
}
