/** Options, results and errors of WatchCache. */

import type { EngineKind, EngineStats, HistoryLimits, IndexDeclaration } from '../engine/index.js';
import type {
  FieldRequirement,
  LabelRequirement,
  ShardSelector,
  UnknownObject,
} from '../object/index.js';
import type { Clock, Storage } from '../storage/index.js';
import type { CachedObject, WatchLoss } from '../watch/index.js';
import type { CacheObserver } from './observer.js';
import type { CacheShare } from './share.js';

export type { Clock, Timer } from '../storage/index.js';

/** How `resourceVersion` is meant (KEP-1904, KEP-2340; upstream's resourceVersionMatch). */
export type ResourceVersionMatch = 'NotOlderThan' | 'Exact';

export interface WatchCacheOptions {
  /**
   * Names the cache in errors, statistics and continue tokens: caches over the same objects have to
   * have the same name to take each other's tokens. Default `objects`.
   */
  readonly name?: string;
  readonly engine?: EngineKind | 'auto';
  /** Writer shards. Default 16. */
  readonly shardCount?: number;
  /** Fields that field selectors may name besides `metadata.name` and `metadata.namespace`. */
  readonly fields?: readonly string[];
  /**
   * By what lists and watches' initial events find objects without looking at all of them, where a
   * selector demands a value. `fields` are some of the declared ones, default all; `labels` are
   * keys, default none. An index takes about 120 bytes of memory for each object with a value.
   */
  readonly indexes?: Partial<IndexDeclaration>;
  /** Overrides of the history's limits, which default to upstream's. */
  readonly history?: Partial<HistoryLimits>;
  /**
   * The storage that feeds the cache, and the key prefix of its objects (ends in `/`). Without it
   * the cache is stand-alone: it assigns the revisions itself.
   *
   * With a `share`, the owner feeds the cache; what is given here is the same storage as this
   * thread reaches it (ThreadStorage, say). It answers what needs the storage itself: revisions
   * that history no longer has, and reads for which the cache is late.
   */
  readonly feed?: {
    readonly storage: Storage;
    readonly prefix: string;
    readonly namespaced: boolean;
  };
  /**
   * Stand-alone: the cache begins as one that is still being filled. Reads and watches are refused
   * with `not-ready` until the first `replace`. Default false: it is empty, and answers.
   */
  readonly pending?: boolean;
  /** Stand-alone: whether objects live in namespaces. Default: each as it says itself. */
  readonly namespaced?: boolean;
  /**
   * Attaches to a cache of another thread: what its `share` gave. Options that its owner has
   * settled (all but `feed`, `freshnessTimeoutMs`, `freshnessFallback`, `legacyIgnoreLimitAtZero`,
   * `refuseFutureWatches`, `observer`, `clock` and `random`) are left out then; the clock has to
   * tell the same time as the owner's.
   */
  readonly share?: CacheShare;
  /**
   * Whether a LIST with resourceVersion `'0'` gives everything, whatever its `limit`, as upstream's
   * cache does: clients (Go reflectors) ask for pages and count on getting none. Default true.
   */
  readonly legacyIgnoreLimitAtZero?: boolean;
  /** How long a read waits for freshness. Default 3 000 ms. */
  readonly freshnessTimeoutMs?: number;
  /**
   * Who answers a LIST of the newest state when the cache does not get fresh in time. Default
   * `storage`; in a thread that attached without a `feed` that is `resource-version-too-large`.
   */
  readonly freshnessFallback?: FreshnessFallback;
  /**
   * How often a fed cache is compared with its storage, object by object and byte by byte; one that
   * differs is filled anew. Up to half of it more is waited each time. 0: never by itself. Default
   * 300 000 ms, as upstream.
   */
  readonly consistencyCheckIntervalMs?: number;
  /** Is told of what happens in the cache, for metrics and logs. */
  readonly observer?: CacheObserver;
  /**
   * Whether a watch from a resourceVersion that is still to come waits for it only as long as a
   * read does, and is then refused with `resource-version-too-large`. Default false, as upstream:
   * the stream is open at once, and silent until then.
   */
  readonly refuseFutureWatches?: boolean;
  /**
   * Stand-alone: seconds after which an object that was put without a `ttlSeconds` of its own
   * deletes itself. Default 0: never.
   */
  readonly ttlSeconds?: number;
  readonly clock?: Clock;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
}

