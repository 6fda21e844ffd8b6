/**
 * A priority queue: the smallest priority leaves first, and of equal ones the first that came.
 *
 *   items   by slot: [ a, b, –, d ]          here, in JavaScript
 *   order   (priority, sequence, slot) …     in an engine: lib/engine/heap.ts
 *
 * Rules:
 *  1. What is refused changes nothing, and a batch is taken whole or not at all.
 *  2. An item is held from its enqueueing until it leaves, whichever way, and no longer.
 *  3. Nobody waits in `take` while there is an item for him.
 *  4. Whoever shares a queue with other threads keeps his items: entries that other threads
 *     dispatch come to `take`, and those of a thread that ends leave with it.
 */

import {
  attachEngineHeap,
  createEngineHeap,
  type EngineHeap,
  type EngineKind,
  heapEngines,
  NO_DEADLINE,
  slotOf,
} from '../engine/index.js';
import {
  checkCount,
  checkDeadlines,
  checkHandle,
  checkLanes,
  checkPriorities,
  checkPriority,
  checkTime,
  full,
  wrongHandle,
} from './checks.js';
import {
  type EnqueueBatchOptions,
  type EnqueueOptions,
  type QueueEntry,
  QueueError,
  type QueueOptions,
  type TakeOptions,
} from './contract.js';
import { EngineChoice } from './engine-choice.js';
import { Handover } from './handover.js';
import { checkOptions } from './options.js';
import { Scratch } from '../engine/index.js';
import type { QueueShare } from './share.js';
import { SlotItems } from './slot-items.js';

/** Entries that leave together are taken out of the engine so many at a time. */
const TAKEN_MAX = 1_024;

export class PriorityQueue<T> {
  /** Names the queue in errors. */
  readonly name: string;
  /** Most entries at once, of all threads together. */
  readonly capacity: number;
  readonly #handover = new Handover<T>();
  readonly #scratch = new Scratch();
  readonly #items = new SlotItems<T>();
  #heap: EngineHeap;
  // As long as the queue may move to another engine.
  #choice: EngineChoice | undefined;
  #isClosed = false;

  /**
   * Throws the QueueError `invalid-options`, and an EngineError: `engine-unavailable` for an engine
   * that cannot be had; with `share`, `closed` where nobody has the queue open any more, and
   * `not-shareable` where it is not in this process.
   */
  constructor(options: QueueOptions = {}) {
    const { name, engine, capacity, share } = checkOptions(options);
    this.name = name;
    this.capacity = share?.capacity ?? capacity;
    const onDispatched = this.#collect;
    if (share === undefined) {
      const [kind, other] = heapEngines(engine);
      this.#heap = createEngineHeap(kind as EngineKind, { capacity, onDispatched });
      if (other !== undefined) this.#choice = new EngineChoice();
    } else {
      this.#heap = attachEngineHeap(share.heap, { onDispatched });
    }
  }

  /** Number of entries, of all threads together. */
  get size(): number {
    return this.#heap.size;
  }

  /** The engine that keeps the order at present. */
  get engine(): EngineKind {
    return this.#heap.kind;
  }

  /** The priority of the first entry, of all threads; undefined in an empty queue. */
  get firstPriority(): number | undefined {
    const priority = this.#heap.firstPriority;
    return Number.isNaN(priority) ? undefined : priority;
  }

  /** The earliest deadline of this thread's entries; Infinity where none has one. */
  get nextDeadline(): number {
    return this.#heap.nextDeadline;
  }

