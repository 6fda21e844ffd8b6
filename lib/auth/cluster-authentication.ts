/**
 * Whom a cluster's API server lets in by certificate and by front proxy, as it publishes it in the
 * ConfigMap `extension-apiserver-authentication`, followed while it changes (apiserver
 * `server/options.DelegatingAuthenticationOptions`, restated).
 *
 * 1. A change counts from the next request on, on connections that were there before, too.
 * 2. A part that can't be used (a broken bundle), or is not there any more, leaves the part that
 *    was in force before in force; the other part counts.
 * 3. What is given by hand is never looked up; where both are, nothing is.
 */

import type { ApiClient, Reflector } from '../client/index.js';
import { startReflector } from '../client/index.js';
import type { RequestRecord, UserInfo } from '../request/index.js';
import { isStatusError } from '../request/index.js';
import type { Clock } from '../storage/index.js';
import { authenticateFirst } from './chain.js';
import { clientCertificateAuthenticator } from './client-certificate.js';
import { readClientCa, readFrontProxy } from './configuration-map.js';
import type { ConfigurationData } from './configuration-map.js';
import type { Authenticator } from './contract.js';
import { AuthError } from './error.js';
import { frontProxyAuthenticator } from './front-proxy.js';
import type { FrontProxyTrust } from './front-proxy.js';

export interface ClusterAuthenticationOptions {
  /** The server whose ConfigMap it is; may be left out where both parts are given. */
  readonly client?: ApiClient;
  readonly clock: Clock;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** PEM of the authorities of client certificates, in place of the ConfigMap's. */
  readonly clientCa?: string;
  /** The front proxy, in place of the ConfigMap's. */
  readonly frontProxy?: FrontProxyTrust;
  /** Does without the part that is not given, and looks nothing up. Default false. */
  readonly skipLookup?: boolean;
  /** Goes on where the first look-up fails, and tries again. Default false. */
  readonly tolerateLookupFailure?: boolean;
  /** Is told of every part that came into force anew, `client-ca` or `front-proxy`. */
  readonly onLoaded?: (part: AuthenticationPart) => void;
  /** Is told of look-ups that fail and of parts that can't be used. */
  readonly onFailure?: (error: unknown) => void;
  /** Is told why a certificate was refused. */
  readonly onRefused?: (reason: string) => void;
}

export type AuthenticationPart = 'client-ca' | 'front-proxy';

/** An authenticator by front proxy and client certificate that follows its cluster. */
export interface ClusterAuthentication extends Authenticator {
  /**
   * Whether the cluster has told its configuration, if only that there is none for us. False after
   * a tolerated failure until it can be reached.
   */
  readonly isKnown: boolean;
  /** Stops following; what is in force stays so. */
  close(): void;
}

/**
 * Resolves when the configuration is in force. Rejects with an AuthError: `lookup-failed` with what
 * to do about it, `bad-authorities` or `bad-front-proxy` for what was given by hand.
 */
export async function followClusterAuthentication(
  options: ClusterAuthenticationOptions,
): Promise<ClusterAuthentication> {
  const configuration = new Configuration(options);
  await configuration.start();
  return configuration;
}

const NAMESPACE = 'kube-system';
const NAME = 'extension-apiserver-authentication';
const COLLECTION = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

interface ConfigMap {
  readonly data?: ConfigurationData;
}

class Configuration implements ClusterAuthentication {
  readonly #options: ClusterAuthenticationOptions;
  readonly #parts = new Map<AuthenticationPart, Authenticator>();
  /** What each part in force was made of, to tell a change from a repetition. */
  readonly #sources = new Map<AuthenticationPart, string>();
  #known = false;
  #reflector: Reflector | undefined;
  #loading: Promise<void> = Promise.resolve();

  constructor(options: ClusterAuthenticationOptions) {
    this.#options = options;
  }

  get isKnown(): boolean {
    return this.#known;
  }

