/** Heaps on every engine, against a list that is sorted whenever it is looked at. */

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';

import {
  createEngineHeap,
  type EngineHeap,
  type EngineKind,
  HEAP_FAULT,
  HEAP_SLOTS,
  slotOf,
} from '../../lib/engine/index.js';
import { ENGINES } from './candidates.js';
import { heapCalls, HeapModel, heapSingles } from './heap-model.js';

function heapTest(
  behaviour: string,
  run: (t: ExecutionContext, open: Open, kind: EngineKind) => void,
): void {
  for (const { kind } of ENGINES) {
    const open: Open = (capacity = HEAP_SLOTS, sequences) =>
      createEngineHeap(kind, {
        capacity,
        onDispatched: () => {},
        ...(sequences === undefined ? {} : { sequences }),
      });
    test(`${kind}: ${behaviour}`, (t) => run(t, open, kind));
  }
}

type Open = (capacity?: number, sequences?: number) => EngineHeap;

/** Numbers of entries: as many as there are, few, and so few that they soon begin anew. */
const SIZES: readonly (readonly [
  about: string,
  capacity: number,
  sequences: number | undefined,
])[] = [
  ['without bounds', HEAP_SLOTS, undefined],
  ['that is often full', 5, undefined],
  ['that numbers its entries anew all the time', 20, 23],
];

for (const [about, capacity, sequences] of SIZES) {
  for (const [way, histories] of [
    ['', heapCalls],
    [', one by one', heapSingles],
  ] as const) {
    heapTest(`a heap ${about} is a sorted list${way}`, (t, open) => {
      fc.assert(
        fc.property(histories, (calls) => {
          const model = new HeapModel(t, open(capacity, sequences), capacity);
          for (const call of calls) model.play(call);
          model.finish();
        }),
        { numRuns: 150 },
      );
    });
  }
}

heapTest('many entries leave in order', (t, open) => {
  const heap = open();
  const count = 20_000;
  // A permutation: 7919 has no factor in common with the count.
  const priorities = Float64Array.from({ length: count }, (_, at) => (at * 7_919) % count);
  const slots = new Uint32Array(count);
  heap.pushAll(count, priorities, undefined, slots, undefined);
  t.is(new Set(slots).size, count);
  const left = new Float64Array(count);
  t.is(heap.popAll(count, slots, left), count);
  t.deepEqual(left, priorities.toSorted());
  t.is(new Set(slots).size, count);
});

heapTest('what leaves before its turn leaves nothing behind', (t, open) => {
  const heap = open(10);
  for (let round = 0; round < 10_000; round++) {
    const handle = heap.push(round, round);
    if (handle < 0) return t.fail(`full in round ${round}`);
    if (slotOf(handle) > 9) return t.fail(`slot ${slotOf(handle)} in round ${round}`);
    if (round % 3 === 0) heap.update(handle, -round);
    heap.remove(handle);
  }
  t.is(heap.size, 0);
  t.is(heap.nextDeadline, Infinity);
});

heapTest('a handle is of one heap, and of one entry', (t, open) => {
  const first = open();
  const second = open();
  const handle = first.push(1, Infinity);
  second.push(1, Infinity);
  t.false(second.has(handle));
  t.is(second.remove(handle), HEAP_FAULT.unknownHandle);
  t.is(first.remove(handle), slotOf(handle));
  // Until the slot is used again.
  let other = first.push(1, Infinity);
  for (let round = 0; slotOf(other) !== slotOf(handle) && round < 100; round++) {
    first.remove(other);
    other = first.push(1, Infinity);
  }
  t.is(slotOf(other), slotOf(handle));
  t.not(other, handle);
  t.is(first.update(handle, 2), HEAP_FAULT.unknownHandle);
  t.true(first.has(other));
});

const NO_HANDLES: readonly number[] = [-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53, 2 ** 60, 1e300];

heapTest('what is no handle is refused', (t, open) => {
  const heap = open();
  const handle = heap.push(1, Infinity);
  for (const value of [...NO_HANDLES, handle + HEAP_SLOTS, -handle, handle + 1]) {
    t.false(heap.has(value), String(value));
    t.is(heap.remove(value), HEAP_FAULT.unknownHandle, String(value));
    t.is(heap.update(value, 1), HEAP_FAULT.unknownHandle, String(value));
  }
  t.is(heap.size, 1);
});

for (const { kind } of ENGINES) {
  test(`${kind}: a heap of no entries, or of more than there are slots, is refused`, (t) => {
    const onDispatched = (): void => {};
    for (const capacity of [0, -1, 1.5, NaN, HEAP_SLOTS + 1, Infinity]) {
      t.throws(() => createEngineHeap(kind, { capacity, onDispatched }), {
        instanceOf: RangeError,
      });
    }
    const sequences = 10;
    t.throws(() => createEngineHeap(kind, { capacity: 10, sequences, onDispatched }), {
      instanceOf: RangeError,
    });
  });
}