/**
 * `storage` reads the list from there, as upstream does; `refuse` rejects with `not-fresh`, so that
 * lists do not pile up on a storage that is slow already (upstream's feature
 * ConsistentListFromCacheSkipTimeoutFallback). A GET is read from the storage either way: that is
 * one key.
 */
export type FreshnessFallback = 'storage' | 'refuse';

/** An object as callers hand it in: JSON as bytes or text, or a value for `JSON.stringify`. */
export type ObjectInput<T> = Uint8Array | string | T;

/** A new version of an object; the object's metadata says which one it is. */
export interface CachePut<T = UnknownObject> {
  readonly type: 'put';
  readonly object: ObjectInput<T>;
  /**
   * The object's namespace and name, when they are known: bytes then need not be searched for them.
   * They must be those in the object.
   */
  readonly namespace?: string;
  readonly name?: string;
  /** The version's revision, above all before it. Default: the next one. */
  readonly resourceVersion?: string;
  /** Seconds until the object deletes itself; 0: never. Default: the cache's `ttlSeconds`. */
  readonly ttlSeconds?: number;
}

/** The end of an object; of one that is not there, it only uses up a revision. */
export interface CacheDelete {
  readonly type: 'delete';
  /** Default `''`: a cluster-scoped object. */
  readonly namespace?: string;
  readonly name: string;
  /** The deletion's revision, above all before it. Default: the next one. */
  readonly resourceVersion?: string;
}

export type CacheChange<T = UnknownObject> = CachePut<T> | CacheDelete;

/** Options of `replace`. */
export interface ReplaceOptions {
  /**
   * The revision of the new state, above the present one and not below any object's. Default: the
   * lowest that will do.
   */
  readonly resourceVersion?: string;
}

/** An event of the founding articles' calls. */
export type CacheEvent<T = UnknownObject> =
  | {
      readonly type: 'ADDED' | 'MODIFIED';
      readonly object: ObjectInput<T>;
      readonly ttlSeconds?: number;
    }
  | { readonly type: 'DELETED' };

/** An event as `eventsSince` tells it. */
export interface RecordedEvent<T = UnknownObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resourceVersion: string;
  readonly object: CachedObject<T>;
}

/** Selectors as text in Kubernetes' syntax, or as parsed requirements. */
export interface Selectors {
  readonly labelSelector?: string | readonly LabelRequirement[];
  readonly fieldSelector?: string | readonly FieldRequirement[];
  /** Only a part of the objects, which are divided by hashes (KEP-5866). Default: all. */
  readonly shardSelector?: string | ShardSelector;
}

/** A signal, or a function that makes it: called only where something has to be waited for. */
export type SignalSource = AbortSignal | (() => AbortSignal);

export interface GetOptions {
  /** `''` or absent: the newest acknowledged; `'0'`: whatever is there; N: not older than N. */
  readonly resourceVersion?: string;
  /** Serves the object with this `apiVersion` instead of the stored one. */
  readonly apiVersion?: string;
  /** Gives up waiting: the read rejects with `aborted`. */
  readonly signal?: SignalSource;
}

