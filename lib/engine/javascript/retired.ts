/**
 * Versions that no longer are part of the current state nor of the event log, until nobody reads
 * them.
 *
 * A version that record s replaced is in exactly the roots whose sequence is s or below, from the
 * one that it came with. So it is free once record s has left the log (every root that can be made
 * from now on is above it) and every held root is above s. No version counts its readers.
 *
 *   held roots      ▼ 12          ▼ 30
 *   retired     8   11  │  15  22  │  31 …        8 and 11 are free, 15 and later are not
 *
 * Invariant: versions retire in rising order of s, for records leave the log in order, and the
 * versions that `replace` drops retire last of their generation.
 */

import { PositionQueue } from './queue.js';
import type { Version } from './version.js';

interface Retired {
  readonly version: Version;
  /** Roots up to this sequence have the version. */
  readonly sequence: number;
}

export class RetiredVersions {
  readonly #queue = new PositionQueue<Retired>();

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** The version is in no root above that sequence, and none at or below it will be made. */
  add(version: Version, sequence: number): void {
    this.#queue.push({ version, sequence });
  }

  /** Takes out every version that no root from `oldestHeld` on has. */
  collect(oldestHeld: number, free: (version: Version) => void): void {
    for (;;) {
      const next = this.#queue.at(this.#queue.first);
      if (next === undefined || next.sequence >= oldestHeld) return;
      this.#queue.shift();
      free(next.version);
    }
  }
}

/** Sequences without holders are swept when they are more than these, and most of the heap. */
const IDLE_MAX = 64;

/** Counts who holds a root, by the root's sequence. */
export class HeldRoots {
  // Also of sequences that nobody holds any more (idle ones), until they come to the top of the
  // heap or are swept.
  readonly #holders = new Map<number, number>();
  // A binary heap of the sequences in #holders.
  #heap: number[] = [];
  #idle = 0;
  #count = 0;

  /** Number of holders. */
  get count(): number {
    return this.#count;
  }

  /** One holder more of the root with that sequence. */
  acquire(sequence: number): void {
    const holders = this.#holders.get(sequence);
    if (holders === undefined) this.#push(sequence);
    else if (holders === 0) this.#idle--;
    this.#holders.set(sequence, (holders ?? 0) + 1);
    this.#count++;
  }

  /** One holder less. */
  release(sequence: number): void {
    const holders = this.#holders.get(sequence)! - 1;
    this.#holders.set(sequence, holders);
    this.#count--;
    if (holders === 0 && ++this.#idle > IDLE_MAX && 2 * this.#idle > this.#heap.length) {
      this.#sweep();
    }
  }

  /** Number of sequences that are kept, for tests. */
  get size(): number {
    return this.#heap.length;
  }

  /** Sequence of the oldest root that is held; Infinity where none is. */
  oldest(): number {
    while (this.#heap.length > 0 && this.#holders.get(this.#heap[0]!) === 0) {
      this.#holders.delete(this.#heap[0]!);
      this.#idle--;
      this.#pop();
    }
    return this.#heap[0] ?? Infinity;
  }

  // One root that is held for long would otherwise keep the sequence of every later one.
  #sweep(): void {
    for (const [sequence, holders] of this.#holders) {
      if (holders === 0) this.#holders.delete(sequence);
    }
    // In order: a heap.
    this.#heap = [...this.#holders.keys()].sort((left, right) => left - right);
    this.#idle = 0;
  }

  #push(sequence: number): void {
    const heap = this.#heap;
    let at = heap.push(sequence) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (heap[parent]! <= sequence) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = sequence;
  }

  #pop(): void {
    const heap = this.#heap;
    const moved = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= moved) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = moved;
  }
}
