/**
 * What a cache consists of: made whole for the thread that owns it, or around the engine's shared
 * memory for a thread that attaches.
 *
 *     owner      engine, readiness, freshness, reader, watcher, writer or feed, (link)
 *     attached   the same engine,   "       "         "       "     writer,       link
 */

import {
  attachEngineCache,
  createEngineCache,
  type EngineCache,
  EngineError,
} from '../engine/index.js';
import { BookmarkScheduler } from '../watch/index.js';
import { AttachedLink } from './attached-link.js';
import { ConsistencyChecker } from './consistency-checker.js';
import { CacheError, type CacheStats } from './contract.js';
import { translated } from './engine-error.js';
import { Expiry } from './expiry.js';
import { Feed } from './feed.js';
import { FreshnessGate } from './freshness.js';
import type { CheckedOptions } from './options.js';
import { OwnerLink } from './owner-link.js';
import { type CacheState, Readiness } from './readiness.js';
import { Reader } from './reader.js';
import type { SelectionRules } from './selection.js';
import type { CacheShare, PutObject } from './share.js';
import { WatchCounts } from './watch-counts.js';
import { Watcher } from './watcher.js';
import { Writer } from './writer.js';

/** The revision of an empty stand-alone cache: 0 never names a state. */
export const FIRST_REVISION = 1n;

export type CacheCounts = Pick<
  CacheStats,
  'eventsReceived' | 'eventsDispatched' | 'eventsReplayed' | 'watchesTerminated'
>;

export interface CacheParts<T> {
  readonly name: string;
  readonly engine: EngineCache;
  readonly readiness: Readiness;
  readonly rules: SelectionRules;
  readonly reader: Reader<T>;
  readonly watcher: Watcher<T>;
  /** `undefined` in a cache that is fed by a storage. */
  readonly writer: Writer<T> | undefined;
  /** Refuses reads until the next `replace`. `undefined` in an attached thread. */
  readonly suspend: ((cause: unknown) => void) | undefined;
  /** `undefined` where there is no storage, or none in this thread. */
  readonly checker: ConsistencyChecker | undefined;
  counts(): CacheCounts;
  /** Drops history that is over its limits; called from time to time. */
  trim(): void;
  /** Throws an EngineError `not-shareable` for an engine that keeps a cache on one thread. */
  share(): CacheShare;
  close(): void;
}

/** The parts that owner and attached threads have alike. */
interface ReadingOptions {
  /** The cache's, as its owner has it. */
  readonly name: string;
  readonly engine: EngineCache;
  readonly checked: CheckedOptions;
  readonly fields: readonly string[];
  readonly namespaced: boolean | undefined;
  readonly readiness: Readiness;
  readonly committed: (signal?: AbortSignal) => bigint | Promise<bigint>;
  readonly compacted: () => bigint;
  readonly watchCounts: WatchCounts;
  /** A read begins to wait for the revision. */
  readonly awaited: (revision: bigint) => void;
}

/** A cache of this thread's own. Throws what `createEngineCache` throws. */
export function makeParts<T>(checked: CheckedOptions): CacheParts<T> {
  const { name, clock, feed, fields, namespaced, ttlSeconds } = checked;
  const engine = makeEngine(checked);
  const isFilled = feed === undefined && !checked.pending;
  const readiness = new Readiness(clock, isFilled ? 'ready' : 'pending');
  const committed = (): bigint | Promise<bigint> =>
    feed === undefined ? engine.revision : feed.storage.committedRevision();
  const compacted = (): bigint => feed?.storage.compactedRevision() ?? 0n;
  const awaited = (): void => follower?.awaited();
  const watchCounts = new WatchCounts();
  const common = { name, engine, checked, fields, namespaced, readiness, watchCounts };
  const reading = makeReading<T>({ ...common, committed, compacted, awaited });
  const links: OwnerLink[] = [];
  const writer = feed === undefined ? makeWriter<T>(engine, checked, reading, links) : undefined;
  const follower = feed === undefined ? undefined : makeFeed(engine, checked, reading, links);
  const checker = follower && makeChecker(engine, checked, readiness, follower);
  return {
    ...reading,
    name,
    engine,
    writer,
    checker,
    counts: () => countsOf(engine, watchCounts, follower),
    trim: () => {
      engine.trim();
      links[0]?.setCompacted(compacted());
    },
    suspend: (cause) => {
      readiness.setPending(cause);
      links[0]?.setState('pending', cause);
      reading.watcher.endAll('replaced');
    },
    share: () => {
      const token = engine.share();
      const onPut = (objects: readonly PutObject[]): void => writer?.keepTime(objects);
      // Whether it gets there, the thread that waits finds out itself.
      const onAwait = (revision: bigint): void =>
        void reading.freshness.wait(revision).catch(() => undefined);
      const { state, cause } = readiness;
      links[0] ??= new OwnerLink({ engine: token, state, cause, committed, onPut, onAwait });
      links[0].setCompacted(compacted());
      return {
        type: 'shardwatch.cache',
        engine: token,
        ttlSeconds,
        feed: feed === undefined ? undefined : { namespaced: feed.namespaced },
        namespaced: feed === undefined ? namespaced : undefined,
        state: links[0].state.buffer,
        watchCounts: watchCounts.buffer,
      };
    },
    close: () => {
      links[0]?.close();
      follower?.close();
      checker?.close(new CacheError('closed', 'the cache was closed'));
      writer?.close();
      closeReading(reading);
      engine.close();
    },
  };
}

