/** A priority queue: first in, first out within a priority, with deadlines and handles. */

export { QueueError } from './contract.js';
export type {
  EnqueueBatchOptions,
  EnqueueOptions,
  QueueEntry,
  QueueErrorCode,
  QueueOptions,
  TakeOptions,
} from './contract.js';
export { ENTRIES_MAX, foundingPreset, foundingPriority } from './options.js';
export { PriorityQueue } from './priority-queue.js';
export type { QueueShare } from './share.js';
