/** What can be wrong with the files authentication works from. Refusals are StatusErrors. */

export type AuthErrorCode =
  /** A token file can't be used; the message names file and line. */
  | 'bad-token-file'
  /** A bundle of authorities has no certificate, or one that can't be read. */
  | 'bad-authorities'
  /** A host that no certificate can be made for. */
  | 'bad-host'
  /** A folder or file for generated certificates can't be read or written. */
  | 'bad-folder';

/** Thrown while authentication is set up. */
export class AuthError extends Error {
  override readonly name: string = 'AuthError';
  readonly code: AuthErrorCode;

  constructor(code: AuthErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}
