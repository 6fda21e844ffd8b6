/** What a priority queue does, call by call, on every engine. */

import test from 'ava';

import { EngineError } from '../../lib/engine/index.js';
import {
  ENTRIES_MAX,
  foundingPreset,
  foundingPriority,
  PriorityQueue,
} from '../../lib/queue/index.js';
import { drain, errorOf, queueTest } from './engines.js';

queueTest(
  'the smallest priority leaves first, and of equal ones the first that came',
  (t, make) => {
    const queue = make();
    for (const [item, priority] of [
      ['c', 2],
      ['a', 1],
      ['d', 2],
      ['b', 1],
    ] as const) {
      queue.enqueue(item, priority);
    }
    t.is(queue.size, 4);
    t.is(queue.peek(), 'a');
    t.is(queue.firstPriority, 1);
    t.deepEqual(drain(queue), ['a', 'b', 'c', 'd']);
    t.is(queue.dequeue(), undefined);
    t.is(queue.peek(), undefined);
    t.is(queue.firstPriority, undefined);
  },
);

queueTest('zeros are equal, and infinities are priorities', (t, make) => {
  const queue = make();
  queue.enqueue('last', Infinity);
  queue.enqueue('zero', 0);
  queue.enqueue('-zero', -0);
  queue.enqueue('zero again', 0);
  queue.enqueue('first', -Infinity);
  queue.enqueue('least', 5e-324);
  queue.enqueue('-least', -5e-324);
  t.is(queue.firstPriority, -Infinity);
  const ordered = ['first', '-least', 'zero', '-zero', 'zero again', 'least', 'last'];
  t.deepEqual(drain(queue), ordered);
  queue.enqueue('-zero', -0);
  t.is(queue.firstPriority, 0);
});

queueTest('what is no priority or deadline is refused', (t, make) => {
  const queue = make();
  for (const value of [NaN, '1', undefined, null, 1n] as number[]) {
    t.is(errorOf(t, () => queue.enqueue('a', value)).code, 'invalid-priority');
    t.is(errorOf(t, () => queue.expire(value)).code, 'invalid-deadline');
    if (value === undefined) continue;
    t.is(errorOf(t, () => queue.enqueue('a', 1, { deadline: value })).code, 'invalid-deadline');
  }
  const handle = queue.enqueue('a', 1);
  t.is(errorOf(t, () => queue.reprioritize(handle, NaN)).code, 'invalid-priority');
  t.deepEqual(queue.entries(), [{ handle, priority: 1, item: 'a' }]);
});

queueTest('a full queue refuses, and takes again when there is room', (t, make) => {
  const queue = make({ capacity: 2, name: 'requests' });
  t.is(queue.capacity, 2);
  queue.enqueue('a', 1);
  const handle = queue.enqueue('b', 2);
  const error = errorOf(t, () => queue.enqueue('c', 0));
  t.is(error.code, 'full');
  t.is(error.capacity, 2);
  t.regex(error.message, /^requests /);
  queue.cancel(handle);
  queue.enqueue('d', 0);
  t.deepEqual(drain(queue), ['d', 'a']);
});

const CAPACITIES: readonly number[] = [0, -1, 1.5, NaN, Infinity, ENTRIES_MAX + 1];

queueTest('a capacity that no queue has is refused', (t, make) => {
  for (const capacity of [...CAPACITIES, '5' as unknown as number]) {
    const error = errorOf(t, () => make({ capacity }));
    t.is(error.code, 'invalid-options');
    t.regex(error.message, /capacity/);
  }
  t.is(make().capacity, ENTRIES_MAX);
});

queueTest('a batch is as its items one after the other', (t, make) => {
  const queue = make();
  const handles = new Float64Array(3);
  queue.enqueueBatch(['c', 'a', 'd'], Float64Array.of(2, 1, 2, 77), { handles });
  queue.enqueueBatch(['b', 'e'], Float64Array.of(1, 3));
  queue.enqueueBatch([], new Float64Array(0));
  t.deepEqual([...queue], ['a', 'b', 'c', 'd', 'e']);
  t.is(queue.cancel(handles[2]!), 'd');
  const items = ['', '', ''];
  const priorities = new Float64Array(5).fill(-1);
  t.is(queue.dequeueBatch(items, 2, priorities), 2);
  t.deepEqual(items, ['a', 'b', '']);
  t.deepEqual([...priorities], [1, 1, -1, -1, -1]);
  t.is(queue.dequeueBatch(items), 2);
  t.deepEqual(items, ['c', 'e', '']);
  t.is(queue.dequeueBatch(items), 0);
  t.is(queue.dequeueBatch(items, 0), 0);
});

queueTest('a batch that does not fit whole is refused whole', (t, make) => {
  const queue = make({ capacity: 3 });
  queue.enqueue('a', 1);
  const handles = new Float64Array(3).fill(NaN);
  const enqueue = (): void => queue.enqueueBatch(['b', 'c', 'd'], new Float64Array(3), { handles });
  t.is(errorOf(t, enqueue).code, 'full');
  t.deepEqual([...queue], ['a']);
  queue.dequeue();
  enqueue();
  t.is(queue.size, 3);
});

