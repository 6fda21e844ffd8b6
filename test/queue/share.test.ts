/** Threads that share a queue: whose turn it is, who is told, and what an end takes along. */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';

import { EngineError } from '../../lib/engine/index.js';
import { PriorityQueue, type QueueShare } from '../../lib/queue/index.js';
import { drawSeed } from '../chance.js';
import { ENGINES } from '../engine/candidates.js';
import { errorOf } from './engines.js';
import type { Answer, Command, ShareTask } from './share-task.js';

function nativeTest(behaviour: string, run: (t: ExecutionContext) => void | Promise<void>): void {
  if (ENGINES.some(({ kind }) => kind === 'native')) test(behaviour, run);
}

const sharedQueue = (): PriorityQueue<string> => new PriorityQueue({ engine: 'native' });

let threads = 0;

class Thread {
  readonly worker: Worker;

  constructor(share: QueueShare, seed = 1) {
    const workerData: ShareTask = { share, seed, thread: threads++ };
    this.worker = new Worker(fileURLToPath(new URL('./share-worker.js', import.meta.url)), {
      workerData,
    });
  }

  /** Has it do something, and waits for what that gives. Rejects with its error's code. */
  async ask(command: Command): Promise<unknown> {
    this.worker.postMessage(command);
    const [answer] = (await once(this.worker, 'message')) as [Answer];
    if ('error' in answer) throw new Error(answer.error);
    return answer.value;
  }

  enqueue(item: string, priority: number): Promise<unknown> {
    return this.ask({ type: 'enqueue', item, priority });
  }

  async leave(): Promise<void> {
    this.worker.postMessage({ type: 'leave' } satisfies Command);
    await once(this.worker, 'exit');
  }
}

nativeTest('an item comes to the thread that enqueued it, whoever dispatches it', async (t) => {
  const queue = sharedQueue();
  const thread = new Thread(queue.share());
  await thread.enqueue('theirs', 1);
  queue.enqueue('mine', 2);
  await thread.enqueue('theirs too', 3);
  t.is(queue.size, 3);
  t.is(queue.firstPriority, 1);
  const mine = queue.take();
  t.is(queue.dispatch(), 1);
  t.is(await thread.ask({ type: 'take' }), 'theirs');
  t.is(queue.firstPriority, 2);
  t.is(await thread.ask({ type: 'dispatch', max: 5 }), 2);
  t.is(await mine, 'mine');
  t.is(await thread.ask({ type: 'take' }), 'theirs too');
  t.is(queue.size, 0);
  await thread.leave();
});

nativeTest('who waits is woken by another thread', async (t) => {
  const queue = sharedQueue();
  const thread = new Thread(queue.share());
  // It waits before there is anything, and its event loop is idle then.
  const taken = thread.ask({ type: 'take' });
  const other = new Thread(queue.share());
  await other.enqueue('not yours', 2);
  t.is(queue.dispatch(), 1);
  thread.worker.postMessage({ type: 'enqueue', item: 'yours', priority: 1 } satisfies Command);
  while (queue.dispatch() === 0) await new Promise((resolve) => setImmediate(resolve));
  // The handle's answer and the item come in either order.
  const [first] = [await taken];
  const [second] = (await once(thread.worker, 'message')) as [Answer];
  const answers = [first, 'value' in second ? second.value : second.error];
  t.true(answers.includes('yours'), answers.join());
  await Promise.all([thread.leave(), other.leave()]);
});

nativeTest('another thread’s entries are not to be touched', async (t) => {
  const queue = sharedQueue();
  const thread = new Thread(queue.share());
  const handle = (await thread.enqueue('theirs', 1)) as number;
  t.false(queue.has(handle));
  t.is(errorOf(t, () => queue.cancel(handle)).code, 'foreign-handle');
  t.is(errorOf(t, () => queue.reprioritize(handle, 5)).code, 'foreign-handle');
  t.deepEqual(queue.entries(), []);
  t.deepEqual(queue.expire(Infinity), []);
  queue.clear();
  t.is(queue.size, 1);
  await thread.leave();
});

nativeTest('a shared queue has no first item to take, only entries to dispatch', (t) => {
  const queue = sharedQueue();
  queue.enqueue('a', 1);
  t.is(queue.dequeue(), 'a');
  queue.share();
  for (const call of [() => queue.dequeue(), () => queue.peek(), () => queue.dequeueBatch([''])]) {
    t.is(errorOf(t, call).code, 'shared');
  }
});

