/**
 * An API server put together: resource types over one storage, a watch cache each, behind the
 * filters. It listens nowhere by itself; `listen` may be called several times (HTTPS and plain
 * HTTP, say).
 *
 * The caches fill in the background from the moment of creation: `ready` waits for them, and until
 * then readiness probes fail and reads are answered 429.
 */

import { randomUUID } from 'node:crypto';
import {
  allowAuthenticated,
  authenticatorChain,
  type Authenticator,
  type Authorizer,
} from '../auth/index.js';
import type { WatchCache } from '../cache/index.js';
import type { EngineKind } from '../engine/index.js';
import {
  InflightLimiter,
  inflightShare,
  InflightSeats,
  type InflightShare,
} from '../flowcontrol/index.js';
import { CacheActivityMetrics, MetricsRegistry, type MetricsSnapshot } from '../metrics/index.js';
import { qualifiedResource } from '../object/index.js';
import { whenThere, type Handler } from '../request/index.js';
import { checkNameConflicts, createRestHandler, type RestHandler } from '../rest/index.js';
import { MemoryStorage, systemClock, type Clock, type Storage } from '../storage/index.js';
import { gzipAnswer, GzipCache, type NodeHandler } from '../transport/index.js';
import { accessFields } from './access-log.js';
import { requireAllowed } from './access.js';
import { cacheObserver } from './cache-observer.js';
import { Diagnostics } from './diagnostics.js';
import { ADMINISTRATOR, localRequest, senderOf, type InjectedRequest } from './inject.js';
import { InjectedResponse } from './injected-response.js';
import {
  Lifecycle,
  type ListeningServer,
  type NodeHandlerOptions,
  type ServerCloseOptions,
  type ServerListenOptions,
} from './lifecycle.js';
import { silentLogger, type Logger } from './logger.js';
import type { ServerOptions } from './options.js';
import { createPipeline, type Pipeline, type Route } from './pipeline.js';
import { readinessChecks } from './readiness-checks.js';
import { createRouter } from './router.js';
import { ServedResources } from './served-resources.js';
import { ServerMetrics } from './server-metrics.js';
import {
  checkThreads,
  startThreads,
  type ServerKind,
  type ServingThread,
  type ThreadGroup,
  type ThreadPlace,
} from './threads/index.js';
import { logDescriptors, logTransportError } from './transport-log.js';

export class ApiServer {
  /** Serves any request; what a transport calls. */
  readonly handler: Handler;
  /** The engine that the caches run on. */
  readonly engine: EngineKind;
  readonly #storage: Storage;
  readonly #ownsStorage: boolean;
  readonly #resources: ServedResources;
  readonly #rest: RestHandler;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: ServerMetrics;
  readonly #authenticator: Authenticator;
  readonly #pipeline: Pipeline;
  readonly #lifecycle: Lifecycle;
  readonly #gzips = new GzipCache();
  readonly #place: ThreadPlace | undefined;
  readonly #inflight: InflightShare;
  readonly #threads: ThreadGroup | undefined;

