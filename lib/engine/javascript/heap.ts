/**
 * The heap of the JavaScript engine: an order by priority and, once there are deadlines, one by
 * deadline, both over one table of slots.
 *
 * Rules:
 *  1. What leaves other than from the top stays in the orders as a dead pair. There are never more
 *     dead pairs in an order than living ones, but for a few: then they are dropped together.
 *  2. The first pair of an order is alive: whatever makes it dead drops it.
 *  3. When the sequences are used up, the orders are sorted and numbered anew.
 */

import { EngineError } from '../engine-error.js';
import {
  type Dispatched,
  type EngineHeap,
  type EngineHeapOptions,
  HEAP_FAULT,
  HEAP_SLOTS,
  type HeapContents,
  type HeapShare,
  NO_DEADLINE,
  slotOf,
} from '../heap.js';
import { Scratch } from '../scratch.js';
import { HeapOrder } from './heap-order.js';
import { HeapSlots, SEQUENCES_MAX } from './heap-slots.js';

/** So many dead pairs are not worth dropping. */
const DEAD_MIN = 32;

export class JavaScriptHeap implements EngineHeap {
  readonly kind = 'javascript';
  readonly isShared = false;
  readonly #capacity: number;
  readonly #sequences: number;
  readonly #slots = new HeapSlots();
  readonly #order = new HeapOrder();
  readonly #deadlines = new HeapOrder();
  readonly #scratch = new Scratch();
  #size = 0;
  // Living pairs of the order of deadlines.
  #expiring = 0;
  #nextSequence = 0;

  constructor({ capacity, sequences = SEQUENCES_MAX }: EngineHeapOptions) {
    this.#capacity = capacity;
    this.#sequences = sequences;
  }

  get size(): number {
    return this.#size;
  }

  get firstPriority(): number {
    return this.#size === 0 ? NaN : this.#order.rank;
  }

  get nextDeadline(): number {
    return this.#deadlines.rank;
  }

  slots(count: number): Uint32Array {
    return this.#scratch.slots(count);
  }

