/** The one error that engines and their loader throw. */

/** What went wrong in an engine; `code` is stable. */
export type EngineErrorCode =
  | 'closed'
  | 'revision-expired'
  | 'revision-future'
  | 'revision-not-rising'
  | 'undeclared-field'
  | 'invalid-object'
  | 'key-mismatch'
  | 'conflict'
  | 'not-shareable'
  | 'engine-unavailable'
  /** Of `duplicateListener`. */
  | 'invalid-descriptor'
  | 'no-descriptors';

/**
 * Thrown by engines and their loader. For `invalid-object` the `cause` is the ObjectError that
 * tells what the bytes lack, and `index` says which change of the batch it was.
 */
export class EngineError extends Error {
  override readonly name: string = 'EngineError';
  readonly code: EngineErrorCode;
  /** The lowest revision still available, with `revision-expired`. */
  readonly oldestRevision: bigint | undefined;
  /** The object's present revision, 0 where there is none, with `conflict`. */
  readonly presentRevision: bigint | undefined;
  /** Which change of a batch failed. */
  readonly index: number | undefined;

  constructor(
    code: EngineErrorCode,
    message: string,
    details: {
      cause?: unknown;
      oldestRevision?: bigint;
      presentRevision?: bigint;
      index?: number;
    } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.oldestRevision = details.oldestRevision;
    this.presentRevision = details.presentRevision;
    this.index = details.index;
  }
}
