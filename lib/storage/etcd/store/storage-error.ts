/** What the client reports, as storages report it. */

import { StorageError, type StorageErrorCode } from '../../contract.js';
import { EtcdError, type EtcdErrorCode } from '../client/error.js';

const CODES: ReadonlyMap<EtcdErrorCode, StorageErrorCode> = new Map([
  ['compacted', 'compacted'],
  ['future-revision', 'future-revision'],
  ['too-large', 'too-large'],
  ['closed', 'closed'],
  ['corrupt', 'corrupt'],
  ['no-space', 'no-space'],
]);

/** Everything without a code of its own is `unavailable`; its message and cause tell more. */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  if (!(error instanceof EtcdError)) {
    return new StorageError('unavailable', (error as Error).message, { cause: error });
  }
  return new StorageError(CODES.get(error.code) ?? 'unavailable', error.message, { cause: error });
}
