/**
 * An API server behind the aggregator of a cluster: who asks is known by kube-apiserver's front
 * proxy, by the cluster's client certificates or by TokenReview, and what he may do is decided by
 * SubjectAccessReview (apiserver `server/options.RecommendedOptions`, restated).
 *
 * 1. It decides nothing about users itself, and lets nobody in whom it can't ask about.
 * 2. What the cluster says about itself is read before there is a server, and followed afterwards.
 */

import {
  accessReviewAuthorizer,
  authenticatorChain,
  followClusterAuthentication,
  tokenReviewAuthenticator,
  type Authenticator,
  type ClusterAuthentication,
  type FrontProxyTrust,
} from '../auth/index.js';
import {
  createApiClient,
  inClusterConfig,
  readKubeconfig,
  type ApiClient,
} from '../client/index.js';
import { MetricsRegistry } from '../metrics/index.js';
import { systemClock, type Clock } from '../storage/index.js';
import type { TlsOptions } from '../transport/index.js';
import {
  CertificateFollower,
  readCertificateFiles,
  type CertificateFiles,
} from './certificate-files.js';
import { delegationMetrics } from './delegation-metrics.js';
import type { HealthCheck } from './health.js';
import type { ListeningServer, ServerListenOptions } from './lifecycle.js';
import { silentLogger, type Logger } from './logger.js';
import type { ServerOptions } from './options.js';
import { ApiServer } from './server.js';
import type { ThreadPlace } from './threads/index.js';
import { packageVersion } from './version.js';

export interface AggregatedServerOptions extends Omit<
  ServerOptions,
  'authenticator' | 'authorizer'
> {
  /** The kubeconfig file of the cluster's API server. Default: the pod's own cluster. */
  readonly kubeconfig?: string;
  /** A client of the cluster's API server, in place of a kubeconfig. It is not closed. */
  readonly client?: ApiClient;
  readonly authentication?: AggregatedAuthentication;
  readonly authorization?: AggregatedAuthorization;
}

/** How users are known; everything has a default. */
export interface AggregatedAuthentication {
  /** PEM of the authorities of client certificates. Default: the cluster's, followed. */
  readonly clientCa?: string;
  /** The front proxy to believe. Default: the cluster's, followed. */
  readonly frontProxy?: FrontProxyTrust;
  /** Never asks the cluster for the two above. Default false. */
  readonly skipLookup?: boolean;
  /** Serves also where the cluster can't be asked for them, and tries again. Default false. */
  readonly tolerateLookupFailure?: boolean;
  /** What tokens must be meant for. Default: whatever the cluster's API server takes. */
  readonly audiences?: readonly string[];
  /** How long the answer about a token is used again. Default 10 000. */
  readonly tokenCacheTtlMs?: number;
  /** Whom nobody knows is `system:anonymous`, and not refused. Default true, as upstream. */
  readonly anonymous?: boolean;
  /** Further ways to know users, tried last. */
  readonly authenticators?: readonly Authenticator[];
}

/** How is decided what users may do; everything has a default. */
export interface AggregatedAuthorization {
  /** How long an allowance is used again. Default 10 000. */
  readonly allowCacheTtlMs?: number;
  /** How long a refusal is used again. Default 10 000. */
  readonly denyCacheTtlMs?: number;
  /** Who may do everything unasked. Default `system:masters`. */
  readonly alwaysAllowGroups?: readonly string[];
  /** What everybody may ask for; a trailing `*` stands for any rest. Default the probes. */
  readonly alwaysAllowPaths?: readonly string[];
}

export interface AggregatedListenOptions extends Omit<ServerListenOptions, 'tls'> {
  /** A certificate as it is, or the files it is in; those are read again when they change. */
  readonly tls?: TlsOptions | CertificateFiles;
}

/**
 * Resolves when the cluster has told whom to believe. Rejects with a ClientError `not-in-cluster`
 * or `bad-kubeconfig`, with an AuthError `lookup-failed` and what to do about it, `bad-authorities`
 * or `bad-front-proxy`, and with what `createServer` throws.
 */
export function createAggregatedServer(
  options: AggregatedServerOptions,
): Promise<AggregatedServer> {
  return aggregatedServerAt(options, undefined);
}

/** The same at the place of a further thread. */
export async function aggregatedServerAt(
  options: AggregatedServerOptions,
  place: ThreadPlace | undefined,
): Promise<AggregatedServer> {
  const clock = options.clock ?? systemClock;
  const client = options.client ?? clientOf(options, clock);
  const cluster = new Cluster(options, client, clock);
  const authentication = await cluster.authentication();
  const stop = (): void => {
    authentication.close();
    if (options.client === undefined) client.close();
  };
  try {
    return new AggregatedServer(cluster.serverOptions(authentication), stop, place);
  } catch (error) {
    stop();
    throw error;
  }
}

