/**
 * How the threads of a process share a cache: its objects through the engine's memory, the little
 * that only its owner knows through messages.
 *
 *     owner ──▶ state (shared memory, and a message when it changes, with the reason), answers
 *     attached ──▶ what is your state?   what has your storage acknowledged?
 *                  I wait for this revision   these objects have a time to live
 *
 * Rules:
 *  1. A thread that is attached reads and watches as the owner does, and writes to a cache that is
 *     stand-alone. Objects are never sent.
 *  2. Messages go through a BroadcastChannel that is named by the cache's secret, so that a token
 *     is plain data; nobody's event loop is kept alive by it, but by a question that waits.
 */

import type { EngineShare } from '../engine/index.js';
import type { Failure } from '../storage/index.js';
import type { DueObject } from './expiry.js';
import type { CacheState } from './readiness.js';

/**
 * What another thread attaches to a cache with: plain data for `postMessage` and `workerData`.
 * Whoever has it may read, watch and, where the cache is stand-alone, write.
 */
export interface CacheShare {
  readonly type: 'shardwatch.cache';
  readonly engine: EngineShare;
  /** Of a stand-alone cache; see WatchCacheOptions. */
  readonly ttlSeconds: number;
  /** Of a cache that is fed by a storage. */
  readonly feed: { readonly namespaced: boolean } | undefined;
  /** Of a stand-alone cache; see WatchCacheOptions. */
  readonly namespaced: boolean | undefined;
  /** The owner's state; see SharedState. */
  readonly state: SharedArrayBuffer;
  /** See WatchCounts. */
  readonly watchCounts: SharedArrayBuffer;
}

/** An object that an attached thread has put, and how long it has to live. */
export interface PutObject extends DueObject {
  readonly ttlSeconds: number;
}

/** From an attached thread to the owner. */
export type AttachedMessage =
  /** It has just come, and is to be told the state. */
  | { readonly to: 'owner'; readonly type: 'attach'; readonly from: string }
  | {
      readonly to: 'owner';
      readonly type: 'ask';
      readonly from: string;
      readonly question: number;
    }
  /** A read waits for the revision: the owner sees to it that the storage tells of it. */
  | { readonly to: 'owner'; readonly type: 'await'; readonly revision: bigint }
  | { readonly to: 'owner'; readonly type: 'put'; readonly objects: readonly PutObject[] };

/** From the owner to one attached thread, or to all of them. */
export type OwnerMessage =
  | {
      readonly to: string;
      readonly type: 'answer';
      readonly question: number;
      /** Absent where the storage could not tell; then there is an `error`. */
      readonly revision?: bigint;
      readonly error?: string;
    }
  /** The state is in shared memory; `failure` is why it is pending, where that is known. */
  | { readonly to: string; readonly type: 'state'; readonly failure?: Failure };

export type CacheMessage = AttachedMessage | OwnerMessage;

/** The name of the channel that all threads of a cache listen to. */
export function channelName({ id, nonce }: EngineShare): string {
  return `shardwatch.cache.${id}.${nonce}`;
}

const STATES: readonly CacheState[] = ['pending', 'ready', 'stopped'];

/** Of the state, padded, and of the compacted revision. */
const STATE_BYTES = 16;
const COMPACTED_OFFSET = 8;

/** What of its owner's every thread sees at once: its state, and what its storage has compacted. */
export class SharedState {
  readonly buffer: SharedArrayBuffer;
  readonly #state: Int32Array;
  readonly #compacted: BigUint64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(STATE_BYTES)) {
    this.buffer = buffer;
    this.#state = new Int32Array(buffer, 0, 1);
    this.#compacted = new BigUint64Array(buffer, COMPACTED_OFFSET, 1);
  }

  /** Exact reads below it are refused; 0 where there is no storage. */
  get compacted(): bigint {
    return Atomics.load(this.#compacted, 0);
  }

  set compacted(revision: bigint) {
    Atomics.store(this.#compacted, 0, revision);
  }

  get(): CacheState {
    return STATES[Atomics.load(this.#state, 0)]!;
  }

  set(state: CacheState): void {
    Atomics.store(this.#state, 0, STATES.indexOf(state));
  }
}
