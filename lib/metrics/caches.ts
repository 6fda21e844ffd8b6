/**
 * Metrics of storage and watch caches, asked for on scrape: upstream's names where it has the
 * value, `shardwatch_` where only this cache does. Labels are group and resource, as from 1.34 on.
 */

import type { MetricDefinition, MetricsRegistry, Sample } from './registry.js';

/** What one type's cache says of itself; a WatchCache's `stats()` has all of it. */
export interface CacheSample {
  readonly group: string;
  /** Plural, without the group. */
  readonly resource: string;
  readonly objects: number;
  readonly resourceVersion: string;
  /** Bytes of current object versions. */
  readonly bytesLive: number;
  /** Bytes that only history, snapshots and open reads keep. */
  readonly bytesRetained: number;
  /** Bytes allocated and not in use. */
  readonly bytesFree: number;
  /** Events in the history. */
  readonly logEntries: number;
  readonly eventsReceived: number;
  readonly eventsDispatched: number;
  readonly eventsReplayed: number;
  readonly roots: number;
  readonly watches: number;
  readonly watchGroups: number;
  /** Watches that the cache has ended since the start, by the reason why. */
  readonly watchesTerminated: Readonly<Record<string, number>>;
}

/** As upstream: a double holds every number below it exactly. */
const REVISION_MODULUS: bigint = 10n ** 15n;

type Column = readonly [
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (cache: CacheSample) => number,
];

const COLUMNS: readonly Column[] = [
  ['gauge', 'apiserver_resource_objects', 'Objects in storage.', (cache) => cache.objects],
  [
    'gauge',
    'apiserver_resource_size_estimate_bytes',
    'Size of all objects of a type, in bytes.',
    (cache) => cache.bytesLive,
  ],
  [
    'gauge',
    'apiserver_watch_cache_resource_version',
    'The resourceVersion the watch cache has reached, modulo 10^15.',
    (cache) => Number(BigInt(cache.resourceVersion) % REVISION_MODULUS),
  ],
  [
    'counter',
    'apiserver_watch_cache_events_received_total',
    'Events the watch cache has received from storage.',
    (cache) => cache.eventsReceived,
  ],
  [
    'counter',
    'apiserver_watch_cache_events_dispatched_total',
    'The same, and the times that a storage told only how far it is.',
    (cache) => cache.eventsDispatched,
  ],
  [
    'counter',
    'apiserver_init_events_total',
    'Events given to new watches before they were up to date.',
    (cache) => cache.eventsReplayed,
  ],
  [
    'gauge',
    'shardwatch_watch_cache_history_events',
    'Events in the history that watches may start from.',
    (cache) => cache.logEntries,
  ],
  [
    'gauge',
    'shardwatch_watch_cache_retained_bytes',
    'Bytes of object versions that only history, snapshots and open reads keep.',
    (cache) => cache.bytesRetained,
  ],
  [
    'gauge',
    'shardwatch_watch_cache_free_bytes',
    'Bytes allocated for objects and not in use.',
    (cache) => cache.bytesFree,
  ],
  [
    'gauge',
    'shardwatch_watch_cache_roots',
    'Versions of the whole cache held by snapshots, lists and the history.',
    (cache) => cache.roots,
  ],
  ['gauge', 'shardwatch_watches', 'Open watches.', (cache) => cache.watches],
  [
    'gauge',
    'shardwatch_watch_groups',
    'Groups of watches with the same scope and selectors.',
    (cache) => cache.watchGroups,
  ],
];

/**
 * Registers the caches' metrics; `collect` is called on scrape and must be cheap. Of caches that
 * threads share, each tells the same.
 */
export function registerCacheMetrics(
  registry: MetricsRegistry,
  collect: () => Iterable<CacheSample>,
): void {
  const labels = ['group', 'resource'];
  for (const [type, name, help, value] of COLUMNS) {
    registry.observed(type, { name, help, labels, over: 'first' }, () =>
      Array.from(collect(), (cache) => ({
        labels: [cache.group, cache.resource],
        value: value(cache),
      })),
    );
  }
  const terminated: MetricDefinition = {
    name: 'apiserver_terminated_watchers_total',
    help: 'Watches that the cache has ended: too slow (expired), or the cache was filled anew.',
    labels: [...labels, 'reason'],
    over: 'first',
  };
  registry.observed('counter', terminated, () => Array.from(collect(), terminatedWatchers).flat());
  const definition = {
    name: 'apiserver_storage_objects',
    help: 'Objects in storage. Deprecated in favour of apiserver_resource_objects.',
    labels: ['resource'],
    over: 'first',
  } as const;
  registry.observed('gauge', definition, () => Array.from(collect(), storageObjects));
}

/** Upstream has no reason: its number is that of `expired`, clients that were too slow. */
function terminatedWatchers({ group, resource, watchesTerminated }: CacheSample): Sample[] {
  return Object.entries(watchesTerminated).map(([reason, value]) => ({
    labels: [group, resource, reason],
    value,
  }));
}

function storageObjects({ group, resource, objects }: CacheSample): Sample {
  return { labels: [group === '' ? resource : `${resource}.${group}`], value: objects };
}
