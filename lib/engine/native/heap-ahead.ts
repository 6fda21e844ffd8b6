/**
 * Entries that come and go one by one, without a call into the addon for each: the first entries
 * are told beforehand (the run), and so are the handles of those that are to come (the reserve).
 * What was taken of the run, and what was pushed meanwhile, the addon is told by the next call.
 *
 *   run        [ taken … | next, …, last ]      slots and priorities, the first entries in order
 *   reserve    handles …                        of the entries to come, in order
 *   pushed     priorities …                     of the entries with the reserve's first handles
 *
 * Rules:
 *  1. Nothing that was pushed is before the last of the run: what would be ends the run.
 *  2. The run grows as long as it is used up, up to `heapAheadMax`, and shrinks when it is ended:
 *     looking further ahead costs a heap more than it saves where the first entries change often.
 *  3. Whoever calls the addon for the heap in another way settles before.
 */

import { HEAD_LANE, LIMIT } from '../wire.js';
import type { Connection } from './connection.js';
import { statusError } from './errors.js';

const AHEAD_MAX = LIMIT.heapAheadMax;
const LANES = LIMIT.headLanes;

/** Nothing is before this: there is no run. */
const NO_RUN = -Infinity;

export class HeapAhead {
  readonly #connection: Connection;
  readonly #heap: number;
  readonly #slots = new Uint32Array(AHEAD_MAX);
  readonly #priorities = new Float64Array(AHEAD_MAX);
  // The next of the run, and its end.
  #next = 0;
  #end = 0;
  #last = NO_RUN;
  // As long as the next run is to be.
  #length = 1;
  readonly #pushed = new Float64Array(AHEAD_MAX);
  #pushedCount = 0;
  // Handles in the order in which they are used, from `#handlesFirst` on, round.
  readonly #handles = new Float64Array(AHEAD_MAX);
  #handlesFirst = 0;
  #handlesCount = 0;

  /** `heap` is the handle of a heap that is not shared. */
  constructor(connection: Connection, heap: number) {
    this.#connection = connection;
    this.#heap = heap;
  }

  /** Whether there is an entry in the run. */
  get hasNext(): boolean {
    return this.#next < this.#end;
  }

  /** The slot of the first entry. REQUIRES: hasNext. */
  get slot(): number {
    return this.#slots[this.#next]!;
  }

  /** The priority of the first entry. REQUIRES: hasNext. */
  get priority(): number {
    return this.#priorities[this.#next]!;
  }

  /** Takes the first entry: its slot. REQUIRES: hasNext. */
  take(): number {
    const slot = this.#slots[this.#next++]!;
    if (this.#next === this.#end) this.#last = NO_RUN;
    return slot;
  }

  /** Looks up a new run, unless there is one. The heap is not empty. */
  look(): void {
    if (this.#next < this.#end) return;
    if (this.#end === this.#length) this.#length = Math.min(AHEAD_MAX, 2 * this.#length);
    this.#advance(this.#length);
  }

  /** Pushes an entry that never expires, for which there is room: its handle, or -1 for none. */
  push(priority: number): number {
    if (priority < this.#last) {
      this.#length = Math.max(1, this.#length >> 1);
      this.#advance(0);
    }
    if (this.#pushedCount === this.#handlesCount) {
      this.#advance(0);
      if (this.#handlesCount === 0) return -1;
    }
    const at = (this.#handlesFirst + this.#pushedCount) % AHEAD_MAX;
    this.#pushed[this.#pushedCount++] = priority;
    return this.#handles[at]!;
  }

  /** The addon knows all that happened, and whatever is called sees the heap as it is. */
  settle(): void {
    if (this.#end > 0 || this.#pushedCount > 0) this.#advance(0);
  }

  /** Gives up what is known beforehand, and the slots that are kept for it. */
  end(): void {
    this.settle();
    this.#connection.addon.heapEndAhead(this.#heap);
    this.#handlesCount = 0;
  }

  #advance(wanted: number): void {
    const { addon, numbers } = this.#connection;
    const pushed = this.#pushedCount;
    for (let at = 0; at < pushed; at++) numbers[LANES + at] = this.#pushed[at]!;
    const run = addon.heapAdvance(this.#heap, this.#next, pushed, wanted);
    if (run < 0) throw statusError(run, 'the queue');
    for (let at = 0; at < run; at++) {
      this.#slots[at] = numbers[LANES + at]!;
      this.#priorities[at] = numbers[LANES + AHEAD_MAX + at]!;
    }
    this.#next = 0;
    this.#end = run;
    this.#last = run === 0 ? NO_RUN : this.#priorities[run - 1]!;
    this.#pushedCount = 0;
    this.#renewHandles(pushed, numbers);
  }

  // `used` of them have gone; the new ones come behind the others.
  #renewHandles(used: number, numbers: Float64Array): void {
    const count = numbers[HEAD_LANE.count]!;
    this.#handlesFirst = (this.#handlesFirst + used) % AHEAD_MAX;
    this.#handlesCount -= used;
    const end = this.#handlesFirst + this.#handlesCount;
    for (let at = 0; at < count; at++) {
      this.#handles[(end + at) % AHEAD_MAX] = numbers[LANES + 2 * AHEAD_MAX + at]!;
    }
    this.#handlesCount += count;
  }
}
