/**
 * What two threads say to each other about a storage that one of them owns.
 *
 *     thread ──▶ call, watch, ask, unwatch            (a number names each call and each watch)
 *     owner  ──▶ result or failure of a call; changes, progress and end of a watch
 *
 * Bytes are copied once, into a buffer of their own that changes hands: a message with a view of a
 * larger buffer would carry all of that.
 */

import type { MessagePort } from 'node:worker_threads';

import {
  CorruptValuesError,
  StorageError,
  type CorruptValue,
  type ListOptions,
  type StorageChange,
  type StorageErrorCode,
  type Write,
} from '../contract.js';

export type StorageCall =
  | { readonly type: 'committed' }
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'list'; readonly prefix: string; readonly options: ListOptions }
  | { readonly type: 'write'; readonly write: Write }
  | { readonly type: 'compact'; readonly revision: bigint };

export type ToOwner =
  | { readonly type: 'call'; readonly id: number; readonly call: StorageCall }
  | { readonly type: 'watch'; readonly id: number; readonly prefix: string; readonly after: bigint }
  /** Asks a watch for its progress. */
  | { readonly type: 'ask'; readonly id: number }
  | { readonly type: 'unwatch'; readonly id: number };

export type FromOwner =
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly failure: Failure }
  | { readonly type: 'changes'; readonly id: number; readonly changes: readonly StorageChange[] }
  | { readonly type: 'progress'; readonly id: number; readonly revision: bigint }
  | { readonly type: 'end'; readonly id: number; readonly failure: Failure };

/** What a thread reaches another one's storage with; sent by `postMessage`, with its port. */
export interface StorageShare {
  readonly type: 'shardwatch.storage';
  readonly kind: string;
  /** Moves to the thread that it is sent to: it belongs among the things that are transferred. */
  readonly port: MessagePort;
  /** See StorageRevisions. */
  readonly revisions: SharedArrayBuffer;
  /** Whether every commit is told there at once; otherwise the owner is asked how far it is. */
  readonly tellsCommits: boolean;
}

/** An error as it crosses. @hidden */
export interface Failure {
  /** Absent where it is no StorageError. */
  readonly code?: StorageErrorCode;
  /** Whether it tells of a faulty argument. */
  readonly isRange: boolean;
  readonly message: string;
  /** What can't be read, where that is what failed. */
  readonly corrupt?: { readonly values: readonly CorruptValue[]; readonly isTruncated: boolean };
}

/** What `errorOf` makes the error of again, in another thread. @hidden */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const isRange = error instanceof RangeError;
  if (!(error instanceof StorageError)) return { isRange, message };
  const { code } = error;
  if (!(error instanceof CorruptValuesError)) return { code, isRange, message };
  const { values, isTruncated } = error;
  return { code, isRange, message, corrupt: { values, isTruncated } };
}

/** Of the same class, code and message; nothing else of what it was. @hidden */
export function errorOf({ code, isRange, message, corrupt }: Failure): Error {
  if (corrupt !== undefined) {
    const { values, isTruncated } = corrupt;
    return new CorruptValuesError(values, { isTruncated, message });
  }
  if (code !== undefined) return new StorageError(code, message);
  return isRange ? new RangeError(message) : new Error(message);
}

/** A copy that can change hands; its buffer is added to `transfers`. */
export function carried(bytes: Uint8Array, transfers: ArrayBuffer[]): Uint8Array {
  const copy = new Uint8Array(bytes);
  transfers.push(copy.buffer);
  return copy;
}