queueTest('a batch that is longer than its arrays is refused', (t, make) => {
  const queue = make();
  const two = new Float64Array(2);
  const items = ['a', 'b', 'c'];
  const three = new Float64Array(3);
  for (const call of [
    () => queue.enqueueBatch(items, two),
    () => queue.enqueueBatch(items, three, { deadlines: two }),
    () => queue.enqueueBatch(items, three, { handles: two }),
    () => queue.enqueueBatch(items, [1, 2, 3] as unknown as Float64Array),
    () => queue.dequeueBatch(items, 3, two),
    () => queue.dequeueBatch(items, -1),
    () => queue.dequeueBatch(items, 1.5),
    () => queue.dispatch(NaN),
  ]) {
    t.is(errorOf(t, call).code, 'invalid-batch');
  }
  t.is(queue.size, 0);
});

queueTest('a batch with a wrong value is refused, and tells which', (t, make) => {
  const queue = make();
  const wrong = Float64Array.of(1, NaN);
  const priorities = errorOf(t, () => queue.enqueueBatch(['a', 'b'], wrong));
  t.deepEqual([priorities.code, priorities.index], ['invalid-priority', 1]);
  const right = Float64Array.of(1, 1);
  const deadlines = errorOf(t, () => queue.enqueueBatch(['a', 'b'], right, { deadlines: wrong }));
  t.deepEqual([deadlines.code, deadlines.index], ['invalid-deadline', 1]);
  t.is(queue.size, 0);
});

queueTest('a cancelled entry never comes, and its handle is refused', (t, make) => {
  const queue = make();
  const first = queue.enqueue('a', 1);
  const second = queue.enqueue('b', 2);
  t.true(queue.has(first));
  t.is(queue.cancel(first), 'a');
  t.false(queue.has(first));
  t.is(errorOf(t, () => queue.cancel(first)).code, 'unknown-handle');
  t.is(errorOf(t, () => queue.reprioritize(first, 1)).code, 'unknown-handle');
  t.is(queue.dequeue(), 'b');
  t.is(errorOf(t, () => queue.cancel(second)).code, 'unknown-handle');
  // The slot is used again, the handle is not.
  const third = queue.enqueue('c', 3);
  t.false([first, second].includes(third));
  t.is(errorOf(t, () => queue.cancel(second)).code, 'unknown-handle');
  t.is(queue.size, 1);
});

queueTest('a handle of another queue is refused', (t, make) => {
  const queue = make();
  const other = make();
  const handle = queue.enqueue('a', 1);
  other.enqueue('b', 1);
  t.false(other.has(handle));
  t.is(errorOf(t, () => other.cancel(handle)).code, 'unknown-handle');
  t.is(other.size, 1);
});

queueTest('what is no handle is refused', (t, make) => {
  const queue = make();
  queue.enqueue('a', 1);
  for (const value of [NaN, -1, 0.5, 2 ** 60, '1', undefined, null, {}, 1n] as number[]) {
    t.false(queue.has(value));
    t.is(errorOf(t, () => queue.cancel(value)).code, 'unknown-handle');
    t.is(errorOf(t, () => queue.reprioritize(value, 2)).code, 'unknown-handle');
  }
  t.is(queue.size, 1);
});

queueTest('another priority gives the last place within it', (t, make) => {
  const queue = make();
  const handle = queue.enqueue('a', 1);
  queue.enqueue('b', 1);
  queue.enqueue('c', 2);
  queue.enqueue('d', 3);
  queue.reprioritize(handle, 2);
  t.deepEqual([...queue], ['b', 'c', 'a', 'd']);
  queue.reprioritize(handle, 0);
  t.deepEqual([...queue], ['a', 'b', 'c', 'd']);
  queue.reprioritize(handle, 0);
  queue.enqueue('e', 0);
  queue.reprioritize(handle, -0);
  t.deepEqual([...queue], ['e', 'a', 'b', 'c', 'd']);
  t.true(queue.has(handle));
});

queueTest(
  'what has expired comes in the order of deadlines, and only when asked for',
  (t, make) => {
    const queue = make();
    queue.enqueue('late', 1, { deadline: 30 });
    queue.enqueue('second', 2, { deadline: 20 });
    queue.enqueue('third', 1, { deadline: 20 });
    queue.enqueue('first', 3, { deadline: -Infinity });
    queue.enqueue('never', 4);
    queue.enqueue('nor this', 5, { deadline: Infinity });
    t.is(queue.nextDeadline, -Infinity);
    t.deepEqual(queue.expire(19), ['first']);
    t.is(queue.nextDeadline, 20);
    t.deepEqual(queue.expire(20), ['second', 'third']);
    t.deepEqual(queue.expire(20), []);
    t.is(queue.nextDeadline, 30);
    t.is(queue.dequeue(), 'late');
    t.is(queue.nextDeadline, Infinity);
    t.deepEqual(queue.expire(Infinity), []);
    t.deepEqual(drain(queue), ['never', 'nor this']);
  },
);