  /**
   * Made by `createServer`. `place` is that of a further thread among those that serve; `kind` what
   * further threads are to make. @hidden
   */
  constructor(options: ServerOptions, place?: ThreadPlace, kind: ServerKind = 'plain') {
    if (options.resources.length === 0) throw new RangeError('a server needs a resource type');
    checkNameConflicts(options.resources);
    if (options.threads !== undefined) checkThreads(options.threads, options.engine ?? 'auto');
    this.#place = place;
    this.#inflight = place?.inflight ?? sharedLimits(options);
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#storage = place?.storage ?? options.storage ?? new MemoryStorage({ clock: this.#clock });
    this.#ownsStorage = place !== undefined || options.storage === undefined;
    const registry = options.metrics ?? new MetricsRegistry();
    const activity = new CacheActivityMetrics(registry);
    this.#resources = new ServedResources({
      ...options,
      types: options.resources,
      storage: this.#storage,
      place,
      clock: this.#clock,
      logger: this.#logger,
      observe: (type) => cacheObserver(type, activity, this.#logger),
      onHandlerFailure: (failure) => this.#metrics.handlerFailed(failure),
    });
    const { caches, stores, virtual } = this.#resources;
    this.engine = [...caches.values()][0]?.engine ?? 'javascript';
    this.#metrics = new ServerMetrics({
      types: options.resources,
      caches,
      readers: this.#resources.readers,
      clock: this.#clock,
      registry,
      seats: new InflightSeats(this.#inflight.seats),
      threads: () => this.threads,
    });
    const authorizer = options.authorizer ?? allowAuthenticated;
    this.#rest = createRestHandler({
      stores,
      virtual,
      now: () => this.#clock.now(),
      authorize: async (user, request, info) => {
        if (user !== ADMINISTRATOR) await requireAllowed(authorizer, user, request, info);
      },
      logger: this.#logger,
      ...(options.random === undefined ? {} : { random: options.random }),
      watchLossErrors: options.watchLossErrors ?? false,
      watchTimeoutSecondsMin: (options.minRequestTimeoutMs ?? MIN_REQUEST_TIMEOUT_MS) / 1_000,
    });
    this.#authenticator = authenticatorChain(
      options.authenticator === undefined ? [] : [options.authenticator],
    );
    const diagnostics = new Diagnostics(this, this.#clock);
    this.#pipeline = this.#makePipeline(options, authorizer, diagnostics);
    this.handler = (request) => this.#pipeline(request);
    this.#lifecycle = this.#makeLifecycle(diagnostics);
    this.#threads = this.#startThreads(options, kind);
  }

  /**
   * Resolves when every cache holds what the storage holds, and every thread serves. Rejects with a
   * ServerError `closed` when the server is closed before, `thread-failed` where a thread can't
   * start, and with the signal's reason.
   */
  ready(signal?: AbortSignal): Promise<void> {
    return this.#prepared((cache) => cache.ready(signal), signal);
  }

  /**
   * As `ready`, but not held up by objects that can't be read: requests for their types are
   * answered with what is wrong, one by one they can be deleted, and `/readyz` fails until then.
   */
  settled(signal?: AbortSignal): Promise<void> {
    return this.#prepared((cache) => cache.settled(signal), signal);
  }

  async #prepared(
    prepared: (cache: WatchCache) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    this.#lifecycle.assertOpen();
    try {
      await Promise.all([
        ...[...this.#resources.caches.values()].map(prepared),
        this.#threads?.ready(signal),
      ]);
    } catch (error) {
      if (signal?.aborted !== true) this.#lifecycle.assertOpen(error);
      throw error;
    }
  }

  /** The cache of a type, such as `widgets.example.com`. */
  cache(resource: string): WatchCache | undefined {
    const found = [...this.#resources.caches].find(
      ([type]) => qualifiedResource(type) === resource,
    );
    return found?.[1];
  }

  /**
   * Rejects with a TransportError (port in use, bad certificate), and with a ServerError `closed`
   * when the server has been closed, or is before it listens.
   */
  async listen(options: ServerListenOptions = {}): Promise<ListeningServer> {
    const listening = await this.#lifecycle.listen(options);
    return this.#threads?.spread(listening, options) ?? listening;
  }

  /** The threads that serve beside the one that made the server. */
  get threads(): readonly ServingThread[] {
    return this.#threads?.threads ?? [];
  }

  /**
   * Ends a serving thread at once and has another take its place: what it was serving breaks off.
   * Resolves when it has ended. Rejects with a RangeError for a thread that is not among `threads`.
   */
  async replaceThread(thread: number): Promise<void> {
    if (this.#threads !== undefined) return this.#threads.terminate(thread);
    throw new RangeError(`there is no thread ${thread} beside the first`);
  }

  /** What this thread counts and measures. @hidden */
  metricsSnapshot(): Promise<MetricsSnapshot> {
    return this.#metrics.snapshot();
  }

  /**
   * A request listener and middleware for servers that somebody else has made: of node:http,
   * node:https and node:http2, and of frameworks such as Express. `close` ends its watches and
   * requests; the other server, and its connections, are left as they are.
   *
   * Throws a TransportError `bad-prefix`, and a ServerError: `prefix-in-use` for a second handler
   * of one prefix, `closed`.
   */
  nodeHandler(options: NodeHandlerOptions = {}): NodeHandler {
    return this.#lifecycle.mount(options);
  }

  /**
   * Serves a request without a socket, through all filters; `user` says who sends it. Resolves with
   * any status; after `close`, 503.
   *
   * Rejects with a TypeError for a path without a leading slash, with the signal's reason, and with
   * a TransportError `broken-off` where a socket would break.
   */
  async inject(request: InjectedRequest): Promise<InjectedResponse> {
    const sender = senderOf(request, this.#authenticator);
    const answer = await this.#lifecycle.local.request(localRequest(request), (record) =>
      this.#pipeline(record, sender),
    );
    return InjectedResponse.of(answer);
  }

  /**
   * Readiness fails at once. After `delayMs` listeners stop accepting, watches end cleanly, and
   * requests in flight get `graceMs` to finish; requests through a mount or `inject` get 503 from
   * then on. Then the caches close, and the storage if it is the server's own.
   *
   * A second call gets the first one's promise; with a `graceMs` that ends earlier it shortens what
   * is left. Throws a RangeError for a duration that is none.
   */
  close(options: ServerCloseOptions = {}): Promise<void> {
    return this.#lifecycle.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #makePipeline(
    options: ServerOptions,
    authorizer: Authorizer,
    diagnostics: Diagnostics,
  ): Pipeline {
    return createPipeline({
      authenticator: this.#authenticator,
      authorizer,
      inflight: new InflightLimiter(
        this.#inflight,
        this.#place?.thread ?? 1,
        this.#metrics.inflight,
      ),
      route: this.#router(options),
      clock: this.#clock,
      requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      uuid: randomUUID,
      logger: this.#logger,
      refusal: (path) => this.#lifecycle.refusal(path),
      started: (request) => diagnostics.started(request),
      terminated: (...ended) => this.#metrics.terminated(...ended),
      finish: (request, info, answer) => {
        if (this.#logger !== silentLogger && this.#logger.isLevelEnabled?.('debug') !== false) {
          this.#logger.debug(accessFields(request, info, answer, this.#clock), 'answered');
        }
        return whenThere(gzipAnswer(answer, request, this.#gzips), (packed) => {
          // What is measured is what is sent, as upstream does it.
          const measured = this.#metrics.measure(request, info, packed);
          return diagnostics.answered(request, info, measured);
        });
      },
    });
  }

  #makeLifecycle(diagnostics: Diagnostics): Lifecycle {
    return new Lifecycle({
      handler: this.handler,
      clock: this.#clock,
      onError: (error, place) => logTransportError(this.#logger, error, place),
      onDescriptors: (state) => logDescriptors(this.#logger, state),
      release: () => this.#release(),
      onListening: (listening) => {
        this.#logger.info({ url: listening.url }, 'listening');
        diagnostics.listening(listening);
      },
      onClosing: (how) => {
        this.#logger.info({ ...how }, 'closing');
        diagnostics.closing(how);
        this.#threads?.close(how);
      },
      othersEnded: async (graceMs) => this.#threads?.ended(graceMs),
      onClosed: () => {
        this.#logger.info({}, 'closed');
        diagnostics.closed();
      },
    });
  }

  async #release(): Promise<void> {
    this.#gzips.clear();
    await this.#resources.close();
    if (this.#ownsStorage) await this.#storage.close();
    this.#metrics.stop();
  }

  #startThreads(options: ServerOptions, kind: ServerKind): ThreadGroup | undefined {
    if (options.threads === undefined) return undefined;
    return startThreads(options.threads, {
      kind,
      types: options.resources,
      storage: this.#storage,
      clock: this.#clock,
      random: options.random ?? Math.random,
      logger: this.#logger,
      checks: [...this.#resources.checks, ...(options.healthChecks ?? [])],
      inflight: this.#inflight,
      shares: () => this.#resources.shares(),
      exposition: () => this.#exposition(),
      settle: ({ resource, key, content }) => this.#resources.settle(resource, key, content),
    });
  }

  async #exposition(): Promise<string> {
    if (this.#place !== undefined) return this.#place.exposition();
    return this.#metrics.exposition(await this.#threads?.snapshots());
  }

  #router({ resources: types, healthChecks = [] }: ServerOptions): Route {
    const further = this.#place?.checks ?? healthChecks;
    return createRouter({
      types,
      rest: this.#rest,
      now: () => this.#clock.now(),
      endpoints: {
        checks: [
          ...readinessChecks({
            caches: this.#resources.caches,
            others: this.#resources.checks,
            isStopping: () => this.#lifecycle.isStopping,
          }),
          ...further,
        ],
        refreshChecks: this.#place?.refreshChecks,
        reportFailure: (endpoint, check, reason) =>
          this.#logger.warn({ endpoint, check, reason }, 'health check failed'),
        exposition: () => this.#exposition(),
      },
    });
  }
}

/** As kube-apiserver's `--max-requests-inflight`. */
const MAX_REQUESTS_INFLIGHT = 400;
/** As kube-apiserver's `--max-mutating-requests-inflight`. */
const MAX_MUTATING_REQUESTS_INFLIGHT = 200;
/** As kube-apiserver's `--min-request-timeout`. */
const MIN_REQUEST_TIMEOUT_MS = 1_800_000;
/** As kube-apiserver's `--request-timeout`. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Makes a server; see `ServerOptions` for the defaults. Throws a RangeError without resources and
 * for limits and counts that are none, and a DefinitionError when two types claim one name.
 */
export function createServer(options: ServerOptions): ApiServer {
  return new ApiServer(options);
}

function sharedLimits({
  maxRequestsInflight = MAX_REQUESTS_INFLIGHT,
  maxMutatingRequestsInflight = MAX_MUTATING_REQUESTS_INFLIGHT,
  threads,
}: ServerOptions): InflightShare {
  return inflightShare({ maxRequestsInflight, maxMutatingRequestsInflight }, threads?.count ?? 1);
}