/** Upstream's list options; the meaning of each combination is in docs/list-watch.md. */
export interface CacheListOptions extends Selectors {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: ResourceVersionMatch;
  /**
   * At most this many objects. Absent, 0 and below: all; with resourceVersion `'0'` too, unless
   * `legacyIgnoreLimitAtZero` is false.
   */
  readonly limit?: number;
  /** The `continue` of the page before; selectors and namespace must be the same as there. */
  readonly continue?: string;
  /** Serves objects with this `apiVersion` instead of the stored one. */
  readonly apiVersion?: string;
  /** Gives up waiting: the list rejects with `aborted`. One that was given out is not affected. */
  readonly signal?: AbortSignal;
}

export interface CacheWatchOptions extends Selectors {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** Only objects of this name. Absent: all. */
  readonly name?: string;
  /**
   * `''`, absent or `'0'`: the present state as ADDED events, then changes; N: changes above N.
   * `sendInitialEvents` says otherwise where it is given.
   */
  readonly resourceVersion?: string;
  /**
   * Whether the stream begins with the state as ADDED events (KEP-3157). `true`, with any
   * `resourceVersion`: the state, not older than that, and where bookmarks are allowed one bookmark
   * that tells its end. `false`: only changes, above what `resourceVersion` says (`''`: what the
   * storage has acknowledged, `'0'`: what the cache has). Absent: as `resourceVersion` says.
   */
  readonly sendInitialEvents?: boolean;
  /** Bookmarks every minute and shortly before the deadline. Default false. */
  readonly allowBookmarks?: boolean;
  /** The stream ends cleanly after this many milliseconds. Absent: never. */
  readonly timeoutMs?: number;
  /** Serves objects with this `apiVersion` instead of the stored one. */
  readonly apiVersion?: string;
  /** Before the stream is open, `watch` rejects with `aborted`; after that the stream ends. */
  readonly signal?: AbortSignal;
}

/** What a snapshot lists; a `continue` is one that the same snapshot gave. */
export interface SnapshotListOptions extends Selectors {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** At most this many objects. Absent, 0 and below: all. */
  readonly limit?: number;
  readonly continue?: string;
  /** Serves objects with this `apiVersion` instead of the stored one. */
  readonly apiVersion?: string;
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
  /** The same for a LIST that may not be read from the storage then; see FreshnessFallback. */
  | 'not-fresh'
  | 'revision-not-rising'
  | 'invalid-object'
  | 'aborted';

export class CacheError extends Error {
  override readonly name: string = 'CacheError';
  readonly code: CacheErrorCode;
  /** With `continue-expired`: a token that goes on, inconsistently, at the newest revision. */
  readonly continue: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /**
   * With `resource-version-too-large`, `not-fresh` and `expired`: the revision that was asked for.
   */
  readonly requested: string | undefined;
  /**
   * With `resource-version-too-large` and `not-fresh` the newest revision that there is; with
   * `expired` the oldest that a watch or a snapshot may start from, where it is known.
   */
  readonly current: string | undefined;
  /** With `invalid-object` and the like: which change of a batch it was, counted from 0. */
  readonly index: number | undefined;

  constructor(
    code: CacheErrorCode,
    message: string,
    details: {
      cause?: unknown;
      continue?: string;
      retryAfterSeconds?: number;
      requested?: string;
      current?: string;
      index?: number;
    } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.continue = details.continue;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.requested = details.requested;
    this.current = details.current;
    this.index = details.index;
  }
}

export interface CacheStats extends Omit<EngineStats, 'revision' | 'oldestRevision'> {
  readonly resourceVersion: string;
  readonly oldestResourceVersion: string;
  /** Events that have come in since the cache was made: from its storage, or written to it. */
  readonly eventsReceived: number;
  /** The same with the times that a storage told only how far it is. */
  readonly eventsDispatched: number;
  /**
   * Events that new watches, of any thread, were given before they were up to date: the initial
   * objects, and what they had to catch up with.
   */
  readonly eventsReplayed: number;
  /** Watches that the cache has ended, in any thread, by the reason why, since the start. */
  readonly watchesTerminated: Readonly<Record<WatchLoss, number>>;
}