  push(priority: number, deadline: number): number {
    if (this.#size >= this.#capacity) return HEAP_FAULT.full;
    return this.#slots.handleOf(this.#add(priority, deadline));
  }

  pushAll(
    count: number,
    priorities: Float64Array,
    deadlines: Float64Array | undefined,
    slots: Uint32Array,
    handles: Float64Array | undefined,
  ): number {
    if (this.#size + count > this.#capacity) return HEAP_FAULT.full;
    this.#order.reserve(count);
    for (let at = 0; at < count; at++) {
      const deadline = deadlines === undefined ? NO_DEADLINE : deadlines[at]!;
      const slot = this.#add(priorities[at]!, deadline);
      slots[at] = slot;
      if (handles !== undefined) handles[at] = this.#slots.handleOf(slot);
    }
    return 0;
  }

  pop(): number {
    if (this.#size === 0) return HEAP_FAULT.empty;
    const slot = slotOf(this.#order.ticket);
    this.#order.pop();
    this.#leave(slot);
    if (this.#order.length !== this.#size || this.#deadlines.length !== this.#expiring) {
      this.#dropDead();
    }
    return slot;
  }

  popAll(count: number, slots: Uint32Array, priorities: Float64Array | undefined): number {
    const popped = Math.min(count, this.#size);
    for (let at = 0; at < popped; at++) {
      if (priorities !== undefined) priorities[at] = this.#order.rank;
      slots[at] = this.pop();
    }
    return popped;
  }

  peek(): number {
    return this.#size === 0 ? HEAP_FAULT.empty : slotOf(this.#order.ticket);
  }

  has(handle: number): boolean {
    return this.#slots.has(handle);
  }

  remove(handle: number): number {
    if (!this.#slots.has(handle)) return HEAP_FAULT.unknownHandle;
    const slot = slotOf(handle);
    this.#leave(slot);
    this.#dropDead();
    return slot;
  }

  update(handle: number, priority: number): number {
    if (!this.#slots.has(handle)) return HEAP_FAULT.unknownHandle;
    const slot = slotOf(handle);
    const ticket = this.#ticketFor(slot);
    this.#slots.setTicket(slot, ticket);
    this.#order.push(priority + 0, ticket);
    this.#dropDead();
    return 0;
  }

  expire(now: number, count: number, slots: Uint32Array): number {
    let expired = 0;
    while (expired < count && this.#expiring > 0 && this.#deadlines.rank <= now) {
      const slot = slotOf(this.#deadlines.ticket);
      this.#leave(slot);
      this.#dropDead();
      slots[expired++] = slot;
    }
    return expired;
  }

  order(handles: Float64Array, priorities: Float64Array): number {
    const count = Math.min(handles.length, this.#size);
    const rest = this.#order.copy();
    for (let at = 0; at < count; rest.pop()) {
      if (!this.#slots.isAlive(rest.ticket)) continue;
      handles[at] = this.#slots.handleOf(slotOf(rest.ticket));
      priorities[at++] = rest.rank;
    }
    return count;
  }

  clear(): void {
    this.#order.filter((ticket) => {
      if (this.#slots.isAlive(ticket)) this.#leave(slotOf(ticket));
      return false;
    });
    this.#order.clear();
    this.#deadlines.clear();
  }

  contents(): HeapContents {
    const handles = new Float64Array(this.#size);
    const priorities = new Float64Array(this.#size);
    this.order(handles, priorities);
    const expiring = new Uint32Array(this.#expiring);
    const deadlines = new Float64Array(this.#expiring);
    const rest = this.#deadlines.copy();
    for (let at = 0; at < expiring.length; rest.pop()) {
      if (!this.#slots.isDeadlineAlive(rest.ticket)) continue;
      expiring[at] = slotOf(rest.ticket);
      deadlines[at++] = rest.rank;
    }
    const order = Uint32Array.from(handles, slotOf);
    return { generations: this.#slots.generations(), order, priorities, expiring, deadlines };
  }

  share(): HeapShare {
    const message = 'a queue on the JavaScript engine belongs to one thread';
    throw new EngineError('not-shareable', message);
  }

  dispatch(count: number, slots: Uint32Array): Dispatched {
    const own = this.popAll(count, slots, undefined);
    return { all: own, own };
  }

  collect(): number {
    return 0;
  }

  close(): void {
    this.clear();
  }

  #add(priority: number, deadline: number): number {
    const slot = this.#slots.open();
    const ticket = this.#ticketFor(slot);
    this.#slots.setTicket(slot, ticket);
    // A sum with 0 is never -0, which other engines would tell from 0.
    this.#order.push(priority + 0, ticket);
    if (deadline !== NO_DEADLINE) {
      this.#slots.setDeadlineTicket(slot, ticket);
      this.#deadlines.push(deadline + 0, ticket);
      this.#expiring++;
    }
    this.#size++;
    return slot;
  }

  // The entry of a slot is no entry any more; its pairs are dead.
  #leave(slot: number): void {
    this.#size--;
    if (this.#slots.close(slot)) this.#expiring--;
  }

  #ticketFor(slot: number): number {
    if (this.#nextSequence === this.#sequences) this.#renumber();
    return this.#nextSequence++ * HEAP_SLOTS + slot;
  }

  #dropDead(): void {
    const order = this.#order;
    const slots = this.#slots;
    if (isMostlyDead(order.length, this.#size)) order.filter((ticket) => slots.isAlive(ticket));
    while (order.length > 0 && !slots.isAlive(order.ticket)) order.pop();
    const deadlines = this.#deadlines;
    if (deadlines.length === this.#expiring) return;
    if (isMostlyDead(deadlines.length, this.#expiring)) {
      deadlines.filter((ticket) => slots.isDeadlineAlive(ticket));
    }
    while (deadlines.length > 0 && !slots.isDeadlineAlive(deadlines.ticket)) deadlines.pop();
  }

  #renumber(): void {
    const slots = this.#slots;
    this.#order.filter((ticket) => slots.isAlive(ticket));
    this.#deadlines.filter((ticket) => slots.isDeadlineAlive(ticket));
    let next = 0;
    this.#order.renumber((old) => {
      const slot = slotOf(old);
      const ticket = next++ * HEAP_SLOTS + slot;
      slots.setTicket(slot, ticket);
      return ticket;
    });
    this.#nextSequence = next;
    next = 0;
    this.#deadlines.renumber((old) => {
      const slot = slotOf(old);
      const ticket = next++ * HEAP_SLOTS + slot;
      slots.setDeadlineTicket(slot, ticket);
      return ticket;
    });
  }
}

function isMostlyDead(length: number, alive: number): boolean {
  return length - alive > Math.max(alive, DEAD_MIN);
}
