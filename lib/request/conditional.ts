/**
 * Conditional requests (RFC 9110 §13.1.2): a client that has a document need not get it again.
 * Documents are compared as a whole, so a weak tag is as good as a strong one.
 */

import type { RequestRecord } from './record.js';

/** Whether `If-None-Match` names `etag` (in its quotes): the answer is 304 then. */
export function matchesEtag(request: RequestRecord, etag: string): boolean {
  return request
    .headers('if-none-match')
    .flatMap((value) => value.split(','))
    .map((value) => value.trim().replace(/^W\//, ''))
    .some((value) => value === etag || value === '*');
}
