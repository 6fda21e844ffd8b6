/** How a test asks to be run with a queue on every engine. */

import test, { type ExecutionContext } from 'ava';

import type { EngineKind } from '../../lib/engine/index.js';
import { PriorityQueue, QueueError, type QueueOptions } from '../../lib/queue/index.js';
import { ENGINES } from '../engine/candidates.js';

export type MakeQueue = <T = string>(options?: QueueOptions) => PriorityQueue<T>;

/** Declares a test that runs once for every engine. */
export function queueTest(
  behaviour: string,
  run: (t: ExecutionContext, make: MakeQueue, kind: EngineKind) => void | Promise<void>,
): void {
  for (const { kind } of ENGINES) {
    const make: MakeQueue = (options) => new PriorityQueue({ engine: kind, ...options });
    test(`${kind}: ${behaviour}`, (t) => run(t, make, kind));
  }
}

/** The error that a call throws. */
export function errorOf(t: ExecutionContext, call: () => unknown): QueueError {
  return t.throws(call, { instanceOf: QueueError })!;
}

/** All that is in a queue, in order. */
export function drain<T>(queue: PriorityQueue<T>): T[] {
  const items: T[] = [];
  while (queue.size > 0) items.push(queue.dequeue() as T);
  return items;
}
