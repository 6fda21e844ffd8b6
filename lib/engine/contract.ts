/**
 * The contract that both engines implement: bytes in, bytes and cursors out.
 *
 * An engine never hands out or takes a parsed object, never calls user code (a watch's `wake` is
 * the one exception: it is called from the event loop, never from inside a call), and never waits.
 * Freshness, bookmarks, time-outs and Kubernetes' option rules are the business of `lib/cache` and
 * `lib/watch`.
 *
 * Thread rule: an EngineCache belongs to the thread that made it.
 *
 * Rules that every engine keeps:
 *  1. Revisions rise strictly; what is not above the last one is refused and changes nothing. They
 *     have 64 bits, as Kubernetes' resourceVersions: REVISION_MAX is the highest.
 *  2. A batch applies whole or not at all: everything that can fail is found before anything moves.
 *  3. A root is one revision: all that is read through it is the state at exactly that revision.
 *  4. A watch delivers every matching event once, in rising order, or ends with a reason.
 */

import type {
  FieldRequirement,
  LabelRequirement,
  ObjectKey,
  ShardSelector,
} from '../object/index.js';
import type { IndexDeclaration } from './indexes.js';
import type { ListUsage } from './list-usage.js';

/** The highest revision there is. */
export const REVISION_MAX: bigint = 2n ** 64n - 1n;

export type EngineKind = 'native' | 'javascript';

/** How much history a cache keeps for watches that resume and for reads at an older revision. */
export interface HistoryLimits {
  /** Events younger than this are kept as long as the other limits allow. Default 75 000. */
  readonly windowMs: number;
  /** This many events are kept whatever their age. Default 100. */
  readonly entriesMin: number;
  /** Never more events than this. Default 102 400. */
  readonly entriesMax: number;
  /**
   * Bytes of object versions that only the history keeps alive; beats entriesMin. Default 256 MiB.
   */
  readonly bytesMax: number;
}

export interface EngineCacheOptions {
  /** Named in errors and statistics: `widgets.example.com`. */
  readonly name: string;
  /** Number of writer shards that namespaces hash to. */
  readonly shardCount: number;
  /** Declared index fields, as paths such as `spec.nodeName`. */
  readonly fields: readonly string[];
  /** What lists find objects by. Default: all declared fields, and no label. */
  readonly indexes?: IndexDeclaration;
  readonly history: HistoryLimits;
  /** Milliseconds, monotonic enough to age events by. */
  readonly now: () => number;
}

/** A new version of an object. A `metadata.resourceVersion` inside the bytes is replaced. */
export interface Put extends ObjectKey {
  readonly type: 'put';
  /** The object's JSON. Copied; the caller keeps the array. */
  readonly object: Uint8Array;
  readonly revision: bigint;
}

/** The end of an object. Of an object that is not there it only raises the revision. */
export interface Delete extends ObjectKey {
  readonly type: 'delete';
  readonly revision: bigint;
}

export type Change = Put | Delete;

/** An object as it shall be, at a revision that the cache chooses. */
export interface ObjectWrite extends ObjectKey {
  /** The object's JSON, as in `Put`. Absent: the object's end. */
  readonly object?: Uint8Array;
}

/** All must hold; empty lists match everything. */
export interface EngineSelector {
  readonly labels: readonly LabelRequirement[];
  /** Only `metadata.name`, `metadata.namespace` and declared fields; an undeclared one throws. */
  readonly fields: readonly FieldRequirement[];
  /** Only objects of this shard (KEP-5866), of one range at least. Absent: all. */
  readonly shard?: ShardSelector;
}

/** Which objects a list or a watch is about, and the version in which they are served. */
export interface EngineScope {
  /** Absent: every namespace. `''` is the namespace of cluster-scoped types. */
  readonly namespace?: string;
  /** Absent: every name. */
  readonly name?: string;
  readonly selector?: EngineSelector;
  /** The `apiVersion` to serve instead of the stored one (conversion strategy None). */
  readonly apiVersion?: string;
}

/** How much of a state one call may look at. */
export interface LookLimit {
  /**
   * So many objects are looked at by one call of a list, or one drain of a watch's initial state: a
   * selector that hardly any object meets would hold the thread until the whole place was searched.
   * What is behind is left to the next call. At least 1. Absent: as many as it takes.
   */
  readonly looksMax?: number;
}

export interface ListQuery extends EngineScope, LookLimit {
  /** Only keys at or after this one, in key order. */
  readonly start?: ObjectKey;
  /** At most this many objects. Absent, 0 and below: all. */
  readonly limit?: number;
}

/**
 * An object as bytes. `object` is the caller's own and stays as it is; what is behind it in its
 * `buffer` is not.
 */
