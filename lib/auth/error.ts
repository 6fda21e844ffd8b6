/** What can be wrong with what authentication works from. Refusals are StatusErrors. */

export type AuthErrorCode =
  /** A token file can't be used; the message names file and line. */
  | 'bad-token-file'
  /** A bundle of authorities has no certificate, or one that can't be read. */
  | 'bad-authorities'
  /** A host that no certificate can be made for. */
  | 'bad-host'
  /** A folder or file for generated certificates can't be read or written. */
  | 'bad-folder'
  /** The front proxy's headers or names can't be used. */
  | 'bad-front-proxy'
  /** A pattern of paths that can't be matched. */
  | 'bad-path'
  /** The cluster's authentication configuration can't be read; the message says what to do. */
  | 'lookup-failed'
  /** A TokenReview or SubjectAccessReview got no answer that decides anything. */
  | 'review-failed';

/** Thrown while authentication is set up, and by reviews that fail. */
export class AuthError extends Error {
  override readonly name: string = 'AuthError';
  readonly code: AuthErrorCode;

  constructor(code: AuthErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}
