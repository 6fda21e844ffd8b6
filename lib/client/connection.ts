/**
 * One HTTP exchange with a server after the other, over connections that are kept: sends a request,
 * gives the response when its head is there.
 *
 * When the TLS material changes, new requests go over new connections; watches that run go on over
 * the old ones.
 */

import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AgentOptions } from 'node:https';

import type { ClientConfig, Impersonation } from './config.js';
import { Credentials } from './credentials.js';
import type { TlsMaterial } from './credentials.js';
import { ClientError, reasonOf } from './error.js';

/** Finds servers that vanished without a word; as client-go. */
const KEEP_ALIVE_MS = 30_000;

/** What to send; `path` with its query. */
export interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

export class Connection {
  readonly #config: ClientConfig;
  readonly #base: URL;
  readonly #userAgent: string;
  readonly #credentials: Credentials;
  #material: TlsMaterial | undefined;
  #agent: HttpAgent | undefined;

  constructor(config: ClientConfig, userAgent: string, now: () => number) {
    this.#config = config;
    this.#base = new URL(config.server);
    this.#userAgent = userAgent;
    this.#credentials = new Credentials(config, now);
  }

  /** Rejects with a ClientError `bad-credentials`, `unreachable` or `connection-lost`. */
  async send(outgoing: Outgoing): Promise<IncomingMessage> {
    const response = await this.#exchange(outgoing);
    if (response.statusCode === 401) this.#credentials.refused();
    return response;
  }

  /** Ends every connection, and what runs over it. */
  close(): void {
    this.#agent?.destroy();
  }

  #exchange({ method, path, headers, body, signal }: Outgoing): Promise<IncomingMessage> {
    const secure = this.#base.protocol === 'https:';
    const options = {
      method,
      host: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: this.#base.port === '' ? (secure ? 443 : 80) : Number(this.#base.port),
      path: this.#base.pathname.replace(/\/+$/, '') + path,
      headers: this.#headers(headers, body),
      agent: this.#currentAgent(secure),
      signal,
    };
    return new Promise((resolve, reject) => {
      let request;
      try {
        request = secure ? httpsRequest(options) : httpRequest(options);
      } catch (error) {
        // Key and certificate that do not fit, or a header that can't be sent.
        reject(new ClientError('bad-credentials', reasonOf(error), error));
        return;
      }
      request.on('response', resolve);
      request.on('error', (error) => reject(this.#failure(error)));
      request.end(body);
    });
  }

  #headers(
    given: { readonly [name: string]: string },
    body: string | undefined,
  ): OutgoingHttpHeaders {
    const authorization = this.#credentials.authorization();
    return {
      'User-Agent': this.#userAgent,
      ...given,
      ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...impersonation(this.#config.impersonate),
    };
  }

  #currentAgent(secure: boolean): HttpAgent {
    const material = this.#credentials.tls();
    if (this.#agent !== undefined && material === this.#material) return this.#agent;
    retire(this.#agent);
    this.#material = material;
    const kept = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS };
    this.#agent = secure
      ? new HttpsAgent({ ...kept, ...tlsOptions(this.#config, material) })
      : new HttpAgent(kept);
    return this.#agent;
  }

  #failure(error: Error): ClientError {
    const { code = '' } = error as NodeJS.ErrnoException;
    const lost = code === 'ECONNRESET' || code === 'EPIPE';
    return new ClientError(
      lost ? 'connection-lost' : 'unreachable',
      `${this.#base.origin}: ${reasonOf(error)}`,
      error,
    );
  }
}

function tlsOptions(config: ClientConfig, { ca, cert, key }: TlsMaterial): AgentOptions {
  return {
    ...(config.tlsServerName === undefined ? {} : { servername: config.tlsServerName }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: config.insecureSkipTlsVerify !== true,
  };
}

// What is in use ends by itself and is not kept afterwards.
function retire(agent: HttpAgent | undefined): void {
  if (agent === undefined) return;
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}

function impersonation(who: Impersonation | undefined): OutgoingHttpHeaders {
  if (who === undefined) return {};
  const extra = Object.entries(who.extra ?? {}).map(
    ([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, [...values]] as const,
  );
  return {
    'Impersonate-User': who.username,
    ...(who.uid === undefined ? {} : { 'Impersonate-Uid': who.uid }),
    ...(who.groups === undefined ? {} : { 'Impersonate-Group': [...who.groups] }),
    ...Object.fromEntries(extra),
  };
}
