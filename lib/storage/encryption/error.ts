/** What is wrong with an encryption configuration, as one class with a stable code. */

export type EncryptionErrorCode =
  /** The file can't be read. */
  | 'unreadable'
  /** It is not an EncryptionConfiguration that can be used. */
  | 'invalid-configuration';

/** The message names the place in the configuration, and never has a secret in it. */
export class EncryptionError extends Error {
  override readonly name: string = 'EncryptionError';
  readonly code: EncryptionErrorCode;

  constructor(code: EncryptionErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
