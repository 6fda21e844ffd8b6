/** Options, results and errors of PriorityQueue. */

import type { EngineKind } from '../engine/index.js';
import type { QueueShare } from './share.js';

export interface QueueOptions {
  /** Names the queue in errors. Default `queue`. */
  readonly name?: string;
  /**
   * What keeps the order. `auto`, the default: the native engine where its addon loads and it is
   * the faster one for the queue as it is used, else JavaScript; SHARDWATCH_ENGINE decides in its
   * place.
   */
  readonly engine?: EngineKind | 'auto';
  /** Most entries at once, of all threads together: 1 to ENTRIES_MAX. Default ENTRIES_MAX. */
  readonly capacity?: number;
  /**
   * Joins a queue of another thread: what its `share` gave. `engine` and `capacity` are left out
   * then.
   */
  readonly share?: QueueShare;
}

export interface EnqueueOptions {
  /**
   * The time from which on `expire` takes the entry out, in whatever unit the caller tells time.
   * Default Infinity: never.
   */
  readonly deadline?: number;
  /** Cancels the entry when it is aborted. */
  readonly signal?: AbortSignal;
}

export interface EnqueueBatchOptions {
  /** The deadline of each item, as in EnqueueOptions. */
  readonly deadlines?: Float64Array;
  /** Where the handle of each entry is written to. */
  readonly handles?: Float64Array;
}

export interface TakeOptions {
  /** Gives up waiting: the promise rejects with `aborted`. */
  readonly signal?: AbortSignal;
}

/** An entry as `entries` tells it. */
export interface QueueEntry<T> {
  /** Names the entry to `cancel`, `reprioritize` and `has` while it is in the queue. */
  readonly handle: number;
  readonly priority: number;
  readonly item: T;
}

/** `code` is stable. */
export type QueueErrorCode =
  | 'closed'
  /** The queue has as many entries as its capacity allows, or would have with the batch. */
  | 'full'
  /** An option is out of its range; the message names it. */
  | 'invalid-options'
  /** A priority that is not a number, or NaN. */
  | 'invalid-priority'
  /** A deadline, or the time given to `expire`, that is not a number, or NaN. */
  | 'invalid-deadline'
  /** A batch that is longer than one of its arrays, or not counted by a whole number. */
  | 'invalid-batch'
  /** No entry of the queue has the handle: it has left, or the handle is of another queue. */
  | 'unknown-handle'
  /** The entry is another thread's. */
  | 'foreign-handle'
  /** Other threads may have the queue: its first entry is taken by `dispatch`. */
  | 'shared'
  /** The wait was given up by its signal, whose reason is the `cause`. */
  | 'aborted';

export class QueueError extends Error {
  override readonly name: string = 'QueueError';
  readonly code: QueueErrorCode;
  /** With `full`: the queue's capacity. */
  readonly capacity: number | undefined;
  /** With errors of a batch's values: which one it was, counted from 0. */
  readonly index: number | undefined;

  constructor(
    code: QueueErrorCode,
    message: string,
    details: { cause?: unknown; capacity?: number; index?: number } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.capacity = details.capacity;
    this.index = details.index;
  }
}
