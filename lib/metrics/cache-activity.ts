/**
 * Metrics of what watch caches do now and then, counted as it happens: being filled, waiting to be
 * fresh, being compared with their storage. Upstream's names, labels and buckets (1.37).
 */

import type { BucketCounts } from './buckets.js';
import type { Family, MetricsRegistry, NumberSeries } from './registry.js';

const TYPE_LABELS = ['group', 'resource'] as const;
const FILL_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];
const WATCH_LIST_BUCKETS_SECONDS = [
  0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60,
];
const WAIT_BUCKETS_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3];

/** One type's cache. */
export interface CacheActivity {
  filled(seconds: number): void;
  fillFailed(): void;
  /** A read has waited for the cache to be fresh. */
  waited(seconds: number): void;
  /** A LIST of the newest state. */
  consistentRead(isAnswered: boolean, fallback: 'true' | 'false' | 'skipped'): void;
  /** A LIST was answered by the cache, by an index or by none (`''`). */
  listed(index: string, fetched: number, returned: number): void;
  /** A watch has been given its initial events. `scope` as a request's. */
  watchListed(version: string, scope: string, seconds: number): void;
  /** A comparison with the storage. */
  compared(status: 'success' | 'failure' | 'error'): void;
}

export class CacheActivityMetrics {
  readonly #fills: Family<NumberSeries>;
  readonly #fillErrors: Family<NumberSeries>;
  readonly #fillSeconds: Family<BucketCounts>;
  readonly #waitSeconds: Family<BucketCounts>;
  readonly #consistentReads: Family<NumberSeries>;
  readonly #comparisons: Family<NumberSeries>;
  readonly #watchListSeconds: Family<BucketCounts>;
  readonly #lists: Family<NumberSeries>;
  readonly #fetched: Family<NumberSeries>;
  readonly #returned: Family<NumberSeries>;

  constructor(registry: MetricsRegistry) {
    this.#fills = registry.counter({
      name: 'apiserver_watch_cache_initializations_total',
      help: 'Times that a watch cache was filled from its storage.',
      labels: TYPE_LABELS,
    });
    this.#fillErrors = registry.counter({
      name: 'apiserver_watch_cache_initialization_errors_total',
      help: 'Attempts to fill a watch cache that failed.',
      labels: TYPE_LABELS,
    });
    this.#fillSeconds = registry.histogram({
      name: 'apiserver_watch_cache_initialization_duration_seconds',
      help: 'How long it took to fill a watch cache, in seconds.',
      labels: TYPE_LABELS,
      buckets: FILL_BUCKETS_SECONDS,
    });
    this.#waitSeconds = registry.histogram({
      name: 'apiserver_watch_cache_read_wait_seconds',
      help: 'How long reads waited for a watch cache to be fresh, in seconds.',
      labels: TYPE_LABELS,
      buckets: WAIT_BUCKETS_SECONDS,
    });
    this.#consistentReads = registry.counter({
      name: 'apiserver_watch_cache_consistent_read_total',
      help: 'Lists of the newest state, by success and by whether the storage had to answer.',
      labels: [...TYPE_LABELS, 'success', 'fallback'],
    });
    this.#comparisons = registry.counter({
      name: 'apiserver_storage_consistency_checks_total',
      help: 'Comparisons of a watch cache with its storage, by what they found.',
      labels: [...TYPE_LABELS, 'status'],
    });
    this.#watchListSeconds = registry.histogram({
      name: 'apiserver_watch_list_duration_seconds',
      help: 'How long watches took to send their initial events, in seconds.',
      labels: ['group', 'version', 'resource', 'scope'],
      buckets: WATCH_LIST_BUCKETS_SECONDS,
    });
    this.#lists = registry.counter({
      name: 'apiserver_cache_list_total',
      help: 'Lists that a watch cache has answered, by the index that it walked.',
      labels: [...TYPE_LABELS, 'index'],
    });
    this.#fetched = registry.counter({
      name: 'apiserver_cache_list_fetched_objects_total',
      help: 'Objects that a watch cache has looked at for lists, by the index that it walked.',
      labels: [...TYPE_LABELS, 'index'],
    });
    this.#returned = registry.counter({
      name: 'apiserver_cache_list_returned_objects_total',
      help: 'Objects that a watch cache has given for lists.',
      labels: TYPE_LABELS,
    });
  }

  /** The series of one type; they are there from then on, at zero. */
  of(group: string, resource: string): CacheActivity {
    const fills = this.#fills.with(group, resource);
    const fillErrors = this.#fillErrors.with(group, resource);
    const fillSeconds = this.#fillSeconds.with(group, resource);
    const waitSeconds = this.#waitSeconds.with(group, resource);
    const returnedObjects = this.#returned.with(group, resource);
    return {
      filled: (seconds) => {
        fills.value++;
        fillSeconds.observe(seconds);
      },
      fillFailed: () => void fillErrors.value++,
      waited: (seconds) => waitSeconds.observe(seconds),
      consistentRead: (isAnswered, fallback) => {
        this.#consistentReads.with(group, resource, String(isAnswered), fallback).value++;
      },
      listed: (index, fetched, returned) => {
        this.#lists.with(group, resource, index).value++;
        this.#fetched.with(group, resource, index).value += fetched;
        returnedObjects.value += returned;
      },
      watchListed: (version, scope, seconds) => {
        this.#watchListSeconds.with(group, version, resource, scope).observe(seconds);
      },
      compared: (status) => void this.#comparisons.with(group, resource, status).value++,
    };
  }
}
