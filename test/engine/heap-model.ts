/**
 * A heap as it should be: a list of entries that is sorted whenever it is looked at; and random
 * calls that are made of a heap and of the model alike.
 */

import type { ExecutionContext } from 'ava';
import fc from 'fast-check';

import { type EngineHeap, HEAP_FAULT, type HeapContents, slotOf } from '../../lib/engine/index.js';

/** Calls, with the places in the list of all handles that were ever given in the place of one. */
export type HeapCall =
  | { readonly type: 'push'; readonly priority: number; readonly deadline: number }
  | {
      readonly type: 'pushAll';
      readonly entries: readonly (readonly [priority: number, deadline: number])[];
      readonly hasDeadlines: boolean;
    }
  | { readonly type: 'pop' | 'peek' | 'clear' | 'order' }
  | { readonly type: 'popAll'; readonly count: number }
  | { readonly type: 'remove'; readonly place: number }
  | { readonly type: 'update'; readonly place: number; readonly priority: number }
  | { readonly type: 'expire'; readonly now: number; readonly count: number };

const priority = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 2, arbitrary: fc.double({ noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, Infinity, -Infinity, 5e-324, -5e-324) },
);
const deadline = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 20 }));
const place = fc.nat({ max: 60 });

/** Histories of calls: most of them grow the heap. */
export const heapCalls: fc.Arbitrary<readonly HeapCall[]> = fc.array(
  fc.oneof(
    {
      weight: 30,
      arbitrary: fc.record({ type: fc.constant('push' as const), priority, deadline }),
    },
    {
      weight: 10,
      arbitrary: fc.record({
        type: fc.constant('pushAll' as const),
        entries: fc.array(fc.tuple(priority, deadline), { maxLength: 8 }),
        hasDeadlines: fc.boolean(),
      }),
    },
    { weight: 15, arbitrary: fc.constant({ type: 'pop' as const }) },
    {
      weight: 5,
      arbitrary: fc.constantFrom({ type: 'peek' as const }, { type: 'order' as const }),
    },
    {
      weight: 10,
      arbitrary: fc.record({ type: fc.constant('popAll' as const), count: fc.nat({ max: 6 }) }),
    },
    { weight: 20, arbitrary: fc.record({ type: fc.constant('remove' as const), place }) },
    { weight: 20, arbitrary: fc.record({ type: fc.constant('update' as const), place, priority }) },
    {
      weight: 10,
      arbitrary: fc.record({
        type: fc.constant('expire' as const),
        now: fc.integer({ min: -1, max: 21 }),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ type: 'clear' as const }) },
  ),
  { maxLength: 150, size: 'max' },
);

/** Histories in which entries come and go one by one, with few other calls between them. */
export const heapSingles: fc.Arbitrary<readonly HeapCall[]> = fc.array(
  fc.oneof(
    {
      weight: 50,
      arbitrary: fc.record({
        type: fc.constant('push' as const),
        // Most come behind the first ones, as they do where priorities are times.
        priority: fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }) },
          { weight: 1, arbitrary: priority },
        ),
        deadline: fc.oneof({ weight: 12, arbitrary: fc.constant(Infinity) }, deadline),
      }),
    },
    { weight: 35, arbitrary: fc.constant({ type: 'pop' as const }) },
    { weight: 3, arbitrary: fc.constant({ type: 'peek' as const }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), place }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('update' as const), place, priority }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('popAll' as const), count: fc.nat({ max: 6 }) }),
    },
  ),
  { maxLength: 600, size: 'max' },
);

interface Entry {
  readonly id: number;
  priority: number;
  /** Rises with each push, and each change of priority. */
  turn: number;
  readonly deadline: number;
  readonly pushed: number;
}

/** Plays calls on a heap, and compares each answer with what it should be. */
export class HeapModel {
  readonly #t: ExecutionContext;
  #heap: EngineHeap;
  readonly #capacity: number;
  readonly #given: { readonly handle: number; readonly id: number }[] = [];
  // What is in the heap, and which entry each slot in use is of.
  #entries: Entry[] = [];
  readonly #slots = new Map<number, number>();
  #turns = 0;

  constructor(t: ExecutionContext, heap: EngineHeap, capacity: number) {
    this.#t = t;
    this.#heap = heap;
    this.#capacity = capacity;
  }

  play(call: HeapCall): void {
    switch (call.type) {
      case 'push':
        this.#pushed(this.#heap.push(call.priority, call.deadline), call.priority, call.deadline);
        break;
      case 'pushAll':
        this.#pushAll(call.entries, call.hasDeadlines);
        break;
      case 'pop':
        this.#left([this.#heap.pop()].filter(isSlot), this.#sorted().slice(0, 1));
        break;
      case 'popAll':
        this.#popAll(call.count);
        break;
      case 'peek':
        this.#t.is(this.#heap.firstPriority, this.#sorted()[0]?.priority ?? NaN);
        this.#t.is(this.#slots.get(this.#heap.peek()), this.#sorted()[0]?.id);
        break;
      case 'remove':
        this.#remove(call.place);
        break;
      case 'update':
        this.#update(call.place, call.priority);
        break;
      case 'expire':
        this.#expire(call.now, call.count);
        break;
      case 'order':
        this.#order();
        break;
      case 'clear':
        this.#heap.clear();
        this.#entries = [];
        this.#slots.clear();
        break;
    }
    this.#t.is(this.#heap.size, this.#entries.length);
    // What is asked for here ends what a heap knows ahead: not after what goes one by one.
    if (call.type !== 'push' && call.type !== 'pop') this.#compare();
  }

