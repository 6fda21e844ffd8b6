/**
 * One random history, valid calls and any others, on a queue of each engine: what they answer, and
 * what they refuse it with, is the same.
 */

import test from 'ava';
import fc from 'fast-check';

import type { EngineKind } from '../../lib/engine/index.js';
import { PriorityQueue, QueueError } from '../../lib/queue/index.js';
import { engineOf } from '../engine/candidates.js';

const CAPACITY = 12;

type Queue = PriorityQueue<string>;

/** A call; handles are named by their place among all that were given. */
type Call = (queue: Queue, handles: number[]) => unknown;

const number = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -2, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(-0, Infinity, -Infinity, NaN) },
);
const place = fc.nat({ max: 30 });
const count = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, NaN) },
);

const handleAt = (handles: readonly number[], at: number): number => handles[at] ?? at / 2;

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(number, number).map(([priority, deadline]): Call => (queue, handles) => {
    handles.push(queue.enqueue(`item ${handles.length}`, priority, { deadline }));
  }),
  fc.array(fc.tuple(number, number), { maxLength: 6 }).map((entries): Call => (queue, handles) => {
    const given = new Float64Array(entries.length);
    const items = entries.map((_, at) => `item ${handles.length + at}`);
    const priorities = Float64Array.from(entries, ([priority]) => priority);
    const deadlines = Float64Array.from(entries, ([, deadline]) => deadline);
    queue.enqueueBatch(items, priorities, { deadlines, handles: given });
    handles.push(...given);
  }),
  fc.constant<Call>((queue) => queue.dequeue()),
  fc.constant<Call>((queue) => [queue.peek(), queue.firstPriority, queue.nextDeadline]),
  fc.constant<Call>((queue) => queue.entries().map(({ item, priority }) => [item, priority])),
  count.map((max): Call => (queue) => {
    const items: string[] = [];
    const priorities = new Float64Array(4);
    return [queue.dequeueBatch(items, max, priorities), items, [...priorities]];
  }),
  place.map(
    (at): Call =>
      (queue, handles) =>
        queue.cancel(handleAt(handles, at)),
  ),
  place.map(
    (at): Call =>
      (queue, handles) =>
        queue.has(handleAt(handles, at)),
  ),
  fc.tuple(place, number).map(
    ([at, priority]): Call =>
      (queue, handles) =>
        queue.reprioritize(handleAt(handles, at), priority),
  ),
  number.map(
    (now): Call =>
      (queue) =>
        queue.expire(now),
  ),
  { weight: 1, arbitrary: fc.constant<Call>((queue) => queue.clear()) },
);

/** What a call gives, or what it is refused with; and what the queue is then. */
function play(queue: Queue, handles: number[], call: Call): unknown {
  const { size } = queue;
  try {
    return [call(queue, handles), queue.size];
  } catch (error) {
    if (!(error instanceof QueueError)) throw error;
    // What is refused changes nothing.
    return [error.code, error.index, queue.size - size];
  }
}

if (engineOf('native') !== undefined) {
  test('both engines answer the same', (t) => {
    const make = (engine: EngineKind): Queue => new PriorityQueue({ engine, capacity: CAPACITY });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 100, size: 'max' }), (calls) => {
        const [ours, theirs] = [make('native'), make('javascript')];
        const [ourHandles, theirHandles]: [number[], number[]] = [[], []];
        for (const call of calls) {
          t.deepEqual(play(ours, ourHandles, call), play(theirs, theirHandles, call));
        }
        t.deepEqual([...ours], [...theirs]);
        ours.close();
      }),
      { numRuns: 200 },
    );
  });
} else {
  test('without the native engine there is nothing to compare', (t) => {
    t.is(engineOf('native'), undefined);
  });
}
