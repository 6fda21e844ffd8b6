/**
 * What can be wrong with a patch. `code` is stable; the REST layer answers `malformed` with 400,
 * `too-many-operations` with 413, and the others with 422, as upstream does.
 */

export type PatchErrorCode =
  /** The document is no patch of its kind. */
  | 'malformed'
  | 'too-many-operations'
  /** A `test` operation found another value. */
  | 'test-failed'
  /** An operation can't be applied to this target. */
  | 'not-applicable'
  /** The `copy` operations together copy too much. */
  | 'copy-too-large';

/** Thrown by everything in `shardwatch/patch`; the target is as it was. */
export class PatchError extends Error {
  override readonly name: string = 'PatchError';
  readonly code: PatchErrorCode;
  /** Which operation of a JSON Patch failed, counted from 0. */
  readonly index: number | undefined;

  constructor(code: PatchErrorCode, message: string, index?: number) {
    super(message);
    this.code = code;
    this.index = index;
  }
}
