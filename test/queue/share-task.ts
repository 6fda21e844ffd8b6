/** What the threads of share.test.ts are told, and what they tell. */

import type { QueueShare } from '../../lib/queue/index.js';

export interface ShareTask {
  readonly share: QueueShare;
  readonly seed: number;
  readonly thread: number;
}

export type Command =
  /** Enqueues an item with that priority; tells the handle. */
  | { readonly type: 'enqueue'; readonly item: string; readonly priority: number }
  /** Tells the next item that was dispatched to this thread. */
  | { readonly type: 'take' }
  /** Tells how many were dispatched. */
  | { readonly type: 'dispatch'; readonly max: number }
  /** Enqueues, cancels, dispatches and takes at random: tells what came back that should not. */
  | { readonly type: 'churn'; readonly items: number }
  /** The same, without an end, until it is terminated. */
  | { readonly type: 'churnForEver' }
  /** Ends by itself, with all that is open. */
  | { readonly type: 'leave' };

export type Answer = { readonly value: unknown } | { readonly error: string };
