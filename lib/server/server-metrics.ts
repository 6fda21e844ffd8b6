/**
 * What one server counts: every request under upstream's labels, what its watches send, and what
 * its caches hold.
 *
 * 1. A request that is no watch and no connection is in flight from when it is known what it wants
 *    until its answer has been made or its body is closed.
 * 2. A body that is pulled is counted when it is closed, with what was really taken of it; a watch
 *    counts as long-running until then, and its events one by one (a chunk of a watch is an event).
 */

import type { WatchCache } from '../cache/index.js';
import {
  InflightRequests,
  mergedExposition,
  type MetricsRegistry,
  type MetricsSnapshot,
  registerCacheMetrics,
  registerProcessMetrics,
  RequestMetrics,
  type CacheSample,
  type Family,
  type NumberSeries,
  type RequestKind,
  type RequestLabels,
} from '../metrics/index.js';
import type { ResourceType } from '../object/index.js';
import {
  byteLengthOf,
  type Answer,
  type Pulled,
  type PullSource,
  type RequestInfo,
  type RequestRecord,
} from '../request/index.js';
import type { HandlerFailure, ReadThroughReader } from '../rest/index.js';
import type { Clock } from '../storage/index.js';
import { registerReaderMetrics } from './reader-metrics.js';
import { RequestSeriesTable, type CountedRequest } from './request-series.js';
import { registerThreadMetrics, type ServingThread } from './threads/index.js';

export interface ServerMetricsOptions {
  readonly types: readonly ResourceType[];
  readonly caches: ReadonlyMap<ResourceType, WatchCache>;
  readonly readers: readonly ReadThroughReader[];
  readonly clock: Clock;
  readonly registry: MetricsRegistry;
  /** Those beside this one. */
  readonly threads: () => readonly ServingThread[];
}

export class ServerMetrics {
  readonly #registry: MetricsRegistry;
  readonly #requests: RequestMetrics;
  readonly #inflight: InflightRequests;
  readonly #handlerFailures: Family<NumberSeries>;
  readonly #stopProcessMetrics: () => void;
  readonly #series: RequestSeriesTable;
  readonly #clock: Clock;

  constructor(options: ServerMetricsOptions) {
    const { types, caches, readers, clock, registry } = options;
    this.#registry = registry;
    this.#requests = new RequestMetrics(registry);
    this.#inflight = new InflightRequests(registry, () => clock.now());
    this.#stopProcessMetrics = registerProcessMetrics(registry);
    this.#handlerFailures = registry.counter({
      name: 'shardwatch_virtual_handler_failures_total',
      help: 'Requests that a handler of a virtual resource did not answer as it should.',
      labels: ['group', 'resource', 'handler', 'reason'],
    });
    this.#clock = clock;
    this.#series = new RequestSeriesTable(types, this.#requests);
    registerCacheMetrics(registry, () => Array.from(caches, sampleOf));
    registerReaderMetrics(registry, readers);
    registerThreadMetrics(registry, options.threads);
  }

  /** Counts what was a handler's fault. */
  handlerFailed({ type, handler, reason }: HandlerFailure): void {
    this.#handlerFailures.with(type.group, type.resource, handler, reason).value++;
  }

  /** With the snapshots of other threads; this one's knows what is the same for all. */
  async exposition(others: readonly MetricsSnapshot[] = []): Promise<string> {
    if (others.length === 0) return this.#registry.exposition();
    return mergedExposition([await this.#registry.snapshot(), ...others]);
  }

  snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.snapshot();
  }

  /** It is known what a request wants. `measure` is to follow with the same info. */
  begin(info: RequestInfo): void {
    if (!isLongRunning(info)) this.#inflight.begin(kindOf(info));
  }

  /** Counts a request; the answer to send in its place is measured while it is sent. */
  measure(request: RequestRecord, info: RequestInfo | undefined, answer: Answer): Answer {
    const counted = this.#series.of(request, info);
    const { status, source } = answer;
    if (source.type === 'pull') {
      const answered = (bytes?: number): void =>
        this.#answered(counted, request, info, status, bytes);
      return { ...answer, source: this.#measured(source, counted.labels, answered) };
    }
    const bytes = source.type === 'bytes' ? byteLengthOf(source) : undefined;
    this.#answered(counted, request, info, status, bytes);
    return answer;
  }

  stop(): void {
    this.#stopProcessMetrics();
  }

  #answered(
    { series }: CountedRequest,
    { receivedAt }: RequestRecord,
    info: RequestInfo | undefined,
    status: number,
    bytes: number | undefined,
  ): void {
    if (info !== undefined && !isLongRunning(info)) this.#inflight.end(kindOf(info));
    series.answered(status, Math.max(0, this.#clock.now() - receivedAt) / 1_000, bytes);
  }

  #measured(
    source: PullSource,
    labels: RequestLabels,
    answered: (bytes?: number) => void,
  ): PullSource {
    if (labels.verb !== 'WATCH') {
      let bytes = 0;
      const taken = (chunk: Uint8Array): void => void (bytes += chunk.byteLength);
      return measuredSource(source, taken, () => answered(bytes));
    }
    const events = this.#requests.watchEvents(labels.group, labels.version, labels.resource);
    const ended = this.#requests.longRunning(labels);
    return measuredSource(
      source,
      (chunk) => events.sent(chunk.byteLength),
      () => {
        ended();
        answered();
      },
    );
  }
}

const LONG_RUNNING_VERBS: ReadonlySet<string> = new Set(['watch', 'connect']);
const READING_VERBS: ReadonlySet<string> = new Set(['get', 'list', 'head', 'options']);

const isLongRunning = ({ verb }: RequestInfo): boolean => LONG_RUNNING_VERBS.has(verb);

const kindOf = ({ verb }: RequestInfo): RequestKind =>
  READING_VERBS.has(verb) ? 'readOnly' : 'mutating';

function sampleOf([type, cache]: [ResourceType, WatchCache]): CacheSample {
  return { ...cache.stats(), group: type.group, resource: type.resource };
}

function measuredSource(
  source: PullSource,
  taken: (chunk: Uint8Array) => void,
  closed: () => void,
): PullSource {
  return {
    type: 'pull',
    flushHeaders: source.flushHeaders,
    pull: (maxBytes): Pulled => {
      const pulled = source.pull(maxBytes);
      if (pulled.type === 'chunks') pulled.chunks.forEach(taken);
      return pulled;
    },
    onReadable: (callback) => source.onReadable(callback),
    close: () => {
      source.close();
      closed();
    },
  };
}
