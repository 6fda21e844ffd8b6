/**
 * Unary calls as the rest of the client makes them: over a picked connection, with a token, and
 * again where that is safe.
 *
 *  1. A read is repeated after anything transient, at another member where there is one.
 *  2. A write is repeated only where it is known not to have been applied. Where that is not known,
 *     the error says so (`mayBeApplied`), and whoever knows the write finds out by reading.
 *  3. An expired token is renewed, once a call, and is no attempt; nor is a connection that was
 *     replaced before the call began.
 *
 * Owned by one event loop.
 */

import { create } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';

import { Maintenance, StatusRequestSchema } from '../rpc/maintenance_pb.js';
import type { Connection } from './connection.js';
import type { Endpoint } from './endpoint.js';
import { EtcdError, isConnectionFailure, isTransient } from './error.js';
import { readMethod, type RpcMethod } from './method.js';
import type { ClientSettings } from './options.js';
import { Pool, type Picked, type PoolStats } from './pool.js';
import { ProcessHold } from './process-hold.js';
import { fullJitter, pause } from './retry.js';
import { TokenSource } from './token.js';

export interface CallOptions {
  /** Ends the call, with an EtcdError `aborted`; a write may be applied all the same. */
  readonly signal?: AbortSignal;
  /** How long one attempt may take, in milliseconds. Default: the client's. */
  readonly timeoutMs?: number;
}

/** Where a call goes, and what its errors name. */
export interface CallTarget extends CallOptions {
  /** Only this member. Default: any. */
  readonly endpoint?: string;
  readonly key?: Uint8Array;
}

/** The longest pause between attempts. */
const RETRY_DELAY_MAX_MS = 5_000;
const PROBE_TIMEOUT_MS = 2_000;

export class Caller {
  readonly settings: ClientSettings;
  readonly #pool: Pool;
  readonly #token: TokenSource;
  readonly #hold = new ProcessHold();
  readonly #closing = new Set<() => void>();

  constructor(settings: ClientSettings) {
    this.settings = settings;
    this.#pool = new Pool(settings, (connection) => this.#probe(connection));
    this.#token = new TokenSource(settings.auth, (method, request) =>
      this.#attempts(method, {}, (picked) =>
        picked.connection.unary(method, request, {
          metadata: new Metadata(),
          timeoutMs: settings.timeoutMs,
          signal: undefined,
          key: undefined,
        }),
      ),
    );
  }

  /** Rejects with an EtcdError. */
  unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    target: CallTarget = {},
  ): Promise<Response> {
    return this.#hold.during(() => this.#unary(method, request, target));
  }

  async #unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    target: CallTarget,
  ): Promise<Response> {
    const { signal, key } = target;
    const timeoutMs = target.timeoutMs ?? this.settings.timeoutMs;
    const text = key === undefined ? undefined : Buffer.from(key).toString();
    let isRenewed = false;
    let metadata = this.#token.current ?? (await this.#token.metadata());
    return this.#attempts(method, target, async (picked) => {
      const options = { metadata, timeoutMs, signal, key: text };
      try {
        return await picked.connection.unary(method, request, options);
      } catch (error) {
        if (isRenewed || !(error instanceof EtcdError) || error.code !== 'invalid-token')
          throw error;
        isRenewed = true;
        metadata = await this.#token.metadata(metadata);
        return picked.connection.unary(method, request, { ...options, metadata });
      }
    });
  }

  /** A connection for a stream, and what goes along with it. `used`: metadata etcd has refused. */
  async forStream(
    avoid: Endpoint | undefined,
    used?: Metadata,
  ): Promise<{ readonly picked: Picked; readonly metadata: Metadata }> {
    const metadata = await this.#token.metadata(used);
    return { picked: this.#pool.pickForStream(avoid), metadata };
  }

  stats(): PoolStats {
    return this.#pool.stats();
  }

  /** Calls back when the client is closed, unless the function returned was called before. */
  onClose(callback: () => void): () => void {
    this.#closing.add(callback);
    return () => this.#closing.delete(callback);
  }

  async close(): Promise<void> {
    for (const callback of [...this.#closing]) callback();
    await this.#pool.close();
  }

  async #attempts<Response>(
    method: { readonly isWrite: boolean },
    { endpoint, signal }: CallTarget,
    attempt: (picked: Picked) => Promise<Response>,
  ): Promise<Response> {
    const { attempts, retryDelayMs, clock, random } = this.settings;
    let avoid: Endpoint | undefined;
    for (let number = 1; ; number++) {
      const picked = endpoint === undefined ? this.#pool.pick(avoid) : this.#pool.pickAt(endpoint);
      try {
        const response = await attempt(picked);
        picked.succeeded();
        return response;
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        if (error.code === 'closed' && !this.#pool.isClosed) {
          number--;
          continue;
        }
        if (isConnectionFailure(error)) picked.failed();
        const mayRepeat = isTransient(error) && !(method.isWrite && error.mayBeApplied);
        if (!mayRepeat || number >= attempts || this.#pool.isClosed) throw error;
        avoid = picked.connection.endpoint;
      }
      await pause(clock, fullJitter(number, retryDelayMs, RETRY_DELAY_MAX_MS, random), signal);
    }
  }

  // Whatever a member answers, it is there.
  async #probe(connection: Connection): Promise<void> {
    const metadata = this.#token.current ?? new Metadata();
    const options = { metadata, timeoutMs: PROBE_TIMEOUT_MS, signal: undefined, key: undefined };
    try {
      await connection.unary(STATUS, create(StatusRequestSchema), options);
    } catch (error) {
      if (!(error instanceof EtcdError) || isConnectionFailure(error)) throw error;
    }
  }
}

const STATUS = readMethod(Maintenance.method.status);
