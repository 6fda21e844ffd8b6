/**
 * The contract of what orders a priority queue's entries, on both engines: numbers in, numbers out.
 *
 * An entry is a priority, perhaps a deadline, and a slot: the index under which whoever has the
 * heap keeps what the entry stands for. A handle names an entry for as long as it is in the heap.
 *
 *   handle = generation * 2^24 + slot     the generation is another one whenever the slot is reused
 *
 * Rules that every engine keeps:
 *  1. The smallest priority leaves first; of equal ones the one that was pushed, or given that
 *     priority, first. -0 and 0 are equal. Neither priorities nor deadlines are NaN.
 *  2. A slot is free again soon after its entry has left, and the slots in use are few: hardly more
 *     than there were entries at once.
 *  3. A batch is pushed whole or not at all.
 *
 * Thread rule: an EngineHeap belongs to the thread that opened it. Several threads may have one
 * heap open (`share`): slots are numbered over all of them then, and each sees and takes only
 * entries of its own, but for `dispatch`, which takes those of all threads.
 */

import type { EngineKind } from './contract.js';

/** One more than the highest slot: no heap has more entries. */
export const HEAP_SLOTS: number = 2 ** 24;

/** The deadline of what never expires. */
export const NO_DEADLINE: number = Infinity;

/** What a call tells in the place of a slot or handle. */
export const HEAP_FAULT: {
  /** The heap has no entry. */
  readonly empty: -1;
  /** As many entries as the capacity allows. */
  readonly full: -2;
  /** No entry has the handle, or has it any more. */
  readonly unknownHandle: -3;
  /** The entry is another thread's. */
  readonly foreignHandle: -4;
} = { empty: -1, full: -2, unknownHandle: -3, foreignHandle: -4 };

export interface EngineHeapOptions {
  /** Most entries at once, of all threads together; at most HEAP_SLOTS. */
  readonly capacity: number;
  /**
   * So many entries are numbered before the numbers are given anew, which takes sorting them. Tests
   * set it; by default it is as many as the engine can number, half a billion at least.
   */
  readonly sequences?: number;
  /**
   * Called from the event loop when another thread has dispatched entries of this one: there is
   * something to collect.
   */
  readonly onDispatched: () => void;
}

/** All there is in a heap, so that another engine goes on with it. */
export interface HeapContents {
  /** Of all slots that were ever used. */
  readonly generations: Uint32Array;
  /** Slots of the entries in order, and their priorities. */
  readonly order: Uint32Array;
  readonly priorities: Float64Array;
  /** Slots of the entries with a deadline, in the order in which they expire. */
  readonly expiring: Uint32Array;
  readonly deadlines: Float64Array;
}

/** What another thread opens a shared heap with; plain data for `postMessage`. */
export interface HeapShare {
  readonly type: 'shardwatch.heap';
  /** In the registry of the process. */
  readonly id: number;
  /** Drawn by chance: a token is not to be guessed. */
  readonly nonce: bigint;
  /** Version of the border between TypeScript and C++ that the sharing thread's engine has. */
  readonly abi: number;
}

/** How many entries a dispatch took: of all threads, and of this one. */
export interface Dispatched {
  readonly all: number;
  readonly own: number;
}

export interface EngineHeap {
  readonly kind: EngineKind;
  /** Number of entries, of all threads. */
  readonly size: number;
  readonly isShared: boolean;
  /** The priority of the first entry of all threads; NaN in an empty heap. */
  readonly firstPriority: number;
  /** The earliest deadline of this thread's entries, NO_DEADLINE where there is none. */
  readonly nextDeadline: number;

  /**
   * An array for slots of so many entries, which costs least in `pushAll` and `popAll`. What is
   * written to it is to be read before the engine is called again, for whatever.
   */
  slots(count: number): Uint32Array;

  /** The new entry's handle, or `full`. */
  push(priority: number, deadline: number): number;
  /**
   * Pushes `count` entries and writes their slots and, where there is an array for them, their
   * handles; no array is shorter. 0, or `full`: then nothing was pushed.
   */
  pushAll(
    count: number,
    priorities: Float64Array,
    deadlines: Float64Array | undefined,
    slots: Uint32Array,
    handles: Float64Array | undefined,
  ): number;

  /** Takes the first entry: its slot, or `empty`. Not of a shared heap. */
  pop(): number;
  /**
   * Takes the first entries, at most `count`: how many there were. Writes their slots and, where
   * there is an array for them, their priorities; no array is shorter. Not of a shared heap.
   */
  popAll(count: number, slots: Uint32Array, priorities: Float64Array | undefined): number;
  /** The first entry's slot, or `empty`. Not of a shared heap. */
  peek(): number;

  has(handle: number): boolean;
  /** Takes an entry out, wherever it is: its slot, or a fault. */
  remove(handle: number): number;
  /**
   * Gives an entry another priority and the last place within it, as if it were pushed now; its
   * deadline stays. 0, or a fault.
   */
  update(handle: number, priority: number): number;
  /**
   * Takes this thread's entries whose deadline is not after `now`, the earliest first, at most
   * `count`: how many there were. Writes their slots to `slots`, which is not shorter.
   */
  expire(now: number, count: number, slots: Uint32Array): number;

  /**
   * Handles and priorities of this thread's entries in order, as many as `handles` has lanes (and
   * `priorities` not fewer): how many.
   */
  order(handles: Float64Array, priorities: Float64Array): number;
  /** Takes all of this thread's entries out. */
  clear(): void;

  /** What another engine needs to go on; undefined where this engine can't tell. */
  contents(): HeapContents | undefined;

  /** Throws the EngineError `not-shareable` where the engine keeps a heap on one thread. */
  share(): HeapShare;
  /**
   * Takes the first entries of all threads, at most `count`. Slots of this thread's are written to
   * `slots`, which is not shorter; the others are handed to their threads, which are called.
   */
  dispatch(count: number, slots: Uint32Array): Dispatched;
  /**
   * Takes this thread's entries that other threads have dispatched, in that order, at most `count`:
   * how many there were. Writes their slots to `slots`, which is not shorter.
   */
  collect(count: number, slots: Uint32Array): number;

  /** Takes this thread's entries out and gives the heap up; other threads go on with it. */
  close(): void;
}

/** The slot of a handle that a heap gave. */
export function slotOf(handle: number): number {
  // The lowest bits; exact, though handles have more than 32.
  return handle & (HEAP_SLOTS - 1);
}
