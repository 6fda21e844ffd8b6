/**
 * Requests that wait for a free worker: the urgent ones first, none for longer than its deadline,
 * and no more than the server wants to hold.
 *
 * Prints:
 *   refused: audit export (full, at most 4 wait)
 *   timed out: thumbnail
 *   left: preview
 *   worker: payment
 *   worker: search
 */

import { PriorityQueue, QueueError } from 'shardwatch/queue';

const URGENT = 0;
const NORMAL = 1;

const queue = new PriorityQueue({ capacity: 4 });

// The client that leaves takes its request with it.
const client = new AbortController();
queue.enqueue('search', NORMAL);
queue.enqueue('thumbnail', NORMAL, { deadline: 100 });
queue.enqueue('preview', NORMAL, { signal: client.signal });
queue.enqueue('payment', URGENT, { deadline: 500 });
try {
  queue.enqueue('audit export', NORMAL);
} catch (error) {
  if (!(error instanceof QueueError) || error.code !== 'full') throw error;
  console.log(`refused: audit export (full, at most ${error.capacity} wait)`);
}

// Deadlines are in the caller's time: a server would ask its clock, and again at `nextDeadline`.
const now = queue.nextDeadline;
for (const request of queue.expire(now)) console.log(`timed out: ${request}`);

const waiting = queue.size;
client.abort();
if (queue.size < waiting) console.log('left: preview');

// Workers wait for what comes; closing the queue ends them.
async function work() {
  try {
    for (;;) console.log(`worker: ${await queue.take()}`);
  } catch (error) {
    if (error.code !== 'closed') throw error;
  }
}
const worker = work();
while (queue.size > 0) await new Promise(setImmediate);
queue.close();
await worker;
