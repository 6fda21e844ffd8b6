/**
 * One thread's end of a heap of the native engine.
 *
 * As long as a heap is not shared nobody else changes it: its size is kept here then, and what goes
 * one by one is known ahead (heap-ahead.ts), because each call into the addon costs as much as what
 * it is for.
 */

import {
  type Dispatched,
  type EngineHeap,
  type EngineHeapOptions,
  HEAP_FAULT,
  HEAP_SLOTS,
  type HeapContents,
  type HeapShare,
  NO_DEADLINE,
} from '../heap.js';
import { ABI_VERSION, HEAD_LANE, LIMIT, STATUS } from '../wire.js';
import type { HeapAddon } from './heap-addon.js';
import type { Connection, Wakeable } from './connection.js';
import { statusError } from './errors.js';
import { Scratch } from '../scratch.js';
import { HeapAhead } from './heap-ahead.js';

/** More entries than these leave no slots to keep for entries to come. */
const AHEAD_ENTRIES_MAX = HEAP_SLOTS - 2 * LIMIT.heapAheadMax;

export class NativeHeap implements EngineHeap, Wakeable {
  readonly kind = 'native';
  readonly #connection: Connection;
  readonly #addon: HeapAddon;
  readonly #handle: number;
  readonly #nonce: bigint;
  readonly #onDispatched: () => void;
  readonly #capacity: number;
  // For batches that the exchange has no room for.
  readonly #slots = new Scratch();
  #isShared: boolean;
  #isClosed = false;
  // Of a heap that is not shared, both.
  #size = 0;
  #ahead: HeapAhead | undefined;

