/**
 * What a cache tells of its work, for metrics and logs: of what happens now and then as it happens,
 * while what happens with every event is counted in `stats()`.
 */

import type { ListUsage } from '../engine/index.js';
import type { ConsistencyReport } from './consistency-checker.js';

/** All callbacks come from the event loop of the cache's thread. They must not throw. */
export interface CacheObserver {
  /** A fed cache was filled from its storage, the first time or anew. */
  onFilled?(durationMs: number): void;
  /** An attempt to fill it failed; it is tried again. */
  onFillFailed?(cause: unknown): void;
  /** A fed cache lost touch with its storage, or was found to differ from it: it is filled anew. */
  onLost?(cause: unknown): void;
  /**
   * A read that names a revision, or wants the newest, has waited for the cache to reach it: this
   * long, 0 where it was there already. Also called where the wait was in vain.
   */
  onFreshnessWait?(durationMs: number): void;
  /** A LIST of the newest state is over; see `ConsistentRead`. */
  onConsistentRead?(read: ConsistentRead): void;
  /** A LIST that the cache has answered was read or closed. */
  onList?(usage: ListUsage): void;
  /** A watch that asked for them has been given its initial events, and the bookmark behind. */
  onWatchList?(list: WatchList): void;
  /** A fed cache was compared with its storage. */
  onConsistencyCheck?(report: ConsistencyReport): void;
}

/** How a LIST of the newest state ended. */
export interface ConsistentRead {
  /** Whether it was answered. */
  readonly isAnswered: boolean;
  /**
   * Whether the storage had to answer because the cache did not get fresh in time; `skipped` where
   * it was refused for that (see FreshnessFallback).
   */
  readonly fallback: 'true' | 'false' | 'skipped';
}

/** A LIST in the form of a watch (`sendInitialEvents`): what it is of, and how long it took. */
export interface WatchList {
  readonly apiVersion: string | undefined;
  /** Absent: all namespaces. */
  readonly namespace: string | undefined;
  /** Absent: all names. */
  readonly name: string | undefined;
  /** From the call of `watch` to when the bookmark was handed out. */
  readonly durationMs: number;
}
