/** Finds the bearer token of a request (RFC 6750 §2.1; of a WebSocket, a subprotocol). */

import type { RequestRecord } from '../request/index.js';
import { unauthorized, webSocketToken } from '../request/index.js';

/**
 * The token of `Authorization: Bearer TOKEN` (any case of the scheme), else that among the
 * subprotocols of a request for a WebSocket, or undefined without one. Throws a StatusError 401
 * where such a subprotocol is malformed.
 */
export function bearerToken(
  request: Pick<RequestRecord, 'header' | 'headers'>,
): string | undefined {
  const token = headerToken(request.header('authorization') ?? '');
  if (token !== undefined) return token;
  const offered = webSocketToken(request);
  if (offered === 'malformed') throw unauthorized();
  return offered?.token;
}

/** The token of an `Authorization` header's value, or undefined without one. */
export function headerToken(header: string): string | undefined {
  const [scheme, token] = header.trim().split(' ', 2);
  return scheme?.toLowerCase() === 'bearer' && token !== undefined && token !== ''
    ? token
    : undefined;
}
