/** What can go wrong with a server as such; errors of requests are answers and none of these. */

export type ServerErrorCode =
  /** The server is being closed, or has been. */
  | 'closed'
  /** The server is mounted at that prefix already. */
  | 'prefix-in-use'
  /** A serving thread has ended, or could not start; the `cause` says why. */
  | 'thread-failed'
  /** What the module of the threads gives is not what the first thread serves. */
  | 'thread-mismatch';

/** Thrown by `ready`, `listen` and `nodeHandler`. */
export class ServerError extends Error {
  override readonly name: string = 'ServerError';
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}
