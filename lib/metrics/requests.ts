/** Metrics of requests and watches: upstream's names, labels and buckets (kube-apiserver 1.37). */

import type { BucketCounts } from './buckets.js';
import type { Family, MetricsRegistry, NumberSeries } from './registry.js';

/** What a request is counted under. Label values must come from known types, not from clients. */
export interface RequestLabels {
  /** As `requestVerb` gives it. */
  readonly verb: string;
  /** `''` or `All`. */
  readonly dryRun: string;
  /** `''` for the core group and for what is no resource; so are the others then. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** `resource` (one object, or a create), `namespace`, `cluster`; `''` for what is no resource. */
  readonly scope: string;
}

/** Events of one type's watches; keep it for as long as the watch lasts. */
export interface WatchEventMetrics {
  /** Counts one event sent, of so many bytes. */
  sent(bytes: number): void;
}

const TYPE_LABELS = ['group', 'version', 'resource'] as const;
const REQUEST_LABELS = [
  'verb',
  'group',
  'version',
  'resource',
  'subresource',
  'scope',
  'component',
] as const;
const COMPONENT = 'apiserver';
/** Of requests to the server, and of its own to the storage. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45,
  60,
];
const SLI_BUCKETS_SECONDS: readonly number[] = DURATION_BUCKETS_SECONDS.filter(
  (bound) => bound >= 0.05,
);
const RESPONSE_BUCKETS_BYTES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const EVENT_BUCKETS_BYTES = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

/** Verbs whose answers' sizes are counted. */
const READING_VERBS: ReadonlySet<string> = new Set(['GET', 'LIST']);

export class RequestMetrics {
  readonly #total: Family<NumberSeries>;
  readonly #duration: Family<BucketCounts>;
  readonly #sliDuration: Family<BucketCounts>;
  readonly #terminations: Family<NumberSeries>;
  readonly #longRunning: Family<NumberSeries>;
  readonly #responseSizes: Family<BucketCounts>;
  readonly #events: Family<NumberSeries>;
  readonly #eventSizes: Family<BucketCounts>;

  constructor(registry: MetricsRegistry) {
    const dryRunLabels = ['verb', 'dry_run', ...REQUEST_LABELS.slice(1)];
    this.#total = registry.counter({
      name: 'apiserver_request_total',
      help: 'Requests by verb, dry run, group, version, resource, scope and HTTP status.',
      labels: [...dryRunLabels, 'code'],
    });
    this.#duration = registry.histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Time from receiving a request to its answer, in seconds.',
      labels: dryRunLabels,
      buckets: DURATION_BUCKETS_SECONDS,
    });
    this.#sliDuration = registry.histogram({
      name: 'apiserver_request_sli_duration_seconds',
      help: 'The same of requests that are no dry run, without what others made them wait for.',
      labels: REQUEST_LABELS,
      buckets: SLI_BUCKETS_SECONDS,
    });
    this.#terminations = registry.counter({
      name: 'apiserver_request_terminations_total',
      help: 'Requests that the server ended in self-defence.',
      labels: [...REQUEST_LABELS, 'code'],
    });
    this.#longRunning = registry.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Requests under way that are meant to last: watches, connections.',
      labels: REQUEST_LABELS,
    });
    this.#responseSizes = registry.histogram({
      name: 'apiserver_response_sizes',
      help: 'Size of the bodies of answers to reads, in bytes, before compression.',
      labels: REQUEST_LABELS,
      buckets: RESPONSE_BUCKETS_BYTES,
    });
    this.#events = registry.counter({
      name: 'apiserver_watch_events_total',
      help: 'Events sent to watch clients.',
      labels: TYPE_LABELS,
    });
    this.#eventSizes = registry.histogram({
      name: 'apiserver_watch_events_sizes',
      help: 'Size of the events sent to watch clients, in bytes.',
      labels: TYPE_LABELS,
      buckets: EVENT_BUCKETS_BYTES,
    });
  }

  /** What requests with these labels are counted in. Keep it: it knows its series by then. */
  series(labels: RequestLabels): RequestSeries {
    const { verb, dryRun, group, version, resource, subresource, scope } = labels;
    const type = [group, version, resource, subresource, scope, COMPONENT] as const;
    const isReading = READING_VERBS.has(verb);
    return new RequestSeries({
      total: (code) => this.#total.with(verb, dryRun, ...type, String(code)),
      duration: () => this.#duration.with(verb, dryRun, ...type),
      sliDuration: dryRun === '' ? () => this.#sliDuration.with(verb, ...type) : undefined,
      responseSizes: isReading ? () => this.#responseSizes.with(verb, ...type) : undefined,
    });
  }

  /** Counts a request that has been answered. `responseBytes` counts for GET and LIST only. */
  answered(labels: RequestLabels, code: number, seconds: number, responseBytes?: number): void {
    this.series(labels).answered(code, seconds, responseBytes);
  }

  /** Counts a request that the server has ended to defend itself; it is `answered`, too. */
  terminated(labels: RequestLabels, code: number): void {
    const { verb, group, version, resource, subresource, scope } = labels;
    const type = [group, version, resource, subresource, scope, COMPONENT] as const;
    this.#terminations.with(verb, ...type, String(code)).value++;
  }

  /** Counts a watch or connection as under way until the function returned is called. */
  longRunning(labels: RequestLabels): () => void {
    const { verb, group, version, resource, subresource, scope } = labels;
    const series = this.#longRunning.with(
      verb,
      group,
      version,
      resource,
      subresource,
      scope,
      COMPONENT,
    );
    series.value++;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      series.value--;
    };
  }

  watchEvents(group: string, version: string, resource: string): WatchEventMetrics {
    const total = this.#events.with(group, version, resource);
    const sizes = this.#eventSizes.with(group, version, resource);
    return {
      sent(bytes) {
        total.value++;
        sizes.observe(bytes);
      },
    };
  }
}