export interface EngineObject extends ObjectKey {
  readonly revision: bigint;
  readonly object: Uint8Array;
}

/** A list in progress: holds its root until closed or read to the end. */
export interface EngineList {
  /** The revision of the root that is listed. */
  readonly revision: bigint;
  /**
   * The last key of the page where more objects follow within the scope's namespace and name,
   * whether or not they meet the selector; needs a `limit`. It and `remaining` are known when the
   * page is settled.
   */
  readonly last: ObjectKey | undefined;
  /** How many objects follow the page; only with a `limit` and without a selector. */
  readonly remaining: number | undefined;
  /** Also of a list that is closed. */
  readonly usage: ListUsage;
  /**
   * Whether the last call ended because it had looked at `looksMax` objects: what it gave, be it
   * nothing, is not the end, and the next call goes on.
   */
  readonly isPaused: boolean;
  /**
   * Goes on with the search for the page of a list with `limit` and `looksMax`; tells whether the
   * page is settled. What reads does it too.
   */
  settle(): boolean;
  /**
   * The next bytes: whole objects joined by commas (a comma leads every chunk but the first), about
   * `maxBytes` long and never without an object, or `undefined` at the end. Looks at as many
   * objects as it takes.
   */
  read(maxBytes: number): Uint8Array | undefined;
  /**
   * The next bytes as `read` gives them, into the caller's memory from its beginning: as many whole
   * objects as fit. Tells how many bytes were written, 0 at the end and where the list was paused
   * before it found anything. Where not even the next object fits it writes nothing and tells the
   * bytes that are needed for it, negated: the list goes on with that object, in larger memory or
   * by `read`.
   */
  readInto(target: Uint8Array): number;
  /**
   * The next objects one by one, at most `maxObjects`; empty at the end, and where the list was
   * paused before it found anything.
   */
  readObjects(maxObjects: number): readonly EngineObject[];
  close(): void;
}

/** The state at one revision, held until closed. */
export interface EngineRoot {
  readonly revision: bigint;
  readonly generation: number;
  /** Number of objects, all namespaces. */
  readonly count: number;
  get(key: ObjectKey, apiVersion?: string): EngineObject | undefined;
  /** As that of the cache, of this state. */
  getInto(
    key: ObjectKey,
    target: Uint8Array,
    apiVersion?: string,
    revision?: BigUint64Array,
  ): number;
  list(query: ListQuery): EngineList;
  close(): void;
}

