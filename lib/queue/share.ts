/** What another thread joins a queue with. */

import type { HeapShare } from '../engine/index.js';

/**
 * Plain data for `postMessage` and `workerData`. Whoever has it may enqueue and dispatch. It holds
 * good as long as a thread has the queue open.
 */
export interface QueueShare {
  readonly type: 'shardwatch.queue';
  readonly heap: HeapShare;
  /** The capacity of the queue, of all threads together. */
  readonly capacity: number;
}

export function isShare(value: unknown): value is QueueShare {
  return typeof value === 'object' && (value as QueueShare | null)?.type === 'shardwatch.queue';
}
