/** What a test has a thread do, and what that answers; see worker.ts. */

import type { ObjectWrite } from '../../../lib/engine/index.js';

export type Command =
  | { readonly type: 'ready' }
  | { readonly type: 'get'; readonly namespace: string; readonly name: string }
  | { readonly type: 'write'; readonly change: ObjectWrite; readonly expected?: bigint }
  /** Objects of its own, put and deleted in turn; tells the last revision. */
  | { readonly type: 'churn'; readonly name: string; readonly writes: number }
  /** Adds one to a number that all threads count on, so many times; tells how often it had to
   *  try again. */
  | { readonly type: 'count'; readonly times: number }
  /** Opens a watch of the state, and follows it until `state` is asked for. */
  | { readonly type: 'follow' }
  /** What the watch has told, once it has come to the revision. */
  | { readonly type: 'state'; readonly revision: bigint }
  /** How the watch ended, once it has. */
  | { readonly type: 'end' }
  | { readonly type: 'await'; readonly revision: bigint }
  /** Opens what holds memory and answers while it is open. */
  | { readonly type: 'hold' }
  | { readonly type: 'stats' }
  | { readonly type: 'close' }
  | { readonly type: 'leave' };

export type Answer = { readonly value: unknown } | { readonly error: string };

/** The object that threads count on. */
export const COUNTER = { namespace: 'all', name: 'counter' };
