/** A cache's options, checked, with their defaults filled in. */

import type { HistoryLimits, IndexDeclaration } from '../engine/index.js';
import { type Clock, systemClock } from '../storage/index.js';
import type { FreshnessFallback, WatchCacheOptions } from './contract.js';
import { CacheError } from './contract.js';
import { checkTtl } from './input.js';
import type { CacheShare } from './share.js';

/** Upstream's window: a bookmark's minute and a quarter. */
const HISTORY_WINDOW_MS = 75_000;
/** Upstream's bounds of a cache's event ring. */
const HISTORY_ENTRIES_MIN = 100;
const HISTORY_ENTRIES_MAX = 102_400;
/** What versions that nobody but the history needs may take. */
const HISTORY_BYTES_MAX: number = 256 * 1024 * 1024;
const SHARD_COUNT = 16;
/** Upstream's patience with a read that must be fresh. */
const FRESHNESS_TIMEOUT_MS = 3_000;
const FALLBACKS: readonly FreshnessFallback[] = ['storage', 'refuse'];

/** Upstream's interval. */
const CONSISTENCY_CHECK_INTERVAL_MS = 300_000;

/** The limits that a cache's history has unless told otherwise; upstream's. */
export const DEFAULT_HISTORY: HistoryLimits = {
  windowMs: HISTORY_WINDOW_MS,
  entriesMin: HISTORY_ENTRIES_MIN,
  entriesMax: HISTORY_ENTRIES_MAX,
  bytesMax: HISTORY_BYTES_MAX,
};

/**
 * The founding articles' cache: the last 1 000 events, whatever their age, and objects that live
 * for an hour.
 */
export const foundingPreset: Pick<WatchCacheOptions, 'history' | 'ttlSeconds'> = {
  history: { entriesMin: 1_000, entriesMax: 1_000 },
  ttlSeconds: 3_600,
};

export type CheckedOptions = Required<
  Pick<
    WatchCacheOptions,
    | 'name'
    | 'engine'
    | 'shardCount'
    | 'fields'
    | 'freshnessTimeoutMs'
    | 'freshnessFallback'
    | 'legacyIgnoreLimitAtZero'
    | 'consistencyCheckIntervalMs'
    | 'observer'
    | 'ttlSeconds'
    | 'random'
  >
> & {
  readonly indexes: IndexDeclaration;
  readonly history: HistoryLimits;
  readonly clock: Clock;
  readonly feed: WatchCacheOptions['feed'];
  readonly pending: boolean;
  readonly refuseFutureWatches: boolean;
  readonly namespaced: boolean | undefined;
  readonly share: CacheShare | undefined;
};

/** Throws a CacheError `invalid-options` that names the option and what it should be. */
export function checkOptions(options: WatchCacheOptions): CheckedOptions {
  const { feed, fields = [], shardCount = SHARD_COUNT } = options;
  const { freshnessTimeoutMs = FRESHNESS_TIMEOUT_MS, ttlSeconds = 0 } = options;
  const { legacyIgnoreLimitAtZero = true } = options;
  check(Number.isSafeInteger(shardCount) && shardCount >= 1, 'shardCount', 'an integer above 0');
  check(isDuration(freshnessTimeoutMs), 'freshnessTimeoutMs', '0 or more milliseconds');
  const { consistencyCheckIntervalMs = CONSISTENCY_CHECK_INTERVAL_MS } = options;
  check(
    isDuration(consistencyCheckIntervalMs),
    'consistencyCheckIntervalMs',
    '0 or more milliseconds',
  );
  const { freshnessFallback = 'storage' } = options;
  check(FALLBACKS.includes(freshnessFallback), 'freshnessFallback', FALLBACKS.join(' or '));
  check(typeof legacyIgnoreLimitAtZero === 'boolean', 'legacyIgnoreLimitAtZero', 'true or false');
  check(
    Array.isArray(fields) && fields.every((field) => typeof field === 'string' && field !== ''),
    'fields',
    'a list of paths such as spec.nodeName',
  );
  if (options.share !== undefined) checkShare(options, options.share);
  if (feed !== undefined) {
    check(ttlSeconds === 0, 'ttlSeconds', 'for stand-alone caches: a feed has TTLs of its own');
    check(/^\/.*\/$/s.test(feed.prefix), 'feed.prefix', 'a key prefix that begins and ends in /');
    const rule = 'left out: the feed decides it';
    check(options.pending === undefined, 'pending', rule);
    check(options.namespaced === undefined, 'namespaced', rule);
  }
  return {
    name: options.name ?? 'objects',
    engine: options.engine ?? 'auto',
    shardCount,
    fields: [...fields],
    legacyIgnoreLimitAtZero,
    indexes: checkIndexes(options.indexes ?? {}, fields),
    freshnessTimeoutMs,
    freshnessFallback,
    consistencyCheckIntervalMs,
    observer: options.observer ?? {},
    ttlSeconds: checkTtl(ttlSeconds),
    random: options.random ?? Math.random,
    history: checkHistory(options.history ?? {}),
    clock: options.clock ?? systemClock,
    feed,
    pending: options.pending === true,
    refuseFutureWatches: options.refuseFutureWatches === true,
    namespaced: feed?.namespaced ?? options.namespaced,
    share: options.share,
  };
}

/** What the owner has settled for all threads. */
const SETTLED = [
  'name',
  'engine',
  'shardCount',
  'fields',
  'indexes',
  'history',
  'pending',
  'namespaced',
  'consistencyCheckIntervalMs',
  'ttlSeconds',
] as const;

function checkShare(options: WatchCacheOptions, share: CacheShare): void {
  const isShare =
    typeof share === 'object' &&
    share?.type === 'shardwatch.cache' &&
    share.state instanceof SharedArrayBuffer;
  check(isShare, 'share', 'what share() of a cache in this process gave');
  const isFed = share.feed !== undefined;
  check(isFed || options.feed === undefined, 'feed', 'left out: the cache that is shared has none');
  for (const option of SETTLED) {
    check(options[option] === undefined, option, 'left to the cache that is shared');
  }
}

function checkHistory(given: Partial<HistoryLimits>): HistoryLimits {
  const limits = { ...DEFAULT_HISTORY, ...given };
  for (const [limit, value] of Object.entries(limits)) {
    check(isDuration(value), `history.${limit}`, '0 or more');
  }
  // Whoever asks for a shorter history than the default's least gets it.
  const entriesMin = given.entriesMin ?? Math.min(limits.entriesMin, limits.entriesMax);
  check(limits.entriesMax >= entriesMin, 'history.entriesMax', 'not below history.entriesMin');
  return { ...limits, entriesMin };
}

function checkIndexes(
  given: Partial<IndexDeclaration>,
  declared: readonly string[],
): IndexDeclaration {
  const { fields = [...new Set(declared)], labels = [] } = given;
  const isListOf = (list: unknown, holds: (text: string) => boolean): boolean =>
    Array.isArray(list) && new Set(list).size === list.length && list.every(holds);
  check(
    isListOf(fields, (field) => declared.includes(field)),
    'indexes.fields',
    'a list of some of the fields, each once',
  );
  const isKey = (key: unknown): boolean => typeof key === 'string' && key !== '';
  check(isListOf(labels, isKey), 'indexes.labels', 'a list of keys of labels, each once');
  return { fields: [...fields], labels: [...labels] };
}

function isDuration(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}

function check(holds: boolean, option: string, rule: string): void {
  if (!holds) throw new CacheError('invalid-options', `option ${option} must be ${rule}`);
}
