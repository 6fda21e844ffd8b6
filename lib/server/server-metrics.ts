/**
 * What one server counts: every request under upstream's labels, what its watches send, and what
 * its caches hold.
 *
 * 1. What is in flight is what holds a seat of the limits, in any thread.
 * 2. A body that is pulled is counted when it is closed, with what was really taken of it; a watch
 *    counts as long-running until then, and its events one by one (a chunk of a watch is an event).
 */

import type { WatchCache } from '../cache/index.js';
import type { InflightObserver, InflightSeats } from '../flowcontrol/index.js';
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
  WrappedSource,
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
  readonly seats: InflightSeats;
  /** Those beside this one. */
  readonly threads: () => readonly ServingThread[];
}

export class ServerMetrics {
  /** Sees seats of the limits being taken and given back. */
  readonly inflight: InflightObserver;
  readonly #registry: MetricsRegistry;
  readonly #requests: RequestMetrics;
  readonly #handlerFailures: Family<NumberSeries>;
  readonly #stopProcessMetrics: () => void;
  readonly #series: RequestSeriesTable;
  readonly #clock: Clock;

  constructor(options: ServerMetricsOptions) {
    const { types, caches, readers, clock, registry, seats } = options;
    this.#registry = registry;
    this.#requests = new RequestMetrics(registry);
    this.inflight = new InflightRequests(
      registry,
      () => clock.now(),
      (kind) => seats.taken(kind),
    );
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

  /** Counts a request that the server itself has ended; `measure` is to follow. */
  terminated(request: RequestRecord, info: RequestInfo, code: number): void {
    this.#requests.terminated(this.#series.of(request, info).labels, code);
  }

  /** Counts a request; the answer to send in its place is measured while it is sent. */
  measure(request: RequestRecord, info: RequestInfo | undefined, answer: Answer): Answer {
    const counted = this.#series.of(request, info);
    const { status, source } = answer;
    if (source.type === 'pull') {
      const answered = (bytes?: number): void => this.#answered(counted, request, status, bytes);
      return { ...answer, source: this.#measured(source, counted.labels, answered) };
    }
    const bytes = source.type === 'bytes' ? byteLengthOf(source) : undefined;
    this.#answered(counted, request, status, bytes);
    return answer;
  }

  stop(): void {
    this.#stopProcessMetrics();
  }

  #answered(
    { series }: CountedRequest,
    { receivedAt }: RequestRecord,
    status: number,
    bytes: number | undefined,
  ): void {
    series.answered(status, Math.max(0, this.#clock.now() - receivedAt) / 1_000, bytes);
  }

  #measured(
    source: PullSource,
    labels: RequestLabels,
    answered: (bytes?: number) => void,
  ): PullSource {
    if (labels.verb !== 'WATCH') {
      const body = {
        bytes: 0,
        sent(bytes: number): void {
          this.bytes += bytes;
        },
      };
      return new MeasuredSource(source, body, () => answered(body.bytes));
    }
    const events = this.#requests.watchEvents(labels.group, labels.version, labels.resource);
    const ended = this.#requests.longRunning(labels);
    return new MeasuredSource(source, events, () => {
      ended();
      answered();
    });
  }
}

function sampleOf([type, cache]: [ResourceType, WatchCache]): CacheSample {
  return { ...cache.stats(), group: type.group, resource: type.resource };
}

/** Tells of each chunk, and of the end. */
class MeasuredSource extends WrappedSource {
  readonly #chunks: { sent(bytes: number): void };
  readonly #closed: () => void;

  constructor(source: PullSource, chunks: { sent(bytes: number): void }, closed: () => void) {
    super(source);
    this.#chunks = chunks;
    this.#closed = closed;
  }

  override pull(maxBytes: number): Pulled {
    const pulled = super.pull(maxBytes);
    if (pulled.type === 'chunks') {
      for (const chunk of pulled.chunks) this.#chunks.sent(chunk.byteLength);
    }
    return pulled;
  }

  override close(): void {
    super.close();
    this.#closed();
  }
}
