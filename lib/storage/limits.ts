/**
 * What a storage accepts: keys, prefixes, values, TTLs and list options.
 *
 * Everything is checked here, once, before a storage sees it, and the same for all of them. What
 * the content of a store decides is refused with a StorageError; what only a faulty program passes
 * (a negative limit or TTL) with a RangeError.
 */

import { StorageError, type ListOptions, type Write } from './contract.js';

/**
 * Bytes (UTF-8) of a key. LMDB takes 1 978 with 4 KiB pages, of which history needs nine;
 * Kubernetes' longest names (253 each for group, resource, namespace and name) stay well below.
 */
export const KEY_BYTES_MAX = 1536;

/** Bytes of a value unless an option says otherwise: etcd's limit of a request. */
export const VALUE_BYTES_MAX: number = 1.5 * 1024 * 1024;

/** Seconds of a TTL: etcd's longest lease. */
export const TTL_SECONDS_MAX = 9_000_000_000;

/** Throws `invalid-key` unless `key` is a full key: `/`-separated, every segment a name. */
export function checkKey(key: string): void {
  if (key.endsWith('/')) throw invalid('key', key, 'it ends in "/"');
  checkPath(key, 'key');
}

/** Throws `invalid-key` unless `prefix` is the beginning of keys up to and including a `/`. */
export function checkPrefix(prefix: string): void {
  if (prefix === '/') return;
  if (!prefix.endsWith('/')) throw invalid('prefix', prefix, 'it does not end in "/"');
  checkPath(prefix.slice(0, -1), 'prefix');
}

/** The first key, in order, that is behind every key of the prefix. */
export function prefixEnd(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

/** Throws `invalid-key`, `too-large` or a RangeError. */
export function checkWrite(write: Write, valueBytesMax: number): void {
  checkKey(write.key);
  if (write.expected < 0n) {
    throw new RangeError(`expected must not be negative, but it is ${write.expected}`);
  }
  if (write.value === null) return;
  if (write.value.byteLength > valueBytesMax) {
    throw new StorageError(
      'too-large',
      `the value of ${quote(write.key)} has ${write.value.byteLength} bytes; ` +
        `at most ${valueBytesMax} are stored`,
    );
  }
  const ttlSeconds = write.ttlSeconds ?? 0;
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 0 || ttlSeconds > TTL_SECONDS_MAX) {
    throw new RangeError(
      `ttlSeconds must be a whole number from 0 to ${TTL_SECONDS_MAX}, but it is ${ttlSeconds}`,
    );
  }
}

/** Throws a RangeError. */
export function checkListOptions(options: ListOptions): void {
  const { limit, revision } = options;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 0)) {
    throw new RangeError(`limit must be a whole number from 0, but it is ${limit}`);
  }
  if (revision !== undefined && revision < 1n) {
    throw new RangeError(`revision must be at least 1, but it is ${revision}`);
  }
}

function checkPath(path: string, what: string): void {
  if (!path.startsWith('/')) throw invalid(what, path, 'it does not begin with "/"');
  if (path.includes('\0')) throw invalid(what, path, 'it contains a NUL');
  // A lone surrogate has no UTF-8 form: two keys would become one.
  if (/\p{Surrogate}/u.test(path)) throw invalid(what, path, 'it is not well-formed Unicode');
  const bytes = Buffer.byteLength(path);
  if (bytes > KEY_BYTES_MAX) {
    throw invalid(what, path, `it has ${bytes} bytes; at most ${KEY_BYTES_MAX} are stored`);
  }
  for (const segment of path.slice(1).split('/')) {
    if (segment === '') throw invalid(what, path, 'it has an empty segment');
    if (segment === '.' || segment === '..') {
      throw invalid(what, path, `"${segment}" is not a name`);
    }
  }
}

function invalid(what: string, path: string, reason: string): StorageError {
  return new StorageError('invalid-key', `invalid ${what} ${quote(path)}: ${reason}`);
}

function quote(text: string): string {
  const QUOTED_LENGTH_MAX = 200;
  return JSON.stringify(
    text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}…` : text,
  );
}