  /** Goes on with another heap, which is made of what the present one has. */
  move(make: (contents: HeapContents | undefined) => EngineHeap): void {
    this.#heap = make(this.#heap.contents());
    this.#compare();
    for (const { handle, id } of this.#given) {
      const isThere = this.#entries.some((entry) => entry.id === id);
      this.#t.is(this.#heap.has(handle), isThere);
    }
  }

  /** Takes all that is left, which has to be all that there should be. */
  finish(): void {
    this.#order();
    this.#popAll(this.#entries.length + 1);
    this.#compare();
    this.#t.is(this.#heap.pop(), HEAP_FAULT.empty);
    for (const { handle } of this.#given) this.#t.false(this.#heap.has(handle));
  }

  #compare(): void {
    const [first] = this.#sorted();
    this.#t.is(this.#heap.firstPriority, first?.priority ?? NaN);
    const deadlines = this.#entries.map((entry) => entry.deadline);
    this.#t.is(this.#heap.nextDeadline, Math.min(Infinity, ...deadlines));
  }

  #pushed(handle: number, priority: number, deadline: number): void {
    if (this.#entries.length === this.#capacity) {
      this.#t.is(handle, HEAP_FAULT.full);
      return;
    }
    const id = this.#given.push({ handle, id: this.#given.length }) - 1;
    const turn = this.#turns++;
    this.#t.false(this.#slots.has(slotOf(handle)), 'a slot has one entry');
    this.#slots.set(slotOf(handle), id);
    this.#entries.push({ id, priority: priority + 0, turn, deadline, pushed: turn });
  }

  #pushAll(entries: readonly (readonly [number, number])[], hasDeadlines: boolean): void {
    const count = entries.length;
    const slots = new Uint32Array(count);
    const handles = new Float64Array(count).fill(NaN);
    const priorities = Float64Array.from(entries, ([priority]) => priority);
    const deadlines = Float64Array.from(entries, ([, deadline]) => deadline);
    const given = hasDeadlines ? deadlines : undefined;
    const answer = this.#heap.pushAll(count, priorities, given, slots, handles);
    if (this.#entries.length + count > this.#capacity) {
      this.#t.is(answer, HEAP_FAULT.full);
      return;
    }
    this.#t.is(answer, 0);
    this.#t.deepEqual([...slots], [...handles].map(slotOf));
    entries.forEach(([priority, deadline], at) =>
      this.#pushed(handles[at]!, priority, hasDeadlines ? deadline : Infinity),
    );
  }

  #popAll(count: number): void {
    const slots = new Uint32Array(count);
    const priorities = new Float64Array(count);
    const popped = this.#heap.popAll(count, slots, priorities);
    const expected = this.#sorted().slice(0, count);
    this.#t.deepEqual(
      [...priorities.subarray(0, popped)],
      expected.map(({ priority }) => priority),
    );
    this.#left([...slots.subarray(0, popped)], expected);
  }

  #remove(place: number): void {
    const named = this.#named(place);
    if (named === undefined) return;
    const slot = this.#heap.remove(named.handle);
    if (named.entry === undefined) this.#t.is(slot, HEAP_FAULT.unknownHandle);
    else this.#left([slot], [named.entry]);
  }

  #update(place: number, priority: number): void {
    const named = this.#named(place);
    if (named === undefined) return;
    const answer = this.#heap.update(named.handle, priority);
    this.#t.is(answer, named.entry === undefined ? HEAP_FAULT.unknownHandle : 0);
    if (named.entry === undefined) return;
    named.entry.priority = priority + 0;
    named.entry.turn = this.#turns++;
  }

  #expire(now: number, count: number): void {
    const expected = this.#entries
      .filter((entry) => entry.deadline <= now && entry.deadline !== Infinity)
      .sort((left, right) => compare(left.deadline, right.deadline) || left.pushed - right.pushed)
      .slice(0, count);
    const slots = new Uint32Array(count);
    const expired = this.#heap.expire(now, count, slots);
    this.#left([...slots.subarray(0, expired)], expected);
  }

  #order(): void {
    const expected = this.#sorted();
    const handles = new Float64Array(expected.length);
    const priorities = new Float64Array(expected.length);
    this.#t.is(this.#heap.order(handles, priorities), expected.length);
    this.#t.deepEqual(
      [...handles].map((handle) => this.#slots.get(slotOf(handle))),
      expected.map(({ id }) => id),
    );
    this.#t.deepEqual(
      [...priorities],
      expected.map(({ priority }) => priority),
    );
  }

  // These slots were given up, which should be those of the entries.
  #left(slots: readonly number[], expected: readonly Entry[]): void {
    this.#t.deepEqual(
      slots.map((slot) => this.#slots.get(slot)),
      expected.map(({ id }) => id),
    );
    for (const slot of slots) this.#slots.delete(slot);
    this.#entries = this.#entries.filter((entry) => !expected.includes(entry));
  }

  // What has the handle that was given at that place of all.
  #named(
    place: number,
  ): { readonly handle: number; readonly entry: Entry | undefined } | undefined {
    const given = this.#given[this.#given.length - 1 - (place % (this.#given.length || 1))];
    if (given === undefined) return undefined;
    const entry = this.#entries.find(({ id }) => id === given.id);
    this.#t.is(this.#heap.has(given.handle), entry !== undefined);
    return { handle: given.handle, entry };
  }

  #sorted(): readonly Entry[] {
    return this.#entries.toSorted(
      (left, right) => compare(left.priority, right.priority) || left.turn - right.turn,
    );
  }
}

function isSlot(slot: number): boolean {
  return slot >= 0;
}

// The difference of equal infinities is no number.
function compare(left: number, right: number): number {
  return left < right ? -1 : Number(left > right);
}
