/** What a server is made of. */

import type { Authenticator, Authorizer } from '../auth/index.js';
import type { FreshnessFallback } from '../cache/index.js';
import type { EngineKind, HistoryLimits } from '../engine/index.js';
import type { MetricsRegistry } from '../metrics/index.js';
import type { ResourceType } from '../object/index.js';
import type { Clock, Storage } from '../storage/index.js';
import type { HealthCheck } from './health.js';
import type { Logger } from './logger.js';
import type { ServingThreads } from './threads/index.js';

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
  /**
   * How many GET and LIST may be under way at once, over all threads; what is more is answered 429.
   * Watches are not counted, and members of `system:masters` not refused. 0: any number. Default
   * 400.
   */
  readonly maxRequestsInflight?: number;
  /** The same of all requests that are neither. Default 200. */
  readonly maxMutatingRequestsInflight?: number;
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
  /**
   * How many threads serve, and the module that gives the further ones what can't be sent to them.
   * Needs the native engine. Default: the thread that makes the server serves alone.
   */
  readonly threads?: ServingThreads;
  readonly clock?: Clock;
  /** A number in [0, 1), for generated names and jitter. Default Math.random. */
  readonly random?: () => number;
  readonly logger?: Logger;
}
