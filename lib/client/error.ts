/**
 * What can be wrong between us and a server. An answer of the server that is no success is not
 * among it: that is a StatusError, with the server's own words.
 */

export type ClientErrorCode =
  /** A kubeconfig can't be read or used; the message names the file and the entry. */
  | 'bad-kubeconfig'
  /** The process runs in no pod, or in one without a service account. */
  | 'not-in-cluster'
  /** A certificate, key or token can't be read or used; the message names the file. */
  | 'bad-credentials'
  /** The server can't be reached, or is not the one that its certificate should name. */
  | 'unreachable'
  /** The connection ended in the middle of a request or its answer. */
  | 'connection-lost'
  /** There was no whole answer in time. */
  | 'timeout'
  /** The answer is not what the API's conventions say. */
  | 'bad-response'
  /** The caller's signal aborted. */
  | 'aborted';

/** Thrown by everything in this folder. */
export class ClientError extends Error {
  override readonly name: string = 'ClientError';
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** What to say of anything caught. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
