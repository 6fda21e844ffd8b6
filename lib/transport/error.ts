/** What can go wrong in a transport itself; errors of requests are answers and none of these. */

import type { ErrorReport } from './contract.js';

export type TransportErrorCode =
  /** Another process, or another listener of this one, has the port. */
  | 'address-in-use'
  /** The port may not be taken by this user (below 1024 on most systems). */
  | 'permission-denied'
  /** The host is no address of this machine, or the port is no port. */
  | 'bad-address'
  /** Key and certificate can't be read, or do not belong together. */
  | 'bad-certificate'
  /** A mount's prefix is no path, or ends with a slash. */
  | 'bad-prefix'
  /** What a request came to had been answered before, in part or wholly. */
  | 'already-answered'
  /** Listening failed for a reason that has no code of its own; `cause` has it. */
  | 'listen-failed'
  /** The abort reason of a request whose client closed the connection or reset the stream. */
  | 'client-left'
  /** An answer was broken off at its deadline: the client did not take it. */
  | 'deadline-exceeded'
  /** The answer to a local request was broken off, where a connection would have been. */
  | 'broken-off'
  /** The abort reason of a request that outlived the grace period of `close`. */
  | 'closing';

/** Thrown by `listen`, `mount` and `setCertificates`, and the reason of aborted request signals. */
export class TransportError extends Error {
  override readonly name: string = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** The same report, which can't fail: it must not take a connection down with it. */
export function guardedReport(report: ErrorReport | undefined): ErrorReport {
  return (error, place) => {
    try {
      report?.(error, place);
    } catch {
      // There is nobody left to tell.
    }
  };
}
