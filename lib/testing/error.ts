/** What a test did wrong, or waited for in vain. */

/**
 * - `invalid-options`: an option or argument that is unknown or makes no sense.
 * - `invalid-object`: an object given to the server that it refuses; the message has the Status'.
 * - `unknown-type`: a resource or kind that this server does not serve.
 * - `timeout`: what was waited for did not come; the message tells the last state.
 * - `aborted`: the wait's signal was aborted.
 * - `closed`: the server, or the recorder, was closed.
 */
export type TestingErrorCode =
  'invalid-options' | 'invalid-object' | 'unknown-type' | 'timeout' | 'aborted' | 'closed';

/** Thrown by the test server itself; what the API answers with is a StatusError. */
export class TestingError extends Error {
  override readonly name: string = 'TestingError';
  readonly code: TestingErrorCode;

  constructor(code: TestingErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