export class AggregatedServer extends ApiServer {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stop: () => void;
  readonly #followers = new Set<CertificateFollower>();

  /** Made by `createAggregatedServer`; `stop` ends what asks the cluster. @hidden */
  constructor(options: ServerOptions, stop: () => void, place?: ThreadPlace) {
    super(options, place, 'aggregated');
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#stop = stop;
  }

  /** Rejects with a TransportError: port in use, bad certificate. */
  override async listen(options: AggregatedListenOptions = {}): Promise<ListeningServer> {
    const { tls, ...rest } = options;
    if (tls === undefined) return super.listen(rest);
    if (!('certFile' in tls)) return super.listen({ ...rest, tls });
    const serving = await readCertificateFiles(tls);
    const listener = await super.listen({ ...rest, tls: serving });
    const follower = new CertificateFollower({
      files: tls,
      serving,
      listener,
      clock: this.#clock,
      onReloaded: () => this.#logger.info({ file: tls.certFile }, 'serving another certificate'),
      onFailure: (error) => this.#logger.warn({ err: error }, 'the serving certificate stays'),
    });
    this.#followers.add(follower);
    return listener;
  }

  override async close(options: Parameters<ApiServer['close']>[0] = {}): Promise<void> {
    for (const follower of this.#followers) follower.close();
    await super.close(options);
    this.#stop();
  }
}

function clientOf({ kubeconfig }: AggregatedServerOptions, clock: Clock): ApiClient {
  const config =
    kubeconfig === undefined ? inClusterConfig() : readKubeconfig({ file: kubeconfig });
  return createApiClient(config, { clock, userAgent: `shardwatch/${packageVersion}` });
}

/** What a server is made of that asks the cluster about its users. */
class Cluster {
  readonly #options: AggregatedServerOptions;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(options: AggregatedServerOptions, client: ApiClient, clock: Clock) {
    this.#options = options;
    this.#client = client;
    this.#clock = clock;
    this.#logger = options.logger ?? silentLogger;
  }

  authentication(): Promise<ClusterAuthentication> {
    const { authentication = {}, random } = this.#options;
    const { clientCa, frontProxy, skipLookup, tolerateLookupFailure } = authentication;
    return followClusterAuthentication({
      client: this.#client,
      clock: this.#clock,
      ...(random === undefined ? {} : { random }),
      ...(clientCa === undefined ? {} : { clientCa }),
      ...(frontProxy === undefined ? {} : { frontProxy }),
      ...(skipLookup === undefined ? {} : { skipLookup }),
      ...(tolerateLookupFailure === undefined ? {} : { tolerateLookupFailure }),
      onLoaded: (part) => this.#logger.info({ part }, 'authentication configuration in force'),
      onFailure: (error) => this.#logger.warn({ err: error }, 'authentication configuration'),
      onRefused: this.#refused,
    });
  }

  serverOptions(authentication: ClusterAuthentication): ServerOptions {
    const { authorization, ...rest } = this.#options;
    const metrics = rest.metrics ?? new MetricsRegistry();
    const count = delegationMetrics(metrics);
    const delegation = {
      client: this.#client,
      clock: this.#clock,
      ...(rest.random === undefined ? {} : { random: rest.random }),
    };
    return {
      ...rest,
      metrics,
      authenticator: this.#authenticator(authentication, {
        ...delegation,
        onAttempt: count.authentication,
      }),
      authorizer: accessReviewAuthorizer({
        ...delegation,
        ...authorization,
        onAttempt: count.authorization,
      }),
      healthChecks: [...(rest.healthChecks ?? []), configurationCheck(authentication)],
    };
  }

  #authenticator(
    authentication: ClusterAuthentication,
    delegation: Parameters<typeof tokenReviewAuthenticator>[0],
  ): Authenticator {
    const {
      anonymous = true,
      audiences,
      authenticators = [],
      tokenCacheTtlMs,
    } = this.#options.authentication ?? {};
    const tokens = tokenReviewAuthenticator({
      ...delegation,
      ...(audiences === undefined ? {} : { audiences }),
      ...(tokenCacheTtlMs === undefined ? {} : { cacheTtlMs: tokenCacheTtlMs }),
      onFailure: (error) => this.#logger.error({ err: error }, 'unable to authenticate a request'),
      onRefused: this.#refused,
    });
    return authenticatorChain([authentication, tokens, ...authenticators], { anonymous });
  }

  readonly #refused = (reason: string): void =>
    this.#logger.info({ reason }, 'unable to authenticate a request');
}

function configurationCheck(authentication: ClusterAuthentication): HealthCheck {
  return {
    name: 'authentication-configuration',
    endpoints: ['readyz'],
    check: () =>
      authentication.isKnown ? undefined : 'the cluster has not told whom to believe yet',
  };
}
