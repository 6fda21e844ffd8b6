/** A thread that joins the queue whose token it was started with, and does what it is told. */

import { parentPort, workerData } from 'node:worker_threads';

import { PriorityQueue, QueueError } from '../../lib/queue/index.js';
import { Chance } from '../chance.js';
import type { Answer, Command, ShareTask } from './share-task.js';

const port = parentPort!;
const { share, seed, thread } = workerData as ShareTask;
const chance = new Chance(seed, thread);
const queue = new PriorityQueue<string>({ share });

port.on('message', (command: Command) => {
  run(command).then(
    (value) => port.postMessage({ value } satisfies Answer),
    (error: unknown) =>
      port.postMessage({ error: error instanceof QueueError ? error.code : String(error) }),
  );
});

async function run(command: Command): Promise<unknown> {
  switch (command.type) {
    case 'enqueue':
      return queue.enqueue(command.item, command.priority);
    case 'take':
      return queue.take();
    case 'dispatch':
      return queue.dispatch(command.max);
    case 'churn':
      return churn(command.items);
    case 'churnForEver':
      port.postMessage({ value: 'begun' } satisfies Answer);
      return churn(Infinity);
    case 'leave':
      return port.close();
  }
}

// Every item that was enqueued here and not cancelled has to come back, once.
async function churn(items: number): Promise<readonly string[]> {
  const open = new Map<string, number>();
  const problems: string[] = [];
  let taking: Promise<void> | undefined;
  const takeNext = (): Promise<void> =>
    queue.take().then((item) => {
      if (!open.delete(item)) problems.push(`${item} came although it was not open`);
      taking = undefined;
    });
  for (let number = 0; number < items || open.size > 0;) {
    const dice = chance.fraction();
    if (number < items && dice < 0.5) {
      const item = `${thread}:${number++}`;
      open.set(item, queue.enqueue(item, chance.below(5), { deadline: chance.below(100) }));
    } else if (dice < 0.55) {
      cancelOne(open);
    } else if (dice < 0.6) {
      for (const item of queue.expire(chance.below(10))) {
        if (!open.delete(item)) problems.push(`${item} expired although it was not open`);
      }
    } else {
      queue.dispatch(1 + chance.below(4));
    }
    taking ??= takeNext();
    // What was dispatched by other threads comes on a turn of the event loop.
    if (chance.holds(0.05)) await new Promise((resolve) => setImmediate(resolve));
    else if (chance.holds(0.5)) await Promise.resolve();
  }
  return problems;
}

function cancelOne(open: Map<string, number>): void {
  const [first] = open;
  if (first === undefined) return;
  try {
    queue.cancel(first[1]);
    open.delete(first[0]);
  } catch (error) {
    // It was dispatched, and is on its way.
    if (!(error instanceof QueueError) || error.code !== 'unknown-handle') throw error;
  }
}