  async authenticate(request: RequestRecord): Promise<UserInfo | undefined> {
    const { user, refused } = await authenticateFirst(this.#inOrder(), request);
    if (user === undefined && refused !== undefined) throw refused;
    return user;
  }

  isCredentialHeader(name: string): boolean {
    return this.#parts.get('front-proxy')?.isCredentialHeader?.(name) === true;
  }

  close(): void {
    this.#reflector?.close();
  }

  async start(): Promise<void> {
    const { client, clientCa, frontProxy, skipLookup } = this.#options;
    if (frontProxy !== undefined) await this.#use('front-proxy', frontProxy);
    if (clientCa !== undefined) await this.#use('client-ca', clientCa);
    if (skipLookup === true || (clientCa !== undefined && frontProxy !== undefined)) {
      this.#known = true;
      return;
    }
    if (client === undefined) throw lookupFailure(new Error('there is no server to ask'));
    try {
      const { body } = await client.request({ path: `${COLLECTION}/${NAME}` });
      await this.#load(body as ConfigMap);
      if (this.#parts.size === 0) throw new Error('it names no authority that can be used');
    } catch (error) {
      if (this.#options.tolerateLookupFailure !== true) throw lookupFailure(error);
      this.#failed(error);
    }
    this.#follow(client);
  }

  // A refusal is an answer, too: there is nothing there for us.
  #failed(error: unknown): void {
    if (isStatusError(error) && (error.code === 403 || error.code === 404)) this.#known = true;
    this.#options.onFailure?.(lookupFailure(error));
  }

  #follow(client: ApiClient): void {
    const { clock, random } = this.#options;
    // One after the other: the last one that came is the one that stays.
    const load = (map: ConfigMap): void => {
      this.#loading = this.#loading.then(() => this.#load(map));
    };
    this.#reflector = startReflector<ConfigMap>({
      client,
      path: COLLECTION,
      fieldSelector: `metadata.name=${NAME}`,
      clock,
      ...(random === undefined ? {} : { random }),
      onReplace: (maps) => {
        this.#known = true;
        maps.forEach(load);
      },
      onEvent: (type, map) => {
        if (type === 'DELETED') this.#failed(new Error('it was deleted'));
        else load(map);
      },
      onError: (error) => this.#failed(error),
    });
  }

  async #load({ data = {} }: ConfigMap): Promise<void> {
    const { clientCa, frontProxy, onFailure } = this.#options;
    this.#known = true;
    const attempt = async (read: () => Promise<void>): Promise<void> => {
      try {
        await read();
      } catch (error) {
        onFailure?.(error);
      }
    };
    if (frontProxy === undefined) {
      await attempt(async () => this.#use('front-proxy', readFrontProxy(data)));
    }
    if (clientCa === undefined) {
      await attempt(async () => this.#use('client-ca', readClientCa(data)));
    }
  }

  async #use(part: 'front-proxy', found: FrontProxyTrust | undefined): Promise<void>;
  async #use(part: 'client-ca', found: string | undefined): Promise<void>;
  async #use(part: AuthenticationPart, found: FrontProxyTrust | string | undefined): Promise<void> {
    const source = JSON.stringify(found);
    if (found === undefined || source === this.#sources.get(part)) return;
    const { clock, onRefused, onLoaded } = this.#options;
    const common = { clock, ...(onRefused === undefined ? {} : { onRefused }) };
    const authenticator =
      typeof found === 'string'
        ? await clientCertificateAuthenticator({ ...common, authorities: found })
        : await frontProxyAuthenticator({ ...common, ...found });
    this.#parts.set(part, authenticator);
    this.#sources.set(part, source);
    onLoaded?.(part);
  }

  // Who comes through the front proxy has its certificate, and is not the proxy itself.
  #inOrder(): readonly Authenticator[] {
    const order = ['front-proxy', 'client-ca'] as const;
    return order.flatMap((part) => this.#parts.get(part) ?? []);
  }
}

function lookupFailure(error: unknown): AuthError {
  const reason = error instanceof Error ? error.message : String(error);
  const what = `can't read ConfigMap ${NAMESPACE}/${NAME}: ${reason}`;
  const advice =
    isStatusError(error) && error.code === 403
      ? `; bind its role: kubectl create rolebinding -n ${NAMESPACE} NAME ` +
        '--role=extension-apiserver-authentication-reader --serviceaccount=NAMESPACE:ACCOUNT'
      : '';
  return new AuthError('lookup-failed', what + advice, error);
}