function makeEngine({ clock, engine, ...options }: CheckedOptions): EngineCache {
  const { name, shardCount, fields, indexes, history } = options;
  const now = (): number => clock.now();
  return createEngineCache(engine, { name, shardCount, fields, indexes, history, now });
}

function makeWriter<T>(
  engine: EngineCache,
  { clock, ttlSeconds }: CheckedOptions,
  { freshness, readiness }: Reading<T>,
  links: readonly OwnerLink[],
): Writer<T> {
  engine.replace([], FIRST_REVISION);
  return new Writer<T>({
    engine,
    ttlSeconds,
    makeExpiry: (remove) => new Expiry(clock, remove),
    onAdvance: () => freshness.advance(),
    onReplaced: () => {
      readiness.setReady();
      links[0]?.setState('ready');
    },
  });
}

/** Begins to fill the cache. `links` has the link to other threads, once there is one. */
function makeFeed<T>(
  engine: EngineCache,
  { clock, feed, observer, random }: CheckedOptions,
  { freshness, readiness, watcher }: Reading<T>,
  links: readonly OwnerLink[],
): Feed {
  const follower = new Feed({
    ...feed!,
    engine,
    clock,
    random,
    isAwaited: () => freshness.size > 0,
    onAdvance: () => {
      links[0]?.setCompacted(feed!.storage.compactedRevision());
      freshness.advance();
    },
    onReady: (durationMs) => {
      readiness.setReady();
      links[0]?.setState('ready');
      observer.onFilled?.(durationMs);
    },
    onFillFailed: (cause) => observer.onFillFailed?.(cause),
    onLost: (cause) => {
      if (readiness.state === 'ready') observer.onLost?.(cause);
      readiness.setPending(cause);
      links[0]?.setState('pending', cause);
      watcher.endAll('replaced');
    },
  });
  follower.start();
  return follower;
}

function makeChecker(
  engine: EngineCache,
  { clock, consistencyCheckIntervalMs, feed, fields, observer, random }: CheckedOptions,
  readiness: Readiness,
  follower: Feed,
): ConsistencyChecker {
  return new ConsistencyChecker({
    engine,
    source: { ...feed!, fields },
    readiness,
    clock,
    random,
    intervalMs: consistencyCheckIntervalMs,
    onReport: (report) => observer.onConsistencyCheck?.(report),
    onDifference: (cause) => follower.restart(cause),
  });
}