  /** `handle` is that of a heap which this thread has just opened or attached to. */
  constructor(
    connection: Connection,
    handle: number,
    options: Pick<EngineHeapOptions, 'onDispatched'> & {
      readonly nonce: bigint;
      /** Undefined for a heap that is shared. */
      readonly capacity: number | undefined;
    },
  ) {
    this.#connection = connection;
    this.#addon = connection.addon;
    this.#handle = handle;
    this.#nonce = options.nonce;
    this.#onDispatched = options.onDispatched;
    this.#isShared = options.capacity === undefined;
    this.#capacity = options.capacity ?? HEAP_SLOTS;
    connection.closeAbandonedHeap(this, handle);
    if (this.#isShared) connection.add(handle, this);
    else this.#ahead = new HeapAhead(connection, handle);
  }

  get isShared(): boolean {
    return this.#isShared;
  }

  get size(): number {
    if (!this.#isShared || this.#isClosed) return this.#size;
    return this.#check(this.#addon.heapSize(this.#handle));
  }

  get firstPriority(): number {
    if (this.#ahead !== undefined) return this.#size === 0 ? NaN : this.#lookAhead().priority;
    const slot = this.#isClosed ? STATUS.notFound : this.#addon.heapPeek(this.#handle);
    return slot < 0 ? NaN : this.#connection.numbers[HEAD_LANE.priority]!;
  }

  get nextDeadline(): number {
    if (this.#isClosed) return NO_DEADLINE;
    this.#ahead?.settle();
    this.#check(this.#addon.heapNextDeadline(this.#handle));
    return this.#connection.numbers[HEAD_LANE.deadline]!;
  }

  slots(count: number): Uint32Array {
    if (count <= LIMIT.heapBatchMax) return this.#connection.batchSlots;
    return this.#slots.slots(count);
  }

  push(priority: number, deadline: number): number {
    const ahead = this.#ahead;
    if (ahead !== undefined) {
      if (this.#size >= this.#capacity) return HEAP_FAULT.full;
      if (deadline === NO_DEADLINE && this.#size < AHEAD_ENTRIES_MAX) {
        const handle = ahead.push(priority);
        if (handle >= 0) {
          this.#size++;
          return handle;
        }
      }
      this.#settleFor(1);
    }
    const handle = this.#addon.heapPush(this.#handle, priority, deadline);
    if (handle >= 0) this.#size++;
    else if (handle === STATUS.full) return HEAP_FAULT.full;
    return this.#check(handle);
  }

  pushAll(
    count: number,
    priorities: Float64Array,
    deadlines: Float64Array | undefined,
    slots: Uint32Array,
    handles: Float64Array | undefined,
  ): number {
    this.#settleFor(count);
    const status =
      slots === this.#connection.batchSlots
        ? this.#pushBatch(count, priorities, deadlines, handles)
        : this.#addon.heapPushAll(this.#handle, count, priorities, deadlines, slots, handles);
    if (status === STATUS.full) return HEAP_FAULT.full;
    this.#check(status);
    this.#size += count;
    return 0;
  }

  pop(): number {
    if (this.#ahead !== undefined) {
      if (this.#size === 0) return HEAP_FAULT.empty;
      const ahead = this.#lookAhead();
      this.#size--;
      return ahead.take();
    }
    const slot = this.#addon.heapPop(this.#handle);
    return slot === STATUS.notFound ? HEAP_FAULT.empty : this.#check(slot);
  }

  popAll(count: number, slots: Uint32Array, priorities: Float64Array | undefined): number {
    this.#ahead?.settle();
    const given = slots === this.#connection.batchSlots ? undefined : slots;
    const popped = this.#check(this.#addon.heapTake(this.#handle, count, given, priorities));
    this.#size -= popped;
    return popped;
  }

  peek(): number {
    if (this.#ahead !== undefined) {
      return this.#size === 0 ? HEAP_FAULT.empty : this.#lookAhead().slot;
    }
    const slot = this.#addon.heapPeek(this.#handle);
    return slot === STATUS.notFound ? HEAP_FAULT.empty : this.#check(slot);
  }

  has(handle: number): boolean {
    this.#ahead?.settle();
    const found = this.#addon.heapHas(this.#handle, handle);
    return found !== STATUS.invalidArgument && this.#check(found) === 1;
  }

  remove(handle: number): number {
    this.#ahead?.settle();
    const slot = this.#addon.heapRemove(this.#handle, handle);
    if (slot >= 0) this.#size--;
    return this.#named(slot);
  }

  update(handle: number, priority: number): number {
    this.#ahead?.settle();
    return this.#named(this.#addon.heapUpdate(this.#handle, handle, priority));
  }

  expire(now: number, count: number, slots: Uint32Array): number {
    this.#ahead?.settle();
    const expired = this.#check(this.#addon.heapExpire(this.#handle, now, count, slots));
    this.#size -= expired;
    return expired;
  }

  order(handles: Float64Array, priorities: Float64Array): number {
    this.#ahead?.settle();
    return this.#check(this.#addon.heapOrder(this.#handle, handles, priorities));
  }

  clear(): void {
    this.#ahead?.settle();
    this.#check(this.#addon.heapClear(this.#handle));
    this.#size = 0;
  }

  contents(): undefined {
    return undefined;
  }

  /** Goes on with what another heap had. Nothing was ever pushed here. */
  load({ generations, order, priorities, expiring, deadlines }: HeapContents): void {
    const addon = this.#addon;
    this.#check(addon.heapLoad(this.#handle, generations, order, priorities, expiring, deadlines));
    this.#size = order.length;
  }

  share(): HeapShare {
    this.#ahead?.end();
    this.#ahead = undefined;
    const id = this.#check(this.#addon.shareHeap(this.#handle));
    this.#isShared = true;
    // Whoever is called by other threads is held until it is closed.
    this.#connection.add(this.#handle, this);
    return { type: 'shardwatch.heap', id, nonce: this.#nonce, abi: ABI_VERSION };
  }

  dispatch(count: number, slots: Uint32Array): Dispatched {
    const own = this.popAll(count, slots, undefined);
    return { own, all: this.#connection.numbers[HEAD_LANE.count]! };
  }

  collect(count: number, slots: Uint32Array): number {
    return this.#isShared ? this.#check(this.#addon.heapCollect(this.#handle, count, slots)) : 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#size = 0;
    this.#connection.remove(this.#handle);
    this.#connection.keepAbandoned(this);
    this.#check(this.#addon.closeHeap(this.#handle));
  }

  markReady(): void {}

  callWake(): void {
    if (!this.#isClosed) this.#onDispatched();
  }

  // Priorities and slots by the exchange: looking at an array costs the addon as two entries do.
  #pushBatch(
    count: number,
    priorities: Float64Array,
    deadlines: Float64Array | undefined,
    handles: Float64Array | undefined,
  ): number {
    const { numbers } = this.#connection;
    for (let at = 0; at < count; at++) numbers[LIMIT.headLanes + at] = priorities[at]!;
    return this.#addon.heapPushAll(this.#handle, count, undefined, deadlines, undefined, handles);
  }

  // With an entry in its run. The heap is not empty.
  #lookAhead(): HeapAhead {
    const ahead = this.#ahead!;
    if (!ahead.hasNext) ahead.look();
    return ahead;
  }

  // Before so many entries are pushed by a call. Where slots are few, none are kept for others.
  #settleFor(count: number): void {
    if (this.#size + count > AHEAD_ENTRIES_MAX) this.#ahead?.end();
    else this.#ahead?.settle();
  }

  // What an entry's handle came to. The addon takes for an argument of a wrong type what can't be a
  // handle, such as 0.5.
  #named(result: number): number {
    if (result === STATUS.notFound || result === STATUS.invalidArgument) {
      return HEAP_FAULT.unknownHandle;
    }
    if (result === STATUS.foreignHandle) return HEAP_FAULT.foreignHandle;
    return this.#check(result);
  }

  #check(result: number): number {
    if (result >= 0) return result;
    throw statusError(result, 'the queue');
  }
}
