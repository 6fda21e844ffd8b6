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
import type { FreshnessFallback, WatchCache } from '../cache/index.js';
import { createDiscoveryHandler } from '../discovery/index.js';
import type { EngineKind, HistoryLimits } from '../engine/index.js';
import { CacheActivityMetrics, MetricsRegistry } from '../metrics/index.js';
import { qualifiedResource, type ResourceType } from '../object/index.js';
import { createOpenApiHandler } from '../openapi/index.js';
import {
  pageNotFound,
  type Answer,
  type Handler,
  type RequestInfo,
  type RequestRecord,
  type UserInfo,
} from '../request/index.js';
import { checkNameConflicts, createRestHandler, type RestHandler } from '../rest/index.js';
import { MemoryStorage, systemClock, type Clock, type Storage } from '../storage/index.js';
import {
  gzipAnswer,
  GzipCache,
  type NodeHandler,
  type TransportErrorPlace,
} from '../transport/index.js';
import { accessFields } from './access-log.js';
import { requireAllowed } from './access.js';
import { cacheObserver } from './cache-observer.js';
import { Diagnostics } from './diagnostics.js';
import { endpointAnswer, type EndpointParts } from './endpoints.js';
import type { HealthCheck } from './health.js';
import { implicitNamespaceAnswer } from './implicit-namespace.js';
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
import { createPipeline, type Pipeline } from './pipeline.js';
import { ServedResources } from './served-resources.js';
import { ServerMetrics } from './server-metrics.js';