queueTest('a deadline stays with its entry whatever its priority', (t, make) => {
  const queue = make();
  const handle = queue.enqueue('a', 1, { deadline: 5 });
  queue.enqueueBatch(['b', 'c'], Float64Array.of(1, 1), {
    deadlines: Float64Array.of(4, Infinity),
  });
  queue.reprioritize(handle, 9);
  t.deepEqual(queue.expire(5), ['b', 'a']);
  t.false(queue.has(handle));
  t.deepEqual([...queue], ['c']);
});

queueTest('more entries expire than are taken at a time', (t, make) => {
  const queue = make<number>();
  const count = 2_500;
  const numbers = Array.from({ length: count }, (_, number) => number);
  const deadlines = Float64Array.from(numbers, (number) => count - number);
  queue.enqueueBatch(numbers, new Float64Array(count), { deadlines });
  t.deepEqual(queue.expire(count), numbers.toReversed());
});

queueTest('a walk shows the queue as it was when it began', (t, make) => {
  const queue = make();
  for (const item of ['b', 'a', 'c']) queue.enqueue(item, item.charCodeAt(0));
  const seen: string[] = [];
  for (const item of queue) {
    seen.push(item);
    queue.clear();
    queue.enqueue('d', 0);
  }
  t.deepEqual(seen, ['a', 'b', 'c']);
  t.deepEqual([...queue], ['d']);
});

queueTest('a cleared queue is as a new one, and its handles are refused', (t, make) => {
  const queue = make({ capacity: 2 });
  const handle = queue.enqueue('a', 1, { deadline: 1 });
  queue.enqueue('b', 2);
  queue.clear();
  t.is(queue.size, 0);
  t.is(queue.nextDeadline, Infinity);
  t.is(queue.dequeue(), undefined);
  t.is(errorOf(t, () => queue.cancel(handle)).code, 'unknown-handle');
  queue.enqueueBatch(['c', 'd'], Float64Array.of(2, 1));
  t.deepEqual(drain(queue), ['d', 'c']);
});

queueTest('a signal that is aborted cancels its entry, and no other', (t, make) => {
  const queue = make();
  const controller = new AbortController();
  const { signal } = controller;
  queue.enqueue('a', 1, { signal });
  queue.enqueue('b', 2, { signal });
  t.is(queue.dequeue(), 'a');
  // In the slot of the entry that has left.
  queue.enqueue('c', 3);
  controller.abort();
  t.deepEqual([...queue], ['c']);
  const reason = new Error('gone');
  const aborted = errorOf(t, () => queue.enqueue('d', 1, { signal: AbortSignal.abort(reason) }));
  t.is(aborted.code, 'aborted');
  t.is(aborted.cause, reason);
  t.deepEqual([...queue], ['c']);
});

queueTest('a closed queue refuses everything but being closed and asked', (t, make) => {
  const queue = make({ name: 'requests' });
  const handle = queue.enqueue('a', 1);
  queue.close();
  queue.close();
  const items: string[] = [];
  for (const call of [
    () => queue.enqueue('b', 1),
    () => queue.enqueueBatch(['b'], Float64Array.of(1)),
    () => queue.dequeue(),
    () => queue.dequeueBatch(items, 1),
    () => queue.peek(),
    () => queue.cancel(handle),
    () => queue.reprioritize(handle, 1),
    () => queue.expire(1),
    () => queue.entries(),
    () => queue.clear(),
    () => queue.dispatch(),
    () => queue.share(),
  ]) {
    const error = errorOf(t, call);
    t.is(error.code, 'closed');
    t.regex(error.message, /^requests /);
  }
  t.false(queue.has(handle));
  t.is(queue.size, 0);
  t.is(queue.firstPriority, undefined);
  t.is(queue.nextDeadline, Infinity);
});

queueTest('a queue is closed at the end of its block', (t, make) => {
  const made = make();
  {
    using queue = made;
    queue.enqueue('a', 1);
  }
  t.is(errorOf(t, () => made.dequeue()).code, 'closed');
});

queueTest("the founding articles' classes leave in their order", (t, make) => {
  const queue = make(foundingPreset);
  const { mutating, read, webhook } = foundingPriority;
  queue.enqueue('webhook', webhook);
  queue.enqueue('read', read);
  queue.enqueue('mutating', mutating);
  t.deepEqual(drain(queue), ['mutating', 'read', 'webhook']);
  for (let count = 0; count < 1_000; count++) queue.enqueue('read', read);
  t.is(errorOf(t, () => queue.enqueue('mutating', mutating)).code, 'full');
});

queueTest('a queue is on the engine that it names', (t, make, kind) => {
  t.is(make().engine, kind);
});

test('an engine that there is not is refused', (t) => {
  const engine = 'turbo' as 'auto';
  const error = t.throws(() => new PriorityQueue({ engine }), { instanceOf: EngineError });
  t.is(error?.code, 'engine-unavailable');
});

test('a queue on the JavaScript engine is not shared', (t) => {
  const queue = new PriorityQueue({ engine: 'javascript' });
  const error = t.throws(() => queue.share(), { instanceOf: EngineError });
  t.is(error?.code, 'not-shareable');
});
