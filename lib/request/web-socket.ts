/**
 * Requests for a WebSocket (RFC 6455 §4.2.1), and the subprotocol by which browsers, which can set
 * no headers there, say who they are (apiserver `authentication/request/websocket`).
 */

import type { RequestRecord } from './record.js';

const BEARER_PREFIX = 'base64url.bearer.authorization.k8s.io.';

/** Whether a request asks for its connection to become a WebSocket. */
export function isWebSocketRequest(request: Pick<RequestRecord, 'header' | 'headers'>): boolean {
  if (request.header('upgrade')?.toLowerCase() !== 'websocket') return false;
  return request
    .headers('connection')
    .some((value) => value.split(',').some((token) => token.trim().toLowerCase() === 'upgrade'));
}

/** The subprotocols that a client offers, in order, without the one that carries its token. */
export function webSocketProtocols(request: Pick<RequestRecord, 'headers'>): readonly string[] {
  return offered(request).filter((protocol) => !protocol.startsWith(BEARER_PREFIX));
}

/**
 * The bearer token among the subprotocols of a request for a WebSocket. `undefined`: there is none.
 * `malformed`: there are several, or one that is no base64url of UTF-8, or there is no other
 * subprotocol, as which the server could answer.
 */
export function webSocketToken(
  request: Pick<RequestRecord, 'header' | 'headers'>,
): { readonly token: string } | 'malformed' | undefined {
  if (!isWebSocketRequest(request)) return undefined;
  const [first, ...others] = offered(request).filter((each) => each.startsWith(BEARER_PREFIX));
  if (first === undefined) return undefined;
  const token = decoded(first.slice(BEARER_PREFIX.length));
  const isUsable = others.length === 0 && webSocketProtocols(request).length > 0;
  return token === undefined || token === '' || !isUsable ? 'malformed' : { token };
}

function offered(request: Pick<RequestRecord, 'headers'>): string[] {
  return request
    .headers('sec-websocket-protocol')
    .flatMap((value) => value.split(','))
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');
}

// Without padding, as Go's RawURLEncoding.
function decoded(text: string): string | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64url'));
  } catch {
    return undefined;
  }
}
