/**
 * Requests without a socket: for objects loaded at the start, and for tests of embedders. They pass
 * every filter that a client's request passes; who sends them can be settled beforehand.
 */

import { AUTHENTICATED_GROUP, type Authenticator } from '../auth/index.js';
import type { PeerCertificate, UserInfo } from '../request/index.js';
import type { LocalRequest } from '../transport/index.js';
import { isCredentialHeader } from './access.js';
import type { Sender } from './pipeline.js';

export interface InjectedRequest {
  /** Default GET. */
  readonly method?: string;
  /** From the first slash on, with a query or without. */
  readonly path: string;
  /** Added to the path's query; what is undefined is left out. */
  readonly query?: { readonly [name: string]: string | number | boolean | undefined };
  /** Names in any case; an array is a header that is repeated. */
  readonly headers?: { readonly [name: string]: string | readonly string[] };
  /**
   * Text and bytes are sent as they are; anything else as JSON, with a Content-Type that says so
   * unless the headers have one.
   */
  readonly body?: string | Uint8Array | object;
  /**
   * Who sends it.
   *
   * - A user: known already, not asked for credentials; the authorizer decides what he may.
   * - null: the authenticator judges headers and certificate, as it does over a socket.
   * - Absent: as with null when the request has credentials (an Authorization header, say, or a
   *   certificate); else the administrator of the server, whom no authorizer is asked about.
   */
  readonly user?: InjectedUser | null;
  /** As if shown in a TLS handshake. */
  readonly peerCertificate?: PeerCertificate;
  /** The client leaves when it is aborted. */
  readonly signal?: AbortSignal;
}

/** A user; in the group `system:authenticated` whether named here or not. */
export type InjectedUser = Partial<UserInfo> & Pick<UserInfo, 'username'>;

/** Who acts where no user does. */
export const ADMINISTRATOR: UserInfo = {
  username: 'system:apiserver',
  uid: '',
  groups: ['system:masters', AUTHENTICATED_GROUP],
  extra: {},
};

/** What a transport is given. Throws a TypeError for a path that does not begin with a slash. */
export function localRequest(request: InjectedRequest): LocalRequest {
  if (!request.path.startsWith('/')) {
    throw new TypeError(`a path begins with a slash: ${JSON.stringify(request.path)} does not`);
  }
  const { bytes, type } = bodyOf(request.body);
  const headers = headersOf(request.headers ?? {});
  const saysType = headers.some(([name]) => name === 'content-type');
  return {
    method: request.method ?? 'GET',
    target: targetOf(request),
    headers: type === undefined || saysType ? headers : [...headers, ['content-type', type]],
    body: bytes,
    ...(request.peerCertificate === undefined ? {} : { peerCertificate: request.peerCertificate }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  };
}

/** Who sends it, where that is settled; else the authenticator says it. */
export function senderOf(
  request: InjectedRequest,
  authenticator: Authenticator,
): Sender | undefined {
  const { user, headers = {}, peerCertificate } = request;
  if (user === null) return undefined;
  if (user !== undefined) return { user: wholeUser(user), isTrusted: false };
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const hasCredentials =
    peerCertificate !== undefined || names.some((name) => isCredentialHeader(name, authenticator));
  return hasCredentials ? undefined : { user: ADMINISTRATOR, isTrusted: true };
}

function wholeUser({ username, uid = '', groups = [], extra = {} }: InjectedUser): UserInfo {
  const isListed = groups.includes(AUTHENTICATED_GROUP);
  return { username, uid, groups: isListed ? groups : [...groups, AUTHENTICATED_GROUP], extra };
}

function targetOf({ path, query = {} }: InjectedRequest): string {
  const added = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) added.append(name, String(value));
  }
  if (added.size === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${added}`;
}

function headersOf(headers: NonNullable<InjectedRequest['headers']>): [string, string][] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name.toLowerCase(), value]),
  );
}

function bodyOf(body: InjectedRequest['body']): {
  readonly bytes: Uint8Array;
  readonly type?: string;
} {
  if (body === undefined) return { bytes: new Uint8Array(0) };
  if (body instanceof Uint8Array) return { bytes: body };
  const encoder = new TextEncoder();
  if (typeof body === 'string') return { bytes: encoder.encode(body) };
  return { bytes: encoder.encode(JSON.stringify(body)), type: 'application/json' };
}