nativeTest('the capacity is that of all threads together', async (t) => {
  const queue = new PriorityQueue<string>({ engine: 'native', capacity: 2 });
  const thread = new Thread(queue.share());
  queue.enqueue('mine', 1);
  await thread.enqueue('theirs', 1);
  t.is(errorOf(t, () => queue.enqueue('mine', 1)).code, 'full');
  await t.throwsAsync(thread.enqueue('theirs', 1), { message: 'full' });
  queue.dispatch();
  await thread.enqueue('theirs', 1);
  await thread.leave();
});

nativeTest('what was dispatched and not taken survives a clearing', async (t) => {
  const queue = sharedQueue();
  const thread = new Thread(queue.share());
  queue.enqueue('dispatched', 1);
  queue.enqueue('waiting', 2);
  t.is(await thread.ask({ type: 'dispatch', max: 1 }), 1);
  queue.clear();
  t.is(await queue.take(), 'dispatched');
  t.is(queue.size, 0);
  await thread.leave();
});

nativeTest('a thread that ends takes its entries along', async (t) => {
  const queue = sharedQueue();
  const share = queue.share();
  queue.enqueue('mine', 5);
  const [leaves, ends] = [new Thread(share), new Thread(share)];
  for (const thread of [leaves, ends]) {
    for (let count = 0; count < 10; count++) await thread.enqueue('theirs', 1);
  }
  t.is(queue.size, 21);
  await leaves.leave();
  t.is(queue.size, 11);
  t.is(queue.dispatch(3), 3);
  await ends.worker.terminate();
  t.is(queue.size, 1);
  t.is(queue.firstPriority, 5);
});

nativeTest('a queue is there as long as a thread has it open, and no longer', async (t) => {
  const queue = sharedQueue();
  const share = queue.share();
  const other = new PriorityQueue<string>({ share });
  const thread = new Thread(share);
  await thread.enqueue('theirs', 1);
  queue.close();
  t.is(other.size, 1);
  t.is(other.capacity, share.capacity);
  await thread.leave();
  other.close();
  const error = t.throws(() => new PriorityQueue({ share }), { instanceOf: EngineError });
  t.is(error?.code, 'closed');
});

nativeTest('a token that is none, or is of no queue, is refused', (t) => {
  const queue = sharedQueue();
  const share = queue.share();
  t.deepEqual(queue.share(), share);
  const join = (token: unknown) => () => new PriorityQueue({ share: token as QueueShare });
  t.is(errorOf(t, join({})).code, 'invalid-options');
  t.is(errorOf(t, join(null)).code, 'invalid-options');
  t.throws(join({ ...share, heap: {} }), { instanceOf: TypeError });
  const forged = { ...share, heap: { ...share.heap, nonce: share.heap.nonce ^ 1n } };
  t.is(t.throws(join(forged), { instanceOf: EngineError })?.code, 'not-shareable');
  const other = { ...share, heap: { ...share.heap, abi: 0 } };
  t.is(t.throws(join(other), { instanceOf: EngineError })?.code, 'not-shareable');
  t.is(errorOf(t, () => new PriorityQueue({ share, capacity: 5 })).code, 'invalid-options');
  t.is(errorOf(t, () => new PriorityQueue({ share, engine: 'native' })).code, 'invalid-options');
});

nativeTest('every item comes back once, whatever the threads do', async (t) => {
  const seed = drawSeed();
  t.log(`SHARDWATCH_SEED=${seed}`);
  const queue = sharedQueue();
  const share = queue.share();
  const workers = Array.from({ length: 3 }, () => new Thread(share, seed));
  const results = await Promise.all(
    workers.map((thread) => thread.ask({ type: 'churn', items: 3_000 })),
  );
  t.deepEqual(results, [[], [], []]);
  t.is(queue.size, 0);
  await Promise.all(workers.map((thread) => thread.leave()));
});

nativeTest('threads are terminated at any moment, and the others go on', async (t) => {
  const seed = drawSeed();
  t.log(`SHARDWATCH_SEED=${seed}`);
  const queue = sharedQueue();
  const share = queue.share();
  queue.enqueue('mine', 1_000);
  for (let round = 0; round < 12; round++) {
    const churning = Array.from({ length: 3 }, () => new Thread(share, seed + round));
    await Promise.all(churning.map((thread) => thread.ask({ type: 'churnForEver' })));
    for (let turn = 0; turn < round; turn++) {
      queue.dispatch();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(churning.map(({ worker }) => worker.terminate()));
  }
  const stays = new Thread(share, seed);
  t.deepEqual(await stays.ask({ type: 'churn', items: 500 }), []);
  await stays.leave();
  // It may have been dispatched by anybody, and then it is here.
  if (queue.size === 1) t.is(queue.dispatch(), 1);
  t.is(await queue.take(), 'mine');
  t.is(queue.size, 0);
});
