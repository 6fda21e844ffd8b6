/** A request record that differs from another one in a few things: filters pass these on. */

import type { RequestRecord } from './record.js';

/**
 * A record with `changes` and, for the rest, what `request` says. (Records may be instances of
 * classes: an object spread would lose what stands in the prototype.)
 */
export function derivedRecord(
  request: RequestRecord,
  changes: Partial<RequestRecord>,
): RequestRecord {
  return {
    method: request.method,
    path: request.path,
    query: request.query,
    header: (name) => request.header(name),
    headers: (name) => request.headers(name),
    headerNames: () => request.headerNames(),
    body: (maxBytes) => request.body(maxBytes),
    secure: request.secure,
    protocol: request.protocol,
    remoteAddress: request.remoteAddress,
    peerCertificate: request.peerCertificate,
    // Asked for late: a record makes its signal only when somebody wants it.
    get signal() {
      return request.signal;
    },
    receivedAt: request.receivedAt,
    ...(request.auditId === undefined ? {} : { auditId: request.auditId }),
    ...changes,
  };
}
