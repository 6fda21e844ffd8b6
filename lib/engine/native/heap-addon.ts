/**
 * The addon's exports for heaps. The rules of the border are those of addon.ts; an entry's handle
 * is a number that its heap gave, or anything else, which finds nothing.
 */

export interface HeapAddon {
  /** The exchange has the nonce. So many `sequences` are given before they begin anew. */
  openHeap(connection: number, capacity: number, sequences: number): number;
  /** The id under which other threads attach. */
  shareHeap(heap: number): number;
  attachHeap(connection: number, id: number): number;
  closeHeap(heap: number): number;

  heapPush(heap: number, priority: number, deadline: number): number;
  /** Without arrays for them, priorities and slots are in the exchange: `heapBatchMax` at most. */
  heapPushAll(
    heap: number,
    count: number,
    priorities: Float64Array | undefined,
    deadlines: Float64Array | undefined,
    slots: Uint32Array | undefined,
    handles: Float64Array | undefined,
  ): number;
  heapPop(heap: number): number;
  /**
   * Slots of this thread's that were taken, in the exchange where there is no array; its `count` is
   * of all threads.
   */
  heapTake(
    heap: number,
    count: number,
    slots: Uint32Array | undefined,
    priorities: Float64Array | undefined,
  ): number;
  /**
   * Entries of the new run. The exchange has `pushed` priorities, and afterwards the run's slots,
   * its priorities, and as many new handles as its `count` tells, in lists of `heapAheadMax` lanes.
   */
  heapAdvance(heap: number, taken: number, pushed: number, wanted: number): number;
  heapEndAhead(heap: number): number;
  heapCollect(heap: number, count: number, slots: Uint32Array): number;
  heapRemove(heap: number, handle: number): number;
  heapUpdate(heap: number, handle: number, priority: number): number;
  heapExpire(heap: number, now: number, count: number, slots: Uint32Array): number;
  heapClear(heap: number): number;
  heapLoad(
    heap: number,
    generations: Uint32Array,
    order: Uint32Array,
    priorities: Float64Array,
    expiring: Uint32Array,
    deadlines: Float64Array,
  ): number;

  heapSize(heap: number): number;
  /** The first entry's slot; its priority is in the exchange. */
  heapPeek(heap: number): number;
  heapHas(heap: number, handle: number): number;
  /** In the exchange. */
  heapNextDeadline(heap: number): number;
  heapOrder(heap: number, handles: Float64Array, priorities: Float64Array): number;
}

export const HEAP_EXPORTS: readonly (keyof HeapAddon)[] = [
  'openHeap',
  'shareHeap',
  'attachHeap',
  'closeHeap',
  'heapPush',
  'heapPushAll',
  'heapPop',
  'heapTake',
  'heapAdvance',
  'heapEndAhead',
  'heapCollect',
  'heapRemove',
  'heapUpdate',
  'heapExpire',
  'heapClear',
  'heapLoad',
  'heapSize',
  'heapPeek',
  'heapHas',
  'heapNextDeadline',
  'heapOrder',
];