interface SeriesSource {
  readonly total: (code: number) => NumberSeries;
  readonly duration: () => BucketCounts;
  /** Undefined where it is not counted; so is the next. */
  readonly sliDuration: (() => BucketCounts) | undefined;
  readonly responseSizes: (() => BucketCounts) | undefined;
}

/** The series of all requests with the same labels, each looked up when it is first counted in. */
export class RequestSeries {
  readonly #source: SeriesSource;
  readonly #totals = new Map<number, NumberSeries>();
  #duration: BucketCounts | undefined;
  #sliDuration: BucketCounts | undefined;
  #responseSizes: BucketCounts | undefined;

  constructor(source: SeriesSource) {
    this.#source = source;
  }

  /** Counts a request that has been answered. `responseBytes` counts for GET and LIST only. */
  answered(code: number, seconds: number, responseBytes?: number): void {
    const { total, duration, sliDuration, responseSizes } = this.#source;
    let counter = this.#totals.get(code);
    if (counter === undefined) {
      counter = total(code);
      this.#totals.set(code, counter);
    }
    counter.value++;
    this.#duration ??= duration();
    this.#duration.observe(seconds);
    this.#sliDuration ??= sliDuration?.();
    this.#sliDuration?.observe(seconds);
    if (responseBytes === undefined) return;
    this.#responseSizes ??= responseSizes?.();
    this.#responseSizes?.observe(responseBytes);
  }
}

/** The `verb` label of what has no name. */
export const OTHER_VERB = 'OTHER';

const VERBS: ReadonlyMap<string, string> = new Map([
  ['get', 'GET'],
  ['list', 'LIST'],
  ['watch', 'WATCH'],
  ['create', 'POST'],
  ['update', 'PUT'],
  ['patch', 'PATCH'],
  ['delete', 'DELETE'],
  ['deletecollection', 'DELETECOLLECTION'],
  ['connect', 'CONNECT'],
  // Of what is no resource, the verb is the method.
  ['post', 'POST'],
  ['put', 'PUT'],
]);

/**
 * The `verb` label of a request info's verb: `APPLY` for a patch of the apply media type, `OTHER`
 * for what has no name.
 */
export function requestVerb(verb: string, isApply = false): string {
  if (isApply && verb === 'patch') return 'APPLY';
  return VERBS.get(verb) ?? OTHER_VERB;
}
