/** Waiting for items: who is served, in which order, and how a wait ends. */

import { QueueError } from '../../lib/queue/index.js';
import { turn } from '../engine/candidates.js';
import { queueTest } from './engines.js';

queueTest('what is there is taken at once, the first entry first', async (t, make) => {
  const queue = make();
  queue.enqueue('b', 2);
  queue.enqueue('a', 1);
  const taken = queue.take();
  t.is(queue.size, 1);
  t.is(await taken, 'a');
  t.is(await queue.take(), 'b');
});

queueTest('who waits longest gets the next item', async (t, make) => {
  const queue = make();
  const served: string[] = [];
  const waits = ['first', 'second', 'third'].map(async (who) => {
    served.push(`${who} ${await queue.take()}`);
  });
  const handle = queue.enqueue('a', 9);
  t.false(queue.has(handle));
  queue.enqueueBatch(['c', 'b', 'd'], Float64Array.of(2, 1, 3));
  await Promise.all(waits);
  t.deepEqual(served, ['first a', 'second b', 'third c']);
  t.deepEqual([...queue], ['d']);
});

queueTest('a wait that is aborted leaves its place to the next', async (t, make) => {
  const queue = make();
  const controller = new AbortController();
  const aborted = queue.take({ signal: controller.signal });
  const next = queue.take();
  const reason = new Error('gone');
  controller.abort(reason);
  const error = await t.throwsAsync(aborted, { instanceOf: QueueError });
  t.is(error?.code, 'aborted');
  t.is(error?.cause, reason);
  queue.enqueue('a', 1);
  t.is(await next, 'a');
});

queueTest('an abort that comes after the item changes nothing', async (t, make) => {
  const queue = make();
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = queue.take({ signal });
  queue.enqueue('a', 1);
  controller.abort();
  t.is(await waiting, 'a');
  queue.enqueue('b', 1);
  const error = await t.throwsAsync(queue.take({ signal }), { instanceOf: QueueError });
  t.is(error?.code, 'aborted');
  t.deepEqual([...queue], ['b']);
});

queueTest('a queue that is closed tells those who wait', async (t, make) => {
  const queue = make();
  const waits = [queue.take(), queue.take()];
  queue.close();
  for (const wait of [...waits, queue.take()]) {
    const error = await t.throwsAsync(wait, { instanceOf: QueueError });
    t.is(error?.code, 'closed');
  }
});

queueTest('who waits goes on waiting when the queue is cleared', async (t, make) => {
  const queue = make();
  let taken: string | undefined;
  const wait = queue.take().then((item) => (taken = item));
  queue.clear();
  await turn();
  t.is(taken, undefined);
  queue.enqueue('a', 1);
  t.is(await wait, 'a');
});

queueTest('an entry that goes straight to who waits needs no room', async (t, make) => {
  const queue = make({ capacity: 1 });
  const waits = [queue.take(), queue.take()];
  queue.enqueue('a', 1);
  queue.enqueue('b', 1);
  t.deepEqual(await Promise.all(waits), ['a', 'b']);
  t.is(queue.size, 0);
});

queueTest('what is dispatched comes before what is in the queue', async (t, make) => {
  const queue = make();
  for (const item of ['c', 'a', 'b']) queue.enqueue(item, item.charCodeAt(0));
  t.is(queue.dispatch(2), 2);
  t.is(queue.size, 1);
  queue.enqueue('0', 0);
  t.deepEqual([await queue.take(), await queue.take(), await queue.take()], ['a', 'b', '0']);
  t.is(queue.dispatch(5), 1);
  t.is(queue.dispatch(), 0);
  t.is(await queue.take(), 'c');
});

queueTest('more items are dispatched than are taken at a time', async (t, make) => {
  const queue = make<number>();
  const numbers = Array.from({ length: 3_000 }, (_, number) => number);
  queue.enqueueBatch(numbers, Float64Array.from(numbers));
  t.is(queue.dispatch(2_999), 2_999);
  t.is(queue.size, 1);
  const taken: number[] = [];
  for (let count = 0; count < 2_999; count++) taken.push(await queue.take());
  t.deepEqual(taken, numbers.slice(0, -1));
});
