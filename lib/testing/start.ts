/** Puts a test server together, from its options to the socket. */

import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  allowAuthenticated,
  authenticatorChain,
  tokenAuthenticator,
  type AuthenticatorChain,
  type Authorizer,
} from '../auth/index.js';
import type { ResourceType } from '../object/index.js';
import { createServer, type ApiServer, type ServerOptions } from '../server/index.js';
import { MemoryStorage, systemClock, type Clock } from '../storage/index.js';
import { nodeTransport } from '../transport/index.js';
import { UserAccess } from './access.js';
import { ADMINISTRATOR, testCertificates, type TestCertificates } from './certificates.js';
import { readDefinitions } from './definitions.js';
import { Front } from './front.js';
import { InProcessClient } from './in-process.js';
import { createInitialObjects } from './initial-objects.js';
import { ObjectState } from './object-state.js';
import { ObjectAccess } from './objects.js';
import { checkServerOptions, type TestServerOptions, type TestUser } from './options.js';
import { ServedTypes } from './served-types.js';
import { TestServer, type TestServerParts } from './server.js';
import { WAIT_TIMEOUT_MS } from './wait.js';

/** The group whose members may do everything, as upstream's. */
const MASTERS = 'system:masters';
const HOST = '127.0.0.1';

/**
 * Starts an API server that serves the given types to any client, until it is closed.
 *
 * Rejects with a TestingError (`invalid-options`; `invalid-object` with the message of the Status;
 * `unknown-type`), with a DefinitionError that has every problem of the definitions, or with a
 * TransportError.
 *
 * @example
 * await using server = await startTestServer({ crds: ['crds/widgets.yaml'] });
 * const config = new KubeConfig();
 * config.loadFromString(server.kubeconfigText);
 */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  checkServerOptions(options);
  const certificates = options.tls === false ? undefined : await testCertificates();
  const defined = await readDefinitions(options.crds ?? []);
  const types = [...defined, ...(options.resources ?? [])];
  return new Starting(options, types, certificates).start();
}

interface KnownUser extends TestUser {
  readonly token: string;
}

class Starting {
  readonly #options: TestServerOptions;
  readonly #types: readonly ResourceType[];
  readonly #certificates: TestCertificates | undefined;
  readonly #clock: Clock;
  readonly #storage: MemoryStorage;
  readonly #administrator: KnownUser = { ...ADMINISTRATOR, token: newToken() };
  readonly #users: readonly KnownUser[];

  constructor(
    options: TestServerOptions,
    types: readonly ResourceType[],
    certificates: TestCertificates | undefined,
  ) {
    this.#options = options;
    this.#types = types;
    this.#certificates = certificates;
    this.#clock = options.clock ?? systemClock;
    this.#storage = new MemoryStorage({ clock: this.#clock });
    const others = (options.users ?? []).map((user) => ({ ...user, token: newToken() }));
    this.#users = [this.#administrator, ...others];
  }

  async start(): Promise<TestServer> {
    const releases: (() => Promise<unknown>)[] = [() => this.#storage.close()];
    try {
      const authenticator = this.#authenticator();
      const api = createServer(this.#serverOptions(authenticator));
      releases.push(() => api.close({ graceMs: 0 }));
      const served = new ServedTypes(this.#types);
      const [state] = await Promise.all([
        ObjectState.follow(this.#storage, served.all),
        api.ready(),
      ]);
      const client = new InProcessClient(api.handler, this.#administrator.token, this.#clock);
      await createInitialObjects(this.#options.objects ?? [], served, client);
      return new TestServer(await this.#listen({ api, served, state, client, authenticator }));
    } catch (error) {
      for (const release of releases.reverse()) await release();
      throw error;
    }
  }

  async #listen(made: {
    readonly api: ApiServer;
    readonly served: ServedTypes;
    readonly state: ObjectState;
    readonly client: InProcessClient;
    readonly authenticator: AuthenticatorChain;
  }): Promise<TestServerParts> {
    const { api, served, state, client, authenticator } = made;
    const closed = new AbortController();
    // Every wait of a test listens to it.
    setMaxListeners(0, closed.signal);
    const { waitTimeoutMs: timeoutMs = WAIT_TIMEOUT_MS } = this.#options;
    const bounds = { closed: closed.signal, timeoutMs };
    const front = new Front({
      handler: api.handler,
      authenticator,
      clock: this.#clock,
      bounds,
      types: served,
      users: this.#users.map(({ name }) => name),
    });
    const { logger } = this.#options;
    const listener = await nodeTransport.listen({
      handler: front.handler,
      host: HOST,
      port: 0,
      clock: this.#clock,
      onError: (error, place) => logger?.debug({ err: error, place }, 'transport'),
      ...(this.#certificates === undefined
        ? {}
        : { tls: { ...this.#certificates.serving, clientCa: this.#certificates.authority.cert } }),
    });
    const scheme = this.#certificates === undefined ? 'http' : 'https';
    const url = `${scheme}://${HOST}:${listener.port}`;
    return {
      api,
      storage: this.#storage,
      types: served,
      state,
      objects: new ObjectAccess(client, served),
      front,
      listener,
      clock: this.#clock,
      users: new Map(this.#users.map((user) => [user.name, this.#access(user, url)])),
      url,
      closed,
      bounds,
    };
  }

  #serverOptions(authenticator: AuthenticatorChain): ServerOptions {
    const { engine, history, random, logger, requestTimeoutMs, minRequestTimeoutMs } =
      this.#options;
    return {
      resources: this.#types,
      storage: this.#storage,
      clock: this.#clock,
      authenticator,
      authorizer: withMasters(this.#options.authorizer ?? allowAuthenticated),
      ...(engine === undefined ? {} : { engine }),
      ...(history === undefined ? {} : { history }),
      ...(random === undefined ? {} : { random }),
      ...(logger === undefined ? {} : { logger }),
      ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
      ...(minRequestTimeoutMs === undefined ? {} : { minRequestTimeoutMs }),
    };
  }

  #authenticator(): AuthenticatorChain {
    const tokens = tokenAuthenticator(
      this.#users.map(({ name, groups = [], token }) => ({
        token,
        user: { username: name, uid: '', groups, extra: {} },
      })),
    );
    const certificates = this.#certificates?.authenticator;
    return authenticatorChain(certificates === undefined ? [tokens] : [certificates, tokens]);
  }

  #access({ name, token }: KnownUser, url: string): UserAccess {
    const certificates = this.#certificates;
    const hasCertificate = certificates !== undefined && name === this.#administrator.name;
    return new UserAccess(
      {
        server: url,
        name: 'shardwatch-testing',
        ...(certificates === undefined ? {} : { ca: certificates.authority.cert }),
        ...(hasCertificate ? certificates.client : { token }),
      },
      token,
    );
  }
}

function newToken(): string {
  return randomBytes(24).toString('base64url');
}

function withMasters(authorizer: Authorizer): Authorizer {
  return {
    authorize: async (request) =>
      request.user.groups.includes(MASTERS) ? { allowed: true } : authorizer.authorize(request),
  };
}