export interface ServerOptions {
  /** The types to serve; at least one. Stored, unless they have handlers of their own. */
  readonly resources: readonly ResourceType[];
  /**
   * Default: a MemoryStorage of the server's own. A storage that is given is not closed with it.
   */
  readonly storage?: Storage;
  /** Which watch-cache engine. Default `auto`. */
  readonly engine?: EngineKind | 'auto';
  /** Limits of the event history of every cache. */
  readonly history?: Partial<HistoryLimits>;
  /** Who answers lists for which a cache does not get fresh in time. Default `storage`. */
  readonly freshnessFallback?: FreshnessFallback;
  /** How often every cache is compared with the storage; 0: never. Default 300 000. */
  readonly consistencyCheckIntervalMs?: number;
  /**
   * Whether a LIST with resourceVersion `0` gives everything, whatever its `limit`, as
   * kube-apiserver does. Default true.
   */
  readonly legacyIgnoreLimitAtZero?: boolean;
  /**
   * Default: nobody is known, every request but a probe is answered 401. Whoever is known is in the
   * group `system:authenticated`, unless in `system:unauthenticated`.
   */
  readonly authenticator?: Authenticator;
  /** Default: whoever is known may do everything. */
  readonly authorizer?: Authorizer;
  /** How long a request other than a watch may take. Default 60 000. */
  readonly requestTimeoutMs?: number;
  /** A watch that names no end gets a random one between this and twice this. Default 1 800 000. */
  readonly minRequestTimeoutMs?: number;
  /**
   * Whether a watch ends with an ERROR event (410 Expired) when its client is so slow that events
   * which it has not read are gone. Default false, as upstream: it just ends.
   */
  readonly watchLossErrors?: boolean;
  /** See WatchCacheOptions: a watch from the future is 504 after 3 s. Default false. */
  readonly refuseFutureWatches?: boolean;
  /** Further checks of the health endpoints, with names of their own. */
  readonly healthChecks?: readonly HealthCheck[];
  /** Where its metrics go, among others. Default a registry of its own. */
  readonly metrics?: MetricsRegistry;
  readonly clock?: Clock;
  /** A number in [0, 1), for generated names and jitter. Default Math.random. */
  readonly random?: () => number;
  readonly logger?: Logger;
}

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

  constructor(options: ServerOptions) {
    if (options.resources.length === 0) throw new RangeError('a server needs a resource type');
    checkNameConflicts(options.resources);
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#storage = options.storage ?? new MemoryStorage({ clock: this.#clock });
    this.#ownsStorage = options.storage === undefined;
    const registry = options.metrics ?? new MetricsRegistry();
    const activity = new CacheActivityMetrics(registry);
    this.#resources = new ServedResources({
      ...options,
      types: options.resources,
      storage: this.#storage,
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
  }

  /**
   * Resolves when every cache holds what the storage holds. Rejects with a ServerError `closed`
   * when the server is closed before, and with the signal's reason.
   */
  async ready(signal?: AbortSignal): Promise<void> {
    this.#lifecycle.assertOpen();
    try {
      await Promise.all([...this.#resources.caches.values()].map((cache) => cache.ready(signal)));
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
  listen(options: ServerListenOptions = {}): Promise<ListeningServer> {
    return this.#lifecycle.listen(options);
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
      route: this.#router(options.resources, options.healthChecks ?? []),
      clock: this.#clock,
      requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      uuid: randomUUID,
      logger: this.#logger,
      refusal: (path) => this.#lifecycle.refusal(path),
      started: (request) => diagnostics.started(request),
      begun: (info) => this.#metrics.begin(info),
      finish: async (request, info, answer) => {
        this.#logger.debug(accessFields(request, info, answer, this.#clock), 'answered');
        // What is measured is what is sent, as upstream does it.
        const packed = await gzipAnswer(answer, request, this.#gzips);
        const measured = this.#metrics.measure(request, info, packed);
        return diagnostics.answered(request, info, measured);
      },
    });
  }

  #makeLifecycle(diagnostics: Diagnostics): Lifecycle {
    return new Lifecycle({
      handler: this.handler,
      clock: this.#clock,
      onError: (error, place) => this.#report(error, place),
      release: () => this.#release(),
      onListening: (listening) => {
        this.#logger.info({ url: listening.url }, 'listening');
        diagnostics.listening(listening);
      },
      onClosing: (how) => {
        this.#logger.info({ ...how }, 'closing');
        diagnostics.closing(how);
      },
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

  // What clients do to their connections is noise; what handlers and sources throw is a bug.
  #report(error: unknown, place: TransportErrorPlace): void {
    const isBug = place === 'handler' || place === 'source';
    this.#logger[isBug ? 'error' : 'debug']({ err: error, place }, 'transport');
  }

  #router(types: readonly ResourceType[], further: readonly HealthCheck[]) {
    const discovery = createDiscoveryHandler(types);
    const openApi = createOpenApiHandler(types);
    const hasNamespaces = types.some((type) => qualifiedResource(type) === 'namespaces');
    const endpoints: EndpointParts = {
      checks: [...this.#checks(), ...further],
      reportFailure: (endpoint, check, reason) =>
        this.#logger.warn({ endpoint, check, reason }, 'health check failed'),
      exposition: () => this.#metrics.exposition(),
      paths: () => groupPaths(types),
    };
    return async (
      request: RequestRecord,
      info: RequestInfo,
      user: UserInfo | undefined,
    ): Promise<Answer> => {
      if (info.isResourceRequest) {
        const namespace = hasNamespaces ? undefined : implicitNamespaceAnswer(info);
        return namespace ?? this.#rest(request, info, user ?? ADMINISTRATOR);
      }
      const answer =
        (await endpointAnswer(request, endpoints)) ??
        discovery(request) ??
        openApi(request, this.#clock.now());
      if (answer === undefined) throw pageNotFound();
      return answer;
    };
  }

  #checks(): readonly HealthCheck[] {
    const all = ['healthz', 'livez', 'readyz'] as const;
    return [
      { name: 'ping', endpoints: all, check: () => undefined },
      {
        name: 'informer-sync',
        endpoints: ['readyz'],
        check: () => {
          const unfilled = [...this.#resources.caches].filter(([, cache]) => !cache.isReady);
          if (unfilled.length === 0) return undefined;
          return `not filled yet: ${unfilled.map(([type]) => qualifiedResource(type)).join(', ')}`;
        },
      },
      ...this.#resources.checks,
      {
        name: 'shutdown',
        endpoints: ['readyz'],
        check: () => (this.#lifecycle.isStopping ? 'the server is stopping' : undefined),
      },
    ];
  }
}

/** As kube-apiserver's `--min-request-timeout`. */
const MIN_REQUEST_TIMEOUT_MS = 1_800_000;
/** As kube-apiserver's `--request-timeout`. */
const REQUEST_TIMEOUT_MS = 60_000;

/** Makes a server; see `ServerOptions` for the defaults. Throws a RangeError without resources, and
 * a DefinitionError when two types claim one name.
 */
export function createServer(options: ServerOptions): ApiServer {
  return new ApiServer(options);
}

function groupPaths(types: readonly ResourceType[]): string[] {
  const paths = new Set<string>(['/api', '/apis']);
  for (const { group, versions } of types) {
    if (group !== '') paths.add(`/apis/${group}`);
    for (const version of versions.filter(({ served }) => served)) {
      paths.add(group === '' ? `/api/${version.name}` : `/apis/${group}/${version.name}`);
    }
  }
  return [...paths];
}
