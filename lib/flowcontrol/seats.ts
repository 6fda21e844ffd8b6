/**
 * Seats that requests hold while they are under way, counted for all threads that serve.
 *
 *     thread     1    2    3
 *     readOnly  12    9    0     each thread writes its own column;
 *     mutating   3    0    1     how many are taken is the sum of a row
 *
 *  1. A limit is never exceeded: whoever takes a seat has counted himself before he looks, and
 *     gives it back where it was one too many. Two who come at once for the last one may both be
 *     refused.
 *  2. A thread that has ended, at whatever moment, has left nothing but its column: who clears
 *     that has given its seats back.
 *
 * Thread rule: any thread, each with a number of its own.
 */

export type SeatKind = 'readOnly' | 'mutating';

/** The 32-bit counters of one row. */
const ROWS: { readonly [Kind in SeatKind]: number } = { readOnly: 0, mutating: 1 };
const ROW_COUNT = Object.keys(ROWS).length;

export class InflightSeats {
  readonly #counters: Int32Array;
  readonly #threads: number;

  /** The seats that `memory` has made, in whatever thread. */
  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Int32Array(memory);
    this.#threads = this.#counters.length / ROW_COUNT;
  }

  /** Memory for so many threads, with all seats free. */
  static memory(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(threads * ROW_COUNT * Int32Array.BYTES_PER_ELEMENT);
  }

  /** How many are taken, by all threads. */
  taken(kind: SeatKind): number {
    const first = ROWS[kind] * this.#threads;
    let sum = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      sum += Atomics.load(this.#counters, first + thread);
    }
    return sum;
  }

  /**
   * How many are taken now, this one among them; 0, and none is taken, where `limit` are. Threads
   * are counted from 1.
   */
  take(kind: SeatKind, thread: number, limit: number): number {
    const index = this.#index(kind, thread);
    Atomics.add(this.#counters, index, 1);
    const taken = this.taken(kind);
    if (taken <= limit) return taken;
    Atomics.sub(this.#counters, index, 1);
    return 0;
  }

  giveBack(kind: SeatKind, thread: number): void {
    Atomics.sub(this.#counters, this.#index(kind, thread), 1);
  }

  /** The thread has ended: nobody else gives its seats back. */
  clear(thread: number): void {
    for (const kind of Object.keys(ROWS) as SeatKind[]) {
      Atomics.store(this.#counters, this.#index(kind, thread), 0);
    }
  }

  #index(kind: SeatKind, thread: number): number {
    return ROWS[kind] * this.#threads + thread - 1;
  }
}
