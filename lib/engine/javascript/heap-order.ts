/**
 * A min-heap of pairs of numbers in one typed array: of a rank, and of a ticket that tells equal
 * ranks apart.
 *
 *   lanes   r0 t0 | r1 t1  r2 t2  r3 t3  r4 t4 | r5 t5 …      children of i: 4i + 1 … 4i + 4
 *
 * Invariants: no child is before its parent; behind the last pair everything is infinite, so that
 * who looks for the least of four children need not ask how many there are.
 */

const LENGTH_INITIAL = 16;

/** Children of a pair. */
const ARITY = 4;

export class HeapOrder {
  #lanes: Float64Array = infiniteLanes(LENGTH_INITIAL);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The first pair's; infinite in an empty heap. */
  get rank(): number {
    return this.#lanes[0]!;
  }

  get ticket(): number {
    return this.#lanes[1]!;
  }

  /** Makes room for so many pairs more. */
  reserve(count: number): void {
    // One group of children more, which is looked at behind the last pair.
    const needed = 2 * (this.#length + count + ARITY);
    if (needed <= this.#lanes.length) return;
    const lanes = infiniteLanes(Math.max(needed / 2, this.#lanes.length));
    lanes.set(this.#lanes.subarray(0, 2 * this.#length));
    this.#lanes = lanes;
  }

  push(rank: number, ticket: number): void {
    if (2 * (this.#length + 1 + ARITY) > this.#lanes.length) this.reserve(1);
    const lanes = this.#lanes;
    let at = this.#length++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const parentRank = lanes[2 * parent]!;
      const parentTicket = lanes[2 * parent + 1]!;
      if (parentRank < rank || (parentRank === rank && parentTicket < ticket)) break;
      lanes[2 * at] = parentRank;
      lanes[2 * at + 1] = parentTicket;
      at = parent;
    }
    lanes[2 * at] = rank;
    lanes[2 * at + 1] = ticket;
  }

  /** Drops the first pair. There is one. */
  pop(): void {
    const lanes = this.#lanes;
    const last = 2 * --this.#length;
    const rank = lanes[last]!;
    const ticket = lanes[last + 1]!;
    lanes[last] = Infinity;
    lanes[last + 1] = Infinity;
    if (last > 0) this.#sink(0, rank, ticket);
  }

  /** Drops the pairs whose ticket is not to be kept. */
  filter(isKept: (ticket: number) => boolean): void {
    const lanes = this.#lanes;
    let kept = 0;
    for (let at = 0; at < this.#length; at++) {
      const ticket = lanes[2 * at + 1]!;
      if (!isKept(ticket)) continue;
      lanes[2 * kept] = lanes[2 * at]!;
      lanes[2 * kept + 1] = ticket;
      kept++;
    }
    lanes.fill(Infinity, 2 * kept, 2 * this.#length);
    this.#length = kept;
    for (let at = (kept - 2) >> 2; at >= 0; at--) {
      this.#sink(at, lanes[2 * at]!, lanes[2 * at + 1]!);
    }
  }

  /** The same pairs in a heap of its own. */
  copy(): HeapOrder {
    const copy = new HeapOrder();
    copy.#lanes = this.#lanes.slice();
    copy.#length = this.#length;
    return copy;
  }

  /** Calls back with each ticket in order, and has its pair carry the one that this tells. */
  renumber(ticketOf: (ticket: number) => number): void {
    const rest = this.copy();
    // What is in order is a heap.
    for (let at = 0; at < this.#length; at++) {
      this.#lanes[2 * at] = rest.rank;
      this.#lanes[2 * at + 1] = ticketOf(rest.ticket);
      rest.pop();
    }
  }

  clear(): void {
    this.#lanes = infiniteLanes(LENGTH_INITIAL);
    this.#length = 0;
  }

  // Puts a pair where `at` is, or below, as far as it has to go.
  #sink(start: number, rank: number, ticket: number): void {
    const lanes = this.#lanes;
    const end = 2 * this.#length;
    let at = 2 * start;
    for (;;) {
      const first = 4 * at + 2;
      if (first >= end) break;
      let least = first;
      let leastRank = lanes[first]!;
      let leastTicket = lanes[first + 1]!;
      for (let child = first + 2; child < first + 8; child += 2) {
        const childRank = lanes[child]!;
        if (childRank > leastRank) continue;
        const childTicket = lanes[child + 1]!;
        if (childRank === leastRank && childTicket > leastTicket) continue;
        least = child;
        leastRank = childRank;
        leastTicket = childTicket;
      }
      if (rank < leastRank || (rank === leastRank && ticket < leastTicket)) break;
      lanes[at] = leastRank;
      lanes[at + 1] = leastTicket;
      at = least;
    }
    lanes[at] = rank;
    lanes[at + 1] = ticket;
  }
}

function infiniteLanes(pairs: number): Float64Array {
  return new Float64Array(2 * (pairs + ARITY)).fill(Infinity);
}
