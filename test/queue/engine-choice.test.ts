/** Queues that may be on either engine: when they move, and that nobody notices. */

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';

import { ENGINE_VARIABLE, createEngineHeap } from '../../lib/engine/index.js';
import { PriorityQueue } from '../../lib/queue/index.js';
import { engineOf } from '../engine/candidates.js';
import { heapCalls, HeapModel } from '../engine/heap-model.js';
import { drain } from './engines.js';

/** Declares a test of queues that may be on either engine, where there are two. */
function autoTest(behaviour: string, run: (t: ExecutionContext) => void): void {
  if (engineOf('native') === undefined) return;
  test.serial(behaviour, (t) => {
    const named = process.env[ENGINE_VARIABLE];
    delete process.env[ENGINE_VARIABLE];
    try {
      run(t);
    } finally {
      if (named !== undefined) process.env[ENGINE_VARIABLE] = named;
    }
  });
}

autoTest('one entry at a time a small queue stays on JavaScript', (t) => {
  const queue = new PriorityQueue<number>();
  for (let count = 0; count < 2_000; count++) {
    queue.enqueue(count, count);
    if (count > 100) queue.dequeue();
    if (count % 80 === 0) queue.enqueueBatch([0, 0], new Float64Array(2));
  }
  t.is(queue.engine, 'javascript');
});

autoTest('one entry at a time a large queue moves, and none is lost', (t) => {
  const queue = new PriorityQueue<number>();
  for (let count = 0; count < 1_000; count++) queue.enqueue(count, count);
  t.is(queue.engine, 'native');
  t.deepEqual(drain(queue), [...Array(1_000).keys()]);
});

autoTest('with batches a queue moves, and all is as it was', (t) => {
  const queue = new PriorityQueue<string>();
  const kept = queue.enqueue('kept', 5, { deadline: 7 });
  const gone = queue.enqueue('gone', 1);
  queue.enqueue('later', 5, { deadline: 3 });
  queue.cancel(gone);
  const ones = Array.from({ length: 64 }, () => 'x');
  for (let count = 0; count < 5; count++) queue.enqueueBatch(ones, new Float64Array(64));
  t.is(queue.engine, 'native');
  t.true(queue.has(kept));
  t.false(queue.has(gone));
  t.is(queue.nextDeadline, 3);
  t.is(queue.size, 322);
  t.deepEqual(queue.expire(7), ['later', 'kept']);
  t.deepEqual(new Set(drain(queue)), new Set(['x']));
});

autoTest('a queue of many entries does not stop for moving', (t) => {
  const queue = new PriorityQueue<number>();
  for (let first = 0; first < 20_000; first += 10) {
    const batch = Array.from({ length: 10 }, (_, at) => first + at);
    queue.enqueueBatch(batch, Float64Array.from(batch));
  }
  const items = [...new Float64Array(64)];
  while (queue.size > 17_000) queue.dequeueBatch(items);
  t.is(queue.engine, 'javascript');
  while (queue.size > 16_000) queue.dequeueBatch(items);
  t.is(queue.engine, 'native');
  t.is(queue.peek(), 20_000 - queue.size);
});

autoTest('a queue that is shared moves, with all that is in it', (t) => {
  const queue = new PriorityQueue<string>();
  const handle = queue.enqueue('a', 1);
  const share = queue.share();
  t.is(queue.engine, 'native');
  t.is(queue.cancel(handle), 'a');
  t.is(new PriorityQueue({ share }).size, 0);
});

autoTest('SHARDWATCH_ENGINE decides in the place of use', (t) => {
  for (const kind of ['javascript', 'native'] as const) {
    process.env[ENGINE_VARIABLE] = kind;
    const queue = new PriorityQueue<number>();
    for (let count = 0; count < 10; count++) {
      queue.enqueueBatch([...new Float64Array(64)], new Float64Array(64));
    }
    t.is(queue.engine, kind);
    delete process.env[ENGINE_VARIABLE];
  }
});

autoTest('a heap that moves at any moment is a sorted list still', (t) => {
  fc.assert(
    fc.property(heapCalls, fc.nat({ max: 150 }), (calls, moment) => {
      const options = { capacity: 50, sequences: 64, onDispatched: (): void => {} };
      const model = new HeapModel(t, createEngineHeap('javascript', options), options.capacity);
      calls.forEach((call, index) => {
        if (index === moment) {
          model.move((contents) => createEngineHeap('native', options, contents));
        }
        model.play(call);
      });
      model.finish();
    }),
    { numRuns: 150 },
  );
});
