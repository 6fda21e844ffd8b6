/** What an engine refuses, in the cache's words. */

import { EngineError, type EngineErrorCode } from '../engine/index.js';
import { CacheError, type CacheErrorCode } from './contract.js';

const CODES: Partial<Record<EngineErrorCode, CacheErrorCode>> = {
  closed: 'closed',
  'revision-expired': 'expired',
  'revision-future': 'resource-version-too-large',
  'revision-not-rising': 'revision-not-rising',
  'undeclared-field': 'field-not-supported',
  'invalid-object': 'invalid-object',
  'key-mismatch': 'invalid-object',
};

/** A CacheError for an EngineError that has one; anything else as it is. */
export function cacheError(error: unknown, requested?: bigint): unknown {
  if (!(error instanceof EngineError)) return error;
  const code = CODES[error.code];
  if (code === undefined) return error;
  return new CacheError(code, error.message, {
    cause: error,
    ...(requested === undefined ? {} : { requested: requested.toString() }),
    ...(error.index === undefined ? {} : { index: error.index }),
    ...(error.oldestRevision === undefined ? {} : { current: error.oldestRevision.toString() }),
  });
}

/** Calls `act` and translates what it throws; `requested` is the revision that it asks for. */
export function translated<Result>(act: () => Result, requested?: bigint): Result {
  try {
    return act();
  } catch (error) {
    throw cacheError(error, requested);
  }
}

/** Whether an engine no longer has the revision that was asked for. */
export function isExpired(error: unknown): error is EngineError {
  return error instanceof EngineError && error.code === 'revision-expired';
}