  /**
   * Adds an item behind those of its priority, and tells a handle for its entry. The smallest
   * priority leaves first; -0 is 0, and infinities are priorities as others are.
   *
   * Throws `full`, `invalid-priority`, `invalid-deadline`, `closed`, and `aborted` for a signal
   * that is aborted already.
   */
  enqueue(item: T, priority: number, options?: EnqueueOptions): number {
    this.#checkOpen();
    checkPriority(priority);
    if (this.#choice?.isToMoveForOne(this.#heap.size) === true) this.#move();
    const handle =
      options === undefined
        ? this.#heap.push(priority, NO_DEADLINE)
        : this.#enqueueWith(priority, options);
    if (handle < 0) throw full(this, 1);
    const slot = slotOf(handle);
    this.#items.hold(slot, item);
    const signal = options?.signal;
    if (signal !== undefined) this.#items.watch(slot, signal, () => this.cancel(handle));
    if (this.#handover.takers > 0) this.#serve();
    return handle;
  }

  /**
   * Adds items, each with the priority at its place, as if one after the other. All or none:
   * throws `full` where not all have room, and what `enqueue` throws, with the `index` of a wrong
   * value. `invalid-batch`: there are more items than one of the arrays has lanes.
   */
  enqueueBatch(
    items: readonly T[],
    priorities: Float64Array,
    options: EnqueueBatchOptions = {},
  ): void {
    this.#checkOpen();
    const { length } = items;
    const { deadlines } = options;
    checkLanes(priorities, 'priorities', length);
    checkLanes(deadlines, 'deadlines', length);
    checkLanes(options.handles, 'handles', length);
    checkPriorities(priorities, length);
    if (deadlines !== undefined) checkDeadlines(deadlines, length);
    this.#considerMoving(length);
    const slots = this.#heap.slots(length);
    const result = this.#heap.pushAll(length, priorities, deadlines, slots, options.handles);
    if (result < 0) throw full(this, length);
    this.#items.holdAll(slots, items);
    if (this.#handover.takers > 0) this.#serve();
  }

  /**
   * Takes the first entry out: its item, or undefined where there is none. Throws `shared` where
   * other threads may have the queue, and `closed`.
   */
  dequeue(): T | undefined {
    this.#checkAlone();
    if (this.#choice?.isToMoveForOne(this.#heap.size) === true) this.#move();
    const slot = this.#heap.pop();
    return slot < 0 ? undefined : this.#items.release(slot);
  }

  /**
   * Takes the first entries out, at most `max`: how many there were. Their items are written to
   * `items` from its beginning, and their priorities to `priorities`, if it is given; what is
   * behind them stays. Default `max`: as many items as `items` has.
   *
   * Throws `invalid-batch` where `priorities` has fewer lanes than `max`, `shared`, `closed`.
   */
  dequeueBatch(items: T[], max: number = items.length, priorities?: Float64Array): number {
    this.#checkAlone();
    checkCount(max);
    checkLanes(priorities, 'priorities', max);
    const count = Math.min(max, this.#heap.size);
    this.#considerMoving(count);
    const slots = this.#heap.slots(count);
    const taken = this.#heap.popAll(count, slots, priorities);
    this.#items.releaseAll(slots, taken, items);
    return taken;
  }

  /** The first entry's item, which stays. Throws `shared` and `closed`. */
  peek(): T | undefined {
    this.#checkAlone();
    const slot = this.#heap.peek();
    return slot < 0 ? undefined : this.#items.at(slot);
  }

  /** Whether an entry of this thread has the handle. */
  has(handle: number): boolean {
    return !this.#isClosed && typeof handle === 'number' && this.#heap.has(handle);
  }

  /**
   * Takes the entry of that handle out: its item. Throws `unknown-handle` where it has left or
   * never was in this queue, `foreign-handle` where it is another thread's, `closed`.
   */
  cancel(handle: number): T {
    this.#checkOpen();
    checkHandle(handle, this.name);
    const slot = this.#heap.remove(handle);
    if (slot < 0) throw wrongHandle(this.name, handle, slot);
    return this.#items.release(slot);
  }

  /**
   * Gives an entry another priority, and the last place among those of that priority, as if it were
   * enqueued now. Its handle and deadline stay. Throws as `cancel` does, and `invalid-priority`.
   */
  reprioritize(handle: number, priority: number): void {
    this.#checkOpen();
    checkHandle(handle, this.name);
    checkPriority(priority);
    const result = this.#heap.update(handle, priority);
    if (result < 0) throw wrongHandle(this.name, handle, result);
  }

  /**
   * Takes out the entries of this thread whose deadline is not after `now`: their items, the
   * earliest deadline first, of equal ones the first that came. Nothing else looks at deadlines.
   *
   * Throws `invalid-deadline` for a time that is NaN, and `closed`.
   */
  expire(now: number): T[] {
    this.#checkOpen();
    checkTime(now, 'the time');
    const items: T[] = [];
    const slots = this.#scratch.slots(TAKEN_MAX);
    for (let taken = TAKEN_MAX; taken === TAKEN_MAX;) {
      taken = this.#heap.expire(now, TAKEN_MAX, slots);
      for (let at = 0; at < taken; at++) items.push(this.#items.release(slots[at]!));
    }
    return items;
  }

  /** The entries of this thread in order, as they are now. */
  entries(): QueueEntry<T>[] {
    this.#checkOpen();
    const handles = new Float64Array(this.#heap.size);
    const priorities = new Float64Array(handles.length);
    const count = this.#heap.order(handles, priorities);
    return Array.from({ length: count }, (_, at) => {
      const handle = handles[at]!;
      return { handle, priority: priorities[at]!, item: this.#items.at(slotOf(handle)) };
    });
  }

  /** The items of this thread in order, as they are when the walk begins. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const { item } of this.entries()) yield item;
  }

  /** Takes out all entries of this thread. Who waits in `take` goes on waiting. */
  clear(): void {
    this.#checkOpen();
    this.#heap.clear();
    // Items that were dispatched already are on their way.
    this.#collect();
    this.#items.clear();
  }

  /**
   * The item of the first entry, taken out as soon as there is one; where other threads may have
   * the queue, the next item of this thread that was dispatched. Who waits longest is served
   * first. Waiting keeps no process alive.
   *
   * Rejects with `aborted` when the signal is, and with `closed`.
   */
  take({ signal }: TakeOptions = {}): Promise<T> {
    if (this.#isClosed) return Promise.reject(this.#closed());
    const taken = this.#handover.take(signal);
    if (this.#handover.takers > 0) this.#serve();
    return taken;
  }

  /**
   * Takes the first entries of all threads, at most `max`, and hands each item to `take` of the
   * thread that enqueued it: how many there were. Default 1. Throws `invalid-batch` and `closed`.
   */
  dispatch(max = 1): number {
    this.#checkOpen();
    checkCount(max);
    let dispatched = 0;
    while (dispatched < max) {
      const count = Math.min(max - dispatched, TAKEN_MAX);
      const slots = this.#scratch.slots(count);
      const { all, own } = this.#heap.dispatch(count, slots);
      for (let at = 0; at < own; at++) this.#handover.give(this.#items.release(slots[at]!));
      dispatched += all;
      if (all < count) break;
    }
    return dispatched;
  }

  /**
   * A token with which other threads of the process join the queue. From now on `dispatch` takes
   * entries, and `take` gives this thread's. Throws the EngineError `not-shareable` on the
   * JavaScript engine, which keeps a queue on one thread, and `closed`.
   */
  share(): QueueShare {
    this.#checkOpen();
    if (this.#choice !== undefined) this.#move();
    return { type: 'shardwatch.queue', heap: this.#heap.share(), capacity: this.capacity };
  }

  /**
   * Ends this thread's part in the queue: its entries leave, who waits is told `closed`. Other
   * threads go on. Closing again does nothing.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#heap.close();
    this.#items.clear();
    this.#handover.close(this.#closed());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #enqueueWith(priority: number, options: EnqueueOptions): number {
    const { deadline = NO_DEADLINE, signal } = options;
    checkTime(deadline, 'deadline');
    if (signal?.aborted === true) {
      throw new QueueError('aborted', 'the signal is aborted', { cause: signal.reason });
    }
    return this.#heap.push(priority, deadline);
  }

  #considerMoving(batch: number): void {
    if (this.#choice?.isToMove(batch, this.#heap.size) === true) this.#move();
  }

  // Goes on with the native engine; entries keep their places and handles.
  #move(): void {
    const contents = this.#heap.contents();
    if (contents === undefined) return;
    const options = { capacity: this.capacity, onDispatched: this.#collect };
    this.#heap = createEngineHeap('native', options, contents);
    this.#choice = undefined;
  }

  // Gives out what other threads have dispatched of this one's.
  readonly #collect = (): void => {
    const slots = this.#scratch.slots(TAKEN_MAX);
    for (let taken = TAKEN_MAX; taken === TAKEN_MAX;) {
      taken = this.#heap.collect(TAKEN_MAX, slots);
      for (let at = 0; at < taken; at++) this.#handover.give(this.#items.release(slots[at]!));
    }
  };

  // Gives those who wait what there is; in a shared queue they wait for what is dispatched.
  #serve(): void {
    if (this.#heap.isShared) return;
    while (this.#handover.takers > 0) {
      const slot = this.#heap.pop();
      if (slot < 0) return;
      this.#handover.give(this.#items.release(slot));
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw this.#closed();
  }

  #checkAlone(): void {
    this.#checkOpen();
    if (!this.#heap.isShared) return;
    const message = `${this.name}: the first entry may be another thread's: dispatch() and take()`;
    throw new QueueError('shared', message);
  }

  #closed(): QueueError {
    return new QueueError('closed', `${this.name} is closed`);
  }
}
