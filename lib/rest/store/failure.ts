/**
 * Failures of storage and cache as the Status that clients are told. What nobody foresaw stays as
 * it is, and becomes an InternalError at the door.
 */

import type { CacheErrorCode } from '../../cache/index.js';
import { CacheError } from '../../cache/index.js';
import { qualifiedResource, type ResourceType } from '../../object/index.js';
import { CorruptValuesError, StorageError } from '../../storage/index.js';
import {
  badRequest,
  expired,
  internalError,
  isStatusError,
  requestEntityTooLarge,
  serverTimeout,
  serviceUnavailable,
  StatusError,
  storageReadError,
  timeout,
  tooLargeResourceVersion,
  tooManyRequests,
} from '../../request/index.js';

/** Seconds after which a client is told to try again when the storage can't be reached. */
const STORAGE_RETRY_SECONDS = 2;

const EXPIRED_LIST = 'The resourceVersion for the provided list is too old.';

/** The StatusError for anything that went wrong while serving `verb`. */
export function toStatusFailure(type: ResourceType, verb: string, error: unknown): unknown {
  if (isStatusError(error)) return error;
  if (error instanceof CacheError) {
    return isCorruption(error, verb) ? unreadableValues(type, error.cause) : fromCache(verb, error);
  }
  if (error instanceof StorageError) return fromStorage(type, verb, error);
  if (error instanceof Error && error.name === 'AbortError') return timeout();
  return error;
}

/** What a watch tells as the ERROR event of a stream that has begun. */
const STREAM_FAILURES: ReadonlySet<CacheErrorCode> = new Set([
  'expired',
  'resource-version-too-large',
]);

/**
 * The StatusError that a watch tells as an ERROR event, as upstream's handler has answered by then;
 * `undefined` for what is an HTTP error: the request's own faults, a cache that is not ready.
 */
export function toStreamFailure(error: unknown): StatusError | undefined {
  if (error instanceof CacheError) {
    return STREAM_FAILURES.has(error.code) ? fromCache('watch', error) : undefined;
  }
  if (!(error instanceof StorageError) || error.code === 'closed') return undefined;
  const { message } = error;
  return new StatusError({ code: 500, reason: 'InternalError', message, cause: error });
}

function fromCache(verb: string, error: CacheError): StatusError {
  const { requested = '', current = '' } = error;
  switch (error.code) {
    case 'closed':
      return tooManyRequests('apiserver cacher is stopped', error.retryAfterSeconds ?? 1);
    case 'not-ready':
    case 'not-fresh':
      return tooManyRequests(error.message, error.retryAfterSeconds ?? 1);
    case 'resource-version-too-large':
      return tooLargeResourceVersion(requested, current, error.retryAfterSeconds ?? 0);
    case 'expired':
      if (verb !== 'watch') return expired(EXPIRED_LIST);
      return expired(`too old resource version: ${requested} (${current})`);
    case 'continue-expired':
      return expired(error.message, error.continue);
    case 'aborted':
      return timeout();
    case 'invalid-resource-version':
    case 'invalid-continue':
    case 'invalid-selector':
    case 'invalid-options':
    case 'field-not-supported':
      return badRequest(error.message, error);
    default:
      return internalError(error.message, error);
  }
}

// A watch is told to come back, as by every cache that is not filled.
function isCorruption(
  error: CacheError,
  verb: string,
): error is CacheError & { readonly cause: CorruptValuesError } {
  return error.cause instanceof CorruptValuesError && verb !== 'watch';
}

function unreadableValues(type: ResourceType, error: CorruptValuesError): StatusError {
  const what = `failed to read one or more ${qualifiedResource(type)} from the storage`;
  const message = `${what}: ${error.message}`;
  return storageReadError(type, message, error.values, error.isTruncated, error);
}

function fromStorage(type: ResourceType, verb: string, error: StorageError): StatusError {
  if (error instanceof CorruptValuesError) return unreadableValues(type, error);
  switch (error.code) {
    case 'too-large':
      return requestEntityTooLarge(error.message);
    case 'unavailable':
      return serverTimeout(type, verb, STORAGE_RETRY_SECONDS);
    case 'closed':
      return serviceUnavailable('apiserver is shutting down', 1);
    case 'invalid-key':
      return badRequest(error.message, error);
    case 'compacted':
      return expired(EXPIRED_LIST);
    default:
      return internalError(error.message, error);
  }
}
