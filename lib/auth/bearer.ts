/** Finds the bearer token of a request (RFC 6750 §2.1). */

import type { RequestRecord } from '../request/index.js';

/** The token of `Authorization: Bearer TOKEN`, or undefined without one. Any case of the scheme. */
export function bearerToken(request: Pick<RequestRecord, 'header'>): string | undefined {
  const [scheme, token] = (request.header('authorization') ?? '').trim().split(' ', 2);
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || token === '') return undefined;
  return token;
}
