/** What a queue holds: items as long as they are in it. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { PriorityQueue } from '../../lib/queue/index.js';
import { turn } from '../engine/candidates.js';
import { queueTest } from './engines.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Item {
  readonly name: string;
}

/** Ways in which an item leaves. */
const LEAVES: Readonly<Record<string, (queue: PriorityQueue<Item>, handle: number) => unknown>> = {
  dequeue: (queue) => queue.dequeue(),
  dequeueBatch: (queue) => queue.dequeueBatch([], 1),
  cancel: (queue, handle) => queue.cancel(handle),
  expire: (queue) => queue.expire(1),
  clear: (queue) => queue.clear(),
  close: (queue) => queue.close(),
};

for (const [way, leave] of Object.entries(LEAVES)) {
  queueTest(`an item is let go of by ${way}`, async (t, make) => {
    const queue = make<Item>();
    const enqueue = (): [WeakRef<Item>, number] => {
      const item = { name: 'a' };
      return [new WeakRef(item), queue.enqueue(item, 1, { deadline: 1 })];
    };
    const [item, handle] = enqueue();
    await turn();
    collect();
    t.is(item.deref()?.name, 'a');
    leave(queue, handle);
    await turn();
    collect();
    t.is(item.deref(), undefined);
    t.is(queue.size, 0);
  });
}
