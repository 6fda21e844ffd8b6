/**
 * A first-in, first-out queue whose entries keep their positions: what is pushed gets the next
 * number, and is found by it until it is dropped from the front. Positions only rise, also across
 * `reset`.
 *
 *   first = 1030                 end = 2050
 *   [ · · · 1030 … 1535 ] [ 1536 … 2047 ] [ 2048 2049 ]     segments of SEGMENT_SIZE
 *
 * Push, drop and lookup take constant time; a segment is given up as soon as it is empty, and a
 * slot as soon as its entry is dropped.
 */

/**
 * Entries of a segment: large enough to make the list of segments short, small beside the entries.
 */
const SEGMENT_SIZE = 512;

export class PositionQueue<Entry> {
  #segments: (Entry | undefined)[][] = [];
  // The position of the first slot of the first segment.
  #base: number;
  #first: number;
  #end: number;

  constructor(first = 0) {
    this.#base = first;
    this.#first = first;
    this.#end = first;
  }

  /** Position of the first entry; the same as `end` in an empty queue. */
  get first(): number {
    return this.#first;
  }

  /** Position that the next entry gets. */
  get end(): number {
    return this.#end;
  }

  get length(): number {
    return this.#end - this.#first;
  }

  push(entry: Entry): void {
    const last = this.#segments.at(-1);
    if (last === undefined || last.length === SEGMENT_SIZE) this.#segments.push([entry]);
    else last.push(entry);
    this.#end++;
  }

  /** The entry at a position; `undefined` for what was dropped or is yet to come. */
  at(position: number): Entry | undefined {
    if (position < this.#first || position >= this.#end) return undefined;
    const index = position - this.#base;
    return this.#segments[Math.floor(index / SEGMENT_SIZE)]![index % SEGMENT_SIZE];
  }

  /** Drops the first entry and returns it. */
  shift(): Entry | undefined {
    const entry = this.at(this.#first);
    if (this.#first === this.#end) return undefined;
    this.#segments[0]![this.#first - this.#base] = undefined;
    this.#first++;
    if (this.#first === this.#end) {
      this.#segments = [];
      this.#base = this.#first;
    } else if (this.#first - this.#base === SEGMENT_SIZE) {
      this.#segments.shift();
      this.#base = this.#first;
    }
    return entry;
  }

  /** Drops everything and goes on at `first`, which is not below `end`. */
  reset(first: number): void {
    this.#segments = [];
    this.#base = first;
    this.#first = first;
    this.#end = first;
  }
}
