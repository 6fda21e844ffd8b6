/** What can keep a store from being exported, imported or verified, apart from the store itself. */

export type BackupErrorCode =
  /** The folder holds no store. */
  | 'no-store'
  /** The file to write is there already. */
  | 'file-exists'
  /** The store holds objects, and it was not said what becomes of them. */
  | 'not-empty'
  /** Keys of the export are in the store already. */
  | 'conflict'
  /** An export that ends before its footer. */
  | 'truncated'
  /** An export that is none, or was changed; an object that can't be exported. */
  | 'damaged'
  /** An export of a newer version. */
  | 'unsupported-format'
  /** The signal was aborted; nothing has been changed. */
  | 'aborted'
  /** A file can't be read or written. */
  | 'unavailable';

/** Thrown by `exportStore`, `importStore` and the `verify` functions; `code` is stable. */
export class BackupError extends Error {
  override readonly name: string = 'BackupError';
  readonly code: BackupErrorCode;

  constructor(code: BackupErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Throws `aborted` once the signal is. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

export function aborted(signal: AbortSignal): BackupError {
  const message = 'it was interrupted; nothing has been changed';
  return new BackupError('aborted', message, { cause: signal.reason });
}

/** A failure of the file system, told with the file. */
export function fileFailure(path: string, cause: unknown): BackupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BackupError('unavailable', `${path} can't be used: ${reason}`, { cause });
}