/** A cache of another thread. Throws what `attachEngineCache` throws, as CacheErrors. */
export function attachParts<T>(share: CacheShare, checked: CheckedOptions): CacheParts<T> {
  const { clock, feed, freshnessTimeoutMs } = checked;
  const engine = translated(() => attachEngineCache(share.engine, { now: () => clock.now() }));
  const link = new AttachedLink({
    share,
    clock,
    timeoutMs: freshnessTimeoutMs,
    onState: (cause) => followOwner(cause),
  });
  const state = (): CacheState => stateOf(link, engine);
  const readiness = new Readiness(clock, state() === 'ready' ? 'ready' : 'pending', state);
  const watchCounts = new WatchCounts(share.watchCounts);
  const reading = makeReading<T>({
    name: share.engine.name,
    engine,
    checked,
    fields: share.engine.fields,
    namespaced: share.feed?.namespaced ?? share.namespaced,
    readiness,
    watchCounts,
    committed: (signal) => {
      if (feed !== undefined) return feed.storage.committedRevision();
      return share.feed === undefined ? engine.revision : link.committed(signal);
    },
    compacted: () => {
      const known = feed?.storage.compactedRevision() ?? 0n;
      return known > link.compacted ? known : link.compacted;
    },
    awaited: (revision) => {
      if (share.feed !== undefined) link.awaited(revision);
    },
  });
  const followOwner = (cause: unknown): void => {
    const now = readiness.state;
    if (now === 'pending') {
      readiness.setPending(cause);
      reading.watcher.endAll('replaced');
    }
    if (now === 'stopped') closeReading(reading);
  };
  return {
    ...reading,
    name: share.engine.name,
    engine,
    writer: share.feed === undefined ? attachedWriter(share, engine, reading, link) : undefined,
    checker: undefined,
    counts: () => countsOf(engine, watchCounts, undefined),
    suspend: undefined,
    trim: () => engine.trim(),
    share: () => share,
    close: () => {
      link.close(new CacheError('closed', 'the cache was closed'));
      closeReading(reading);
      engine.close();
    },
  };
}

function attachedWriter<T>(
  { ttlSeconds }: CacheShare,
  engine: EngineCache,
  { freshness }: Reading<T>,
  link: AttachedLink,
): Writer<T> {
  const onPut = (objects: readonly PutObject[]): void => link.put(objects);
  return new Writer<T>({ engine, ttlSeconds, onAdvance: () => freshness.advance(), onPut });
}

interface Reading<T> {
  readonly readiness: Readiness;
  readonly freshness: FreshnessGate;
  readonly rules: SelectionRules;
  readonly reader: Reader<T>;
  readonly watcher: Watcher<T>;
}

function makeReading<T>(options: ReadingOptions): Reading<T> {
  const { name, engine, checked, fields, namespaced, readiness } = options;
  const { committed, compacted, awaited } = options;
  const { clock, feed, freshnessFallback, freshnessTimeoutMs, observer, random } = checked;
  const freshness = new FreshnessGate(
    clock,
    freshnessTimeoutMs,
    () => engine.revision,
    (revision) => {
      engine.onRevision?.(revision, () => {
        // What it waited for is reached, or the cache was closed, maybe by its owner.
        const error = readiness.error();
        if (readiness.state === 'stopped') freshness.fail(error as CacheError);
        else freshness.advance();
      });
      awaited(revision);
    },
    (durationMs) => observer.onFreshnessWait?.(durationMs),
  );
  const rules: SelectionRules = { fields: new Set(fields), namespaced };
  const reader = new Reader<T>({
    name,
    engine,
    source: feed === undefined ? undefined : { ...feed, fields },
    committed,
    compacted,
    readiness,
    freshness,
    freshnessFallback,
    observer,
    rules,
    legacyIgnoreLimitAtZero: checked.legacyIgnoreLimitAtZero,
  });
  const watcher = new Watcher<T>({
    engine,
    readiness,
    rules,
    observer,
    clock,
    bookmarks: new BookmarkScheduler(clock, random),
    freshness,
    committed,
    refusesFuture: checked.refuseFutureWatches,
    counts: options.watchCounts,
  });
  return { readiness, freshness, rules, reader, watcher };
}

function closeReading<T>({ readiness, freshness, watcher }: Reading<T>): void {
  readiness.stop();
  freshness.fail(readiness.error() as CacheError);
  watcher.endAll('closed');
}

function countsOf(
  engine: EngineCache,
  watchCounts: WatchCounts,
  follower: Feed | undefined,
): CacheCounts {
  const { logEnd, generation } = engine.stats();
  // Each generation leaves a sequence of the log out.
  const eventsReceived = follower?.received ?? Math.max(0, logEnd - generation);
  return {
    eventsReceived,
    eventsDispatched: eventsReceived + (follower?.progressed ?? 0),
    eventsReplayed: watchCounts.eventsReplayed,
    watchesTerminated: watchCounts.terminated,
  };
}

/** A thread that ended without closing its cache has told nobody; its engine has. */
function stateOf(link: AttachedLink, engine: EngineCache): CacheState {
  const { state } = link;
  if (state === 'stopped') return state;
  try {
    void engine.generation;
    return state;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'closed') return 'stopped';
    throw error;
  }
}
