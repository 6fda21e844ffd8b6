/** Options, results and errors of WatchCache. */

import type { EngineKind, EngineStats, HistoryLimits } from '../engine/index.js';
import type { FieldRequirement, LabelRequirement } from '../object/index.js';
import type { Storage } from '../storage/index.js';

/** How `resourceVersion` is meant (KEP-1904, KEP-2340; upstream's resourceVersionMatch). */
export type ResourceVersionMatch = 'NotOlderThan' | 'Exact';

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delayMs`; the timer does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export interface WatchCacheOptions {
  /** Names the cache in errors and statistics. Default `objects`. */
  readonly name?: string;
  readonly engine?: EngineKind | 'auto';
  /** Writer shards. Default 16. */
  readonly shardCount?: number;
  /** Fields that field selectors may name besides `metadata.name` and `metadata.namespace`. */
  readonly fields?: readonly string[];
  /** Overrides of the history's limits, which default to upstream's. */
  readonly history?: Partial<HistoryLimits>;
  /**
   * The storage that feeds the cache, and the key prefix of its objects (ends in `/`). Without it the
   * cache is stand-alone: it assigns the revisions itself.
   */
  readonly feed?: { readonly storage: Storage; readonly prefix: string; readonly namespaced: boolean };
  /** How long a read waits for freshness. Default 3 000 ms. */
  readonly freshnessTimeoutMs?: number;
  readonly clock?: Clock;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
}

/** Selectors as text in Kubernetes' syntax, or as parsed requirements. */
export interface Selectors {
  readonly labelSelector?: string | readonly LabelRequirement[];
  readonly fieldSelector?: string | readonly FieldRequirement[];
}

export interface GetOptions {
  /** `''` or absent: the newest acknowledged; `'0'`: whatever is there; N: not older than N. */
  readonly resourceVersion?: string;
  readonly apiVersion?: string;
  readonly signal?: AbortSignal;
}

/** Upstream's list options; the meaning of each combination is in docs/list-watch.md. */
export interface CacheListOptions extends Selectors {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: ResourceVersionMatch;
  readonly limit?: number;
  /** The `continue` of the page before. */
  readonly continue?: string;
  readonly apiVersion?: string;
  readonly signal?: AbortSignal;
}

export interface CacheWatchOptions extends Selectors {
  readonly namespace?: string;
  readonly name?: string;
  /**
   * `''`, absent or `'0'`: the present state as ADDED events, then changes; N: changes above N.
   */
  readonly resourceVersion?: string;
  /** Bookmarks every minute and shortly before the deadline. Default false. */
  readonly allowBookmarks?: boolean;
  /** The stream ends cleanly after this many milliseconds. Absent: never. */
  readonly timeoutMs?: number;
  readonly apiVersion?: string;
  readonly signal?: AbortSignal;
}

/** `code` is stable; the REST layer maps each to a Status. */
export type CacheErrorCode =
  | 'closed'
  /** The cache is not filled yet or is being filled anew; `retryAfterSeconds` says when to ask. */
  | 'not-ready'
  | 'invalid-resource-version'
  | 'invalid-continue'
  | 'invalid-selector'
  | 'invalid-options'
  | 'field-not-supported'
  /** An exact revision, or the start of a watch, that history no longer has. */
  | 'expired'
  /** The page that a continue token points to is gone; `continue` starts over at the same key. */
  | 'continue-expired'
  /** The freshness wait ran out. */
  | 'resource-version-too-large'
  | 'revision-not-rising'
  | 'invalid-object'
  | 'aborted';

export class CacheError extends Error {
  override readonly name: string = 'CacheError';
  readonly code: CacheErrorCode;
  /** With `continue-expired`: a token that goes on, inconsistently, at the newest revision. */
  readonly continue: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** With `resource-version-too-large` and `expired`: what was asked for and what there is. */
  readonly requested: string | undefined;
  readonly current: string | undefined;

  constructor(
    code: CacheErrorCode,
    message: string,
    details: {
      cause?: unknown;
      continue?: string;
      retryAfterSeconds?: number;
      requested?: string;
      current?: string;
    } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.continue = details.continue;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.requested = details.requested;
    this.current = details.current;
  }
}

export interface CacheStats extends Omit<EngineStats, 'revision' | 'oldestRevision'> {
  readonly resourceVersion: string;
  readonly oldestResourceVersion: string;
}
