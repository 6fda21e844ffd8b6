/**
 * What the watches of a cache have been through since it was made, in memory that all its threads
 * add to.
 *
 * Thread rule: any thread.
 */

import type { WatchLoss } from '../watch/index.js';

const REPLAYED = 0;
const LANES: { readonly [Loss in WatchLoss]: number } = { expired: 1, replaced: 2 };
const LANE_COUNT = 3;

export class WatchCounts {
  readonly buffer: SharedArrayBuffer;
  readonly #lanes: BigUint64Array;

  /** Those of another thread's cache, or new ones at 0. */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(LANE_COUNT * BigUint64Array.BYTES_PER_ELEMENT);
    this.#lanes = new BigUint64Array(this.buffer);
  }

  /** Events that streams were given before they were up to date. */
  get eventsReplayed(): number {
    return this.#get(REPLAYED);
  }

  /** How many streams have lost events, and why. */
  get terminated(): Readonly<Record<WatchLoss, number>> {
    return { expired: this.#get(LANES.expired), replaced: this.#get(LANES.replaced) };
  }

  addReplayed(events: number): void {
    Atomics.add(this.#lanes, REPLAYED, BigInt(events));
  }

  addTerminated(reason: WatchLoss): void {
    Atomics.add(this.#lanes, LANES[reason], 1n);
  }

  #get(lane: number): number {
    return Number(Atomics.load(this.#lanes, lane));
  }
}
