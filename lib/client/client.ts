/**
 * A small client of a Kubernetes API server: JSON requests and watches over one set of kept
 * connections. It knows no types and no caches; `Reflector` stands on it.
 */

import type { UnknownObject } from '../object/index.js';
import { systemClock } from '../storage/index.js';
import type { Clock } from '../storage/index.js';
import type { ClientConfig } from './config.js';
import { Connection } from './connection.js';
import { ClientError } from './error.js';
import { readBody, readEvents } from './response.js';
import type { ApiWatchEvent } from './response.js';

export interface ApiClientOptions {
  readonly clock?: Clock;
  /** Default `shardwatch`. */
  readonly userAgent?: string;
}

export interface ApiRequest {
  /** Default GET. */
  readonly method?: string;
  /** Percent-encoded, without a query: `/api/v1/namespaces`. */
  readonly path: string;
  readonly query?: { readonly [name: string]: string };
  readonly headers?: { readonly [name: string]: string };
  /** Sent as JSON; a Content-Type among the headers says which kind of it. */
  readonly body?: unknown;
  /** Until the whole answer is there; for a watch, until it has begun. Default 30 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  /** 200 to 299. */
  readonly status: number;
  /** What the JSON says; undefined without a body. */
  readonly body: unknown;
}

/** What needs a server needs this much of a client; tests and other transports may give it. */
export interface ApiClient {
  /** Rejects with a StatusError for an answer that is no success, and a ClientError otherwise. */
  request(request: ApiRequest): Promise<ApiResponse>;
  /**
   * The events of a watch, until the server ends it. Throws a StatusError where the server refuses
   * it or sends an ERROR, and a ClientError otherwise. Leaving the loop ends the watch.
   */
  watch<T = UnknownObject>(request: ApiRequest): AsyncGenerator<ApiWatchEvent<T>>;
  /** Ends all connections, and what runs over them. */
  close(): void;
}

/** Connects to nothing yet. Throws a TypeError for a server that is no URL. */
export function createApiClient(config: ClientConfig, options: ApiClientOptions = {}): ApiClient {
  return new HttpApiClient(config, options);
}

const TIMEOUT_MS = 30_000;

class HttpApiClient implements ApiClient {
  readonly #clock: Clock;
  readonly #connection: Connection;

  constructor(config: ClientConfig, options: ApiClientOptions) {
    this.#clock = options.clock ?? systemClock;
    const userAgent = options.userAgent ?? 'shardwatch';
    this.#connection = new Connection(config, userAgent, () => this.#clock.now());
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    const limit = new TimeLimit(this.#clock, request);
    try {
      const response = await this.#connection.send(outgoing(request, limit.signal));
      return { status: response.statusCode ?? 0, body: await readBody(response) };
    } catch (error) {
      throw limit.reason ?? error;
    } finally {
      limit.end();
    }
  }

  async *watch<T>(request: ApiRequest): AsyncGenerator<ApiWatchEvent<T>> {
    const limit = new TimeLimit(this.#clock, request);
    try {
      const query = { ...request.query, watch: 'true' };
      const response = await this.#connection.send(outgoing({ ...request, query }, limit.signal));
      limit.lift();
      yield* readEvents<T>(response);
    } catch (error) {
      throw limit.reason ?? error;
    } finally {
      limit.end();
    }
  }

  close(): void {
    this.#connection.close();
  }
}

function outgoing(request: ApiRequest, signal: AbortSignal) {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const query = new URLSearchParams(request.query).toString();
  return {
    method: request.method ?? 'GET',
    path: query === '' ? request.path : `${request.path}?${query}`,
    headers: {
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...request.headers,
    },
    body,
    signal,
  };
}

/** Aborts an exchange when its time is over or its caller has had enough, and knows which. */
class TimeLimit {
  /** Why it was aborted, if it was. */
  reason: ClientError | undefined;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: { cancel(): void };

  constructor(clock: Clock, { signal, timeoutMs = TIMEOUT_MS, path }: ApiRequest) {
    this.#caller = signal;
    this.#timer = clock.setTimer(timeoutMs, () =>
      this.#abort(new ClientError('timeout', `no answer to ${path} within ${timeoutMs} ms`)),
    );
    signal?.addEventListener('abort', this.#onCaller);
    if (signal?.aborted === true) this.#onCaller();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on only the caller ends it. */
  lift(): void {
    this.#timer.cancel();
  }

  /** It is over: what is still under way is broken off. */
  end(): void {
    this.#timer.cancel();
    this.#caller?.removeEventListener('abort', this.#onCaller);
    this.#controller.abort();
  }

  readonly #onCaller = (): void => {
    this.#abort(new ClientError('aborted', 'the caller gave up', this.#caller?.reason));
  };

  #abort(reason: ClientError): void {
    this.reason ??= reason;
    this.#controller.abort(reason);
  }
}
