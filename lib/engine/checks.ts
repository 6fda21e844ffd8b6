/**
 * What both engines refuse, and the errors they refuse it with: codes, indexes and texts are the
 * same whichever engine a cache is on.
 *
 * Rules:
 *  1. Checks come before anything moves: a batch is checked whole, in its order, the first fault
 *     wins; what the revisions and keys say of each other comes before any object's bytes.
 *  2. A revision that 64 bits don't hold is a RangeError.
 *  3. Checks change nothing and keep nothing of what they are given.
 */

import {
  type FieldRequirement,
  ObjectError,
  type ObjectKey,
  type ObjectContent,
  scanContent,
} from '../object/index.js';
import { type Change, type Put, REVISION_MAX } from './contract.js';
import { EngineError } from './engine-error.js';

/** Fields that every selector may name, declared or not. */
const NAME = 'metadata.name';
const NAMESPACE = 'metadata.namespace';

/** Throws `revision-not-rising` unless the changes rise strictly from above `last`. */
export function checkRising(changes: readonly Change[], last: bigint): void {
  let previous = last;
  changes.forEach((change, index) => {
    if (change.revision <= previous) {
      throw new EngineError(
        'revision-not-rising',
        `revision ${change.revision} of ${describeKey(change)} is not above ${previous}`,
        { index },
      );
    }
    checkRange(change.revision);
    previous = change.revision;
  });
}

/** Throws a RangeError for a revision that has no place in 64 bits. */
export function checkRange(revision: bigint): void {
  if (revision >= 0n && revision <= REVISION_MAX) return;
  throw new RangeError(`revision ${revision} is not one of 64 bits`);
}

/** Throws `revision-not-rising` for a whole new state from before the present one. */
export function checkNotBelow(revision: bigint, current: bigint): void {
  if (revision >= current) return;
  const message = `revision ${revision} of the list is below ${current}`;
  throw new EngineError('revision-not-rising', message);
}

/**
 * Throws `revision-not-rising` for an object of a whole new state that is above its revision, and
 * `invalid-object` for one that is there twice.
 */
export function checkState(objects: readonly Put[], revision: bigint): void {
  checkRange(revision);
  const keys = new Set<string>();
  objects.forEach((put, index) => {
    if (put.revision > revision) {
      throw new EngineError(
        'revision-not-rising',
        `revision ${put.revision} of ${describeKey(put)} is above that of the list, ${revision}`,
        { index },
      );
    }
    checkRange(put.revision);
    const key = `${put.namespace.length}/${put.namespace}/${put.name}`;
    if (keys.has(key)) {
      const message = `${describeKey(put)} is in the list more than once`;
      throw new EngineError('invalid-object', message, { index });
    }
    keys.add(key);
  });
}

/** Throws `undeclared-field` for a field that is neither metadata's nor in `declared`. */
export function checkDeclared(
  fields: readonly FieldRequirement[],
  declared: readonly string[],
): void {
  for (const { path } of fields) {
    if (path === NAME || path === NAMESPACE || declared.includes(path)) continue;
    throw new EngineError('undeclared-field', `${path} is not a declared index field`);
  }
}

/**
 * Scans the object of a put, which is change `index` of its batch, and hands its content to `take`.
 *
 * Throws `invalid-object`, whose `cause` is the ObjectError, for bytes that are no object, and
 * `key-mismatch` for an object that says it is another one or has no name.
 */
export function scanPut<Result>(
  put: Put,
  index: number,
  fields: readonly string[],
  take: (content: ObjectContent) => Result,
): Result {
  try {
    return scanContent(put.object, fields, put.name, (content) => {
      checkKey(put, index, content);
      return take(content);
    });
  } catch (cause) {
    if (!(cause instanceof ObjectError)) throw cause;
    throw new EngineError('invalid-object', `${describeKey(put)}: ${cause.message}`, {
      cause,
      index,
    });
  }
}

/**
 * Why the object of a put was refused, by an engine that only tells that it was: the error that
 * `scanPut` throws, or `invalid-object` where the scan finds nothing to complain of.
 */
export function objectFault(put: Put, index: number, fields: readonly string[]): EngineError {
  try {
    scanPut(put, index, fields, () => undefined);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  const message = `${describeKey(put)}: the engine refused the object`;
  return new EngineError('invalid-object', message, { index });
}

/** The error for a revision that history does not reach any more. */
export function expired(revision: bigint, oldestRevision: bigint): EngineError {
  const message = `too old resource version: ${revision} (${oldestRevision})`;
  return new EngineError('revision-expired', message, { oldestRevision });
}

/** The error for a revision that the cache has not reached. */
export function future(revision: bigint, current: bigint): EngineError {
  const message = `revision ${revision} is above the current one, ${current}`;
  return new EngineError('revision-future', message);
}

/** The error for a write that expected another revision of the object. */
export function conflict(key: ObjectKey, expected: bigint, presentRevision: bigint): EngineError {
  const object = describeKey(key);
  const message = `revision ${expected} of ${object} was expected, not ${presentRevision}`;
  return new EngineError('conflict', message, { presentRevision });
}

/** The error for what was closed: `the list`, `the cache widgets.example.com`. */
export function closed(name: string): EngineError {
  return new EngineError('closed', `${name} is closed`);
}

function checkKey(put: Put, index: number, content: ObjectContent): void {
  if (content.name === put.name && content.namespace === put.namespace && put.name !== '') return;
  const found = describeKey(content);
  throw new EngineError(
    'key-mismatch',
    `the object of ${describeKey(put)} says of itself that it is ${found}`,
    { index },
  );
}

// For people: not to be compared.
function describeKey(key: ObjectKey): string {
  return key.namespace === '' ? JSON.stringify(key.name) : `${key.namespace}/${key.name}`;
}
