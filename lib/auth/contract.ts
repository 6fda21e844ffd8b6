/** Who asks (Authenticator) and whether they may (Authorizer): the interfaces of both. */

import type { Awaitable, RequestInfo, RequestRecord, UserInfo } from '../request/index.js';

/** The clock that certificates' validity is judged by. */
export interface AuthClock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface Authenticator {
  /**
   * Who the request comes from; undefined when it has no credentials of the kind this looks for.
   * Rejects with a StatusError 401 when it has, and they are no good. What needs no waiting may be
   * told without a promise: the request is then not held up.
   */
  authenticate(request: RequestRecord): Awaitable<UserInfo | undefined>;
  /**
   * Whether a header, by lower-case name, carries credentials that no handler is to see.
   * `Authorization` and the standard front-proxy headers (`X-Remote-User` and its kin) always do.
   */
  isCredentialHeader?(name: string): boolean;
}

/** What a decision is made from. */
export interface AuthorizationRequest {
  readonly user: UserInfo;
  readonly info: RequestInfo;
}

export type AuthorizationDecision =
  | { readonly allowed: true }
  /** `reason` goes into the message of the 403. */
  | { readonly allowed: false; readonly reason: string };

export interface Authorizer {
  /** Rejects where it can't decide. What needs no waiting may be told without a promise. */
  authorize(request: AuthorizationRequest): Awaitable<AuthorizationDecision>;
}
