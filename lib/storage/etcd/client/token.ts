/**
 * The token of a user: got with the password before the first call, and anew when etcd no longer
 * takes it (it expires, and a restarted etcd has forgotten it).
 *
 * Owned by one event loop. Callers that need a token at the same time share one request.
 */

import { create } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';

import { Auth, AuthenticateRequestSchema, type AuthenticateResponse } from '../rpc/auth_pb.js';
import type { AuthenticateRequest } from '../rpc/auth_pb.js';
import { EtcdError } from './error.js';
import { readMethod, type RpcMethod } from './method.js';
import type { EtcdAuth } from './options.js';

/** Authenticates, trying again where that makes sense. */
export type Authenticate = (
  method: RpcMethod<AuthenticateRequest, AuthenticateResponse>,
  request: AuthenticateRequest,
) => Promise<AuthenticateResponse>;

export class TokenSource {
  readonly #auth: EtcdAuth | undefined;
  readonly #authenticate: Authenticate;
  #metadata: Metadata | undefined;
  #pending: Promise<Metadata> | undefined;

  constructor(auth: EtcdAuth | undefined, authenticate: Authenticate) {
    this.#auth = auth;
    this.#authenticate = authenticate;
    if (auth === undefined) this.#metadata = new Metadata();
  }

  /** What is known just now, without waiting. */
  get current(): Metadata | undefined {
    return this.#metadata;
  }

  /**
   * What goes along with a call. `used` is what etcd has just refused: only then a new token is
   * asked for. Rejects with an EtcdError `unauthenticated` where user or password are wrong.
   */
  async metadata(used?: Metadata): Promise<Metadata> {
    if (this.#metadata !== undefined && this.#metadata !== used) return this.#metadata;
    if (this.#auth === undefined) {
      throw new EtcdError('unauthenticated', 'etcd wants a user, and none is configured');
    }
    this.#pending ??= this.#renew(this.#auth).finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  async #renew({ user: name, password }: EtcdAuth): Promise<Metadata> {
    const metadata = new Metadata();
    try {
      const request = create(AuthenticateRequestSchema, { name, password });
      const { token } = await this.#authenticate(AUTHENTICATE, request);
      metadata.set('token', token);
    } catch (error) {
      // etcd has no users at all, and takes everybody for its administrator.
      if (!(error instanceof EtcdError) || error.code !== 'failed-precondition') throw error;
    }
    this.#metadata = metadata;
    return metadata;
  }
}

const AUTHENTICATE = readMethod(Auth.method.authenticate);