export interface WatchQuery extends EngineScope, LookLimit {
  /**
   * `state`: one ADDED per object of the current root in key order, then what follows that root.
   * `after`: every event above the revision; in the future: events up to it are dropped.
   */
  readonly from: { readonly type: 'state' } | { readonly type: 'after'; readonly revision: bigint };
  /**
   * Called from the event loop when there is something to drain or the watch has ended, at most
   * once between two drains.
   */
  readonly wake: () => void;
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface EngineEvent extends EngineObject {
  readonly type: WatchEventType;
}

/** Why a watch delivers nothing more. */
export type WatchEnd =
  /** The watch fell off the event log. */
  | 'expired'
  /** `replace` began a new generation. */
  | 'replaced'
  /** The cache was closed. */
  | 'closed';

export interface WatchBatch<Item> {
  readonly items: readonly Item[];
  /** Bytes in `items`. */
  readonly bytes: number;
  /** `initial` while the objects of a `state` watch are delivered; a batch never mixes both. */
  readonly phase: 'initial' | 'live';
  /**
   * Everything up to this revision that matches has been drained: 0 until the initial state has
   * been drained whole and `revision` with its last batch (which may be empty), then never above
   * the cache's revision nor as high as that of an event still to come.
   */
  readonly position: bigint;
  /**
   * Whether another drain would deliver more at once or, of an initial state with `looksMax`, go on
   * looking for it: then a batch may be empty.
   */
  readonly more: boolean;
  /** Set on the last batch; nothing follows. */
  readonly end: WatchEnd | undefined;
}

export interface EngineWatch {
  /** Where live events begin: strictly above this. The initial state is the state at it. */
  readonly revision: bigint;
  /** Whether the last drain ended because it had looked at `looksMax` objects: the next goes on. */
  readonly isPaused: boolean;
  /** Events with their objects. */
  drainEvents(maxEvents: number): WatchBatch<EngineEvent>;
  /**
   * Events as the lines of a JSON watch stream, `{"type":…,"object":…}` and a newline. The arrays
   * are shared with other watches: read only.
   */
  drainFrames(maxBytes: number): WatchBatch<Uint8Array>;
  close(): void;
}

export interface EngineStats {
  readonly kind: EngineKind;
  readonly objects: number;
  readonly shards: number;
  readonly namespaces: number;
  /** Bytes of current object versions. */
  readonly bytesLive: number;
  /** Bytes of versions that only history, snapshots or open reads keep. */
  readonly bytesRetained: number;
  /** Bytes allocated and not in use. */
  readonly bytesFree: number;
  /** Bytes allocated in all. */
  readonly bytesReserved: number;
  readonly generation: number;
  readonly revision: bigint;
  /** The lowest revision from which a watch may start. */
  readonly oldestRevision: bigint;
  /** Age of the oldest event kept, 0 where there is none. */
  readonly oldestAgeMs: number;
  readonly logEntries: number;
  /** Sequence numbers of the first entry kept and of the next one to come; they only rise. */
  readonly logStart: number;
  readonly logEnd: number;
  /** Roots held by snapshots, lists and the history. */
  readonly roots: number;
  readonly watches: number;
  readonly watchGroups: number;
  /** How far the slowest thread keeps memory from being freed; 0 where there is one thread. */
  readonly epochsBehind: number;
  /** Threads that have the cache open, its owner included. */
  readonly attachments: number;
  /** Values of current objects that are indexed, over all indexes. */
  readonly indexEntries: number;
}

/**
 * What another thread of the process attaches to a cache with. Plain data that structured cloning
 * keeps whole (`postMessage`, `workerData`). Whoever has it may read and write the cache.
 */
export interface EngineShare {
  readonly type: 'shardwatch.engine';
  /** In the registry of the process. */
  readonly id: number;
  /** Drawn by chance with the cache: a token is not to be guessed. */
  readonly nonce: bigint;
  /** Version of the border between TypeScript and C++ that the owner's engine was built with. */
  readonly abi: number;
  /** The cache's own. */
  readonly name: string;
  readonly fields: readonly string[];
  /** Names of its indexes, as in ListUsage, by their numbers. */
  readonly indexes: readonly string[];
}

/** What a thread that attaches brings along. */
export interface EngineAttachOptions {
  /**
   * The clock that events age by: one for all threads of a cache, so not `performance.now`, which
   * counts from the start of each thread.
   */
  readonly now: () => number;
}

export interface EngineCache {
  readonly kind: EngineKind;
  readonly generation: number;
  readonly revision: bigint;
  /** The lowest revision that `watch` accepts in `after`, and `root` as an exact one. */
  readonly oldestRevision: bigint;
  /**
   * Replaces everything by these objects at `revision`: a new generation, which ends all watches
   * and drops all history. `revision` may not be below the current one.
   */
  replace(objects: readonly Put[], revision: bigint): void;
  apply(changes: readonly Change[]): void;
  /**
   * Writes one object at the next revision, in a cache that numbers its own, and tells the
   * revision; 0 where nothing was written, because what is to be deleted is not there.
   *
   * With `expected`, only if that is the object's present revision (0: it must not exist); throws
   * `conflict` otherwise. The next revision is used up even where nothing is written.
   */
  write(change: ObjectWrite, expected?: bigint): bigint;
  /** Raises the revision without a change; at or below the current one it does nothing. */
  progress(revision: bigint): void;
  /**
   * Calls back from the event loop once the revision is reached or the cache is closed. For caches
   * that other threads write to: an engine that keeps a cache on one thread has no need of it.
   */
  onRevision?(revision: bigint, callback: () => void): void;
  get(key: ObjectKey, apiVersion?: string): EngineObject | undefined;
  /**
   * The object's bytes as `get` gives them, into the caller's memory from its beginning. Tells how
   * many bytes were written, 0 where there is no such object. Where it does not fit it writes
   * nothing and tells the bytes that are needed for it, negated.
   *
   * The first element of `revision` becomes the object's revision, whether or not the object fits.
   */
  getInto(
    key: ObjectKey,
    target: Uint8Array,
    apiVersion?: string,
    revision?: BigUint64Array,
  ): number;
  list(query: ListQuery): EngineList;
  /** The state now, or at exactly `revision`; throws `revision-expired` when that is gone. */
  root(revision?: bigint): EngineRoot;
  /** Throws `revision-expired` when `from` is older than the log. */
  watch(query: WatchQuery): EngineWatch;
  /**
   * Drops history that is over its limits; `apply` does it too, an idle cache needs a call. Also
   * keeps watches whose consumer stalls in the initial state from holding what history has left.
   */
  trim(): void;
  stats(): EngineStats;
  /**
   * A token with which other threads of the process attach to the cache. Throws `not-shareable`
   * where the engine keeps a cache on one thread.
   */
  share(): EngineShare;
  /** Ends all watches with `closed`. Calling anything but `stats` and `close` throws `closed`. */
  close(): void;
}
