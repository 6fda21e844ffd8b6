/**
 * Compares what a cache holds with what its storage holds, at one revision (KEP-4988; upstream's
 * consistency checker compares names and revisions only).
 *
 * Rules:
 *  1. Both are read page by page in key order, from a root of the cache that is held and from the
 *     storage at that root's revision: whatever is written meanwhile changes neither.
 *  2. Objects are compared slice by slice: only the hashes of a slice, and where they differ its
 *     objects, to name the first that differs.
 *  3. After each slice the event loop gets its turn. A slice has at most SLICE_OBJECTS_MAX objects
 *     and, one large object left aside, SLICE_BYTES_MAX: a millisecond or two of work.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

import type { EngineList, EngineObject, EngineRoot } from '../engine/index.js';
import { compareUtf8, type ObjectKey } from '../object/index.js';
import type { StoredValue } from '../storage/index.js';
import { contentHash } from './content-hash.js';
import { storageKey } from './storage-key.js';
import { readStored, type StoredSource } from './stored.js';

/** Keys that the storage is asked for at once. */
const PAGE_KEYS_MAX = 500;
/** Nothing is known of the first page's sizes. */
const PAGE_KEYS_FIRST = 16;
/** About as many bytes has a page, judged by the one before it. */
const PAGE_BYTES: number = 1024 * 1024;
const SLICE_OBJECTS_MAX = 64;
const SLICE_BYTES_MAX: number = 128 * 1024;

/** The first object that the cache and its storage do not have alike. */
export interface ConsistencyDifference {
  readonly namespace: string;
  readonly name: string;
  /** The object's resourceVersion in the cache; `undefined`: it is not there. */
  readonly cached: string | undefined;
  /** The same in the storage. With two equal ones the contents differ. */
  readonly stored: string | undefined;
  /** The hashes of the slice in which it was found, SHA-256 in hexadecimal digits. */
  readonly cachedHash: string;
  readonly storedHash: string;
}

export interface Comparison {
  /** How many objects of the storage were compared. */
  readonly objects: number;
  /** Absent where there is none. */
  readonly difference?: ConsistencyDifference;
}

/**
 * Leaves the root open. Rejects with the signal's reason, with the storage's StorageError where it
 * can't list at the root's revision, and with an ObjectError or a RangeError for what is no object
 * of the cache's type there.
 */
export async function compareContent(
  root: EngineRoot,
  source: StoredSource,
  signal: AbortSignal,
): Promise<Comparison> {
  const list = root.list({});
  try {
    return await comparePages(list, source, signal);
  } finally {
    list.close();
  }
}

async function comparePages(
  list: EngineList,
  source: StoredSource,
  signal: AbortSignal,
): Promise<Comparison> {
  const { storage, prefix } = source;
  const { revision } = list;
  let objects = 0;
  let limit = PAGE_KEYS_FIRST;
  let start = prefix;
  for (;;) {
    const { values, more } = await storage.list(prefix, { revision, start, limit });
    signal.throwIfAborted();
    for (const slice of slices(values)) {
      const stored = slice.map((value) => readStored(source, value));
      objects += stored.length;
      const difference = differenceOf(source, readAll(list, stored.length), stored);
      if (difference !== undefined) return { objects, difference };
      await nextTurn();
      signal.throwIfAborted();
    }
    const last = values.at(-1);
    if (!more || last === undefined) break;
    start = `${last.key}\0`;
    limit = nextLimit(values);
  }
  // What only the cache has, behind all that the storage has.
  const difference = differenceOf(source, list.readObjects(1), []);
  return difference === undefined ? { objects } : { objects, difference };
}

function* slices(values: readonly StoredValue[]): Generator<readonly StoredValue[]> {
  let slice: StoredValue[] = [];
  let bytes = 0;
  for (const value of values) {
    const isFull =
      slice.length === SLICE_OBJECTS_MAX || bytes + value.value.length > SLICE_BYTES_MAX;
    if (isFull && slice.length > 0) {
      yield slice;
      slice = [];
      bytes = 0;
    }
    slice.push(value);
    bytes += value.value.length;
  }
  if (slice.length > 0) yield slice;
}

function readAll(list: EngineList, count: number): readonly EngineObject[] {
  const objects: EngineObject[] = [];
  while (objects.length < count) {
    const batch = list.readObjects(count - objects.length);
    if (batch.length === 0) break;
    objects.push(...batch);
  }
  return objects;
}

function differenceOf(
  source: StoredSource,
  cached: readonly EngineObject[],
  stored: readonly EngineObject[],
): ConsistencyDifference | undefined {
  const cachedHash = contentHash(cached);
  const storedHash = contentHash(stored);
  if (cachedHash === storedHash) return undefined;
  let index = 0;
  while (isEqual(cached[index], stored[index])) index++;
  const ours = cached[index];
  const theirs = stored[index];
  const { namespace, name } = firstOf(source, ours, theirs);
  const revisionIn = (object: EngineObject | undefined): string | undefined =>
    object?.namespace === namespace && object.name === name
      ? object.revision.toString()
      : undefined;
  const cachedRevision = revisionIn(ours);
  const storedRevision = revisionIn(theirs);
  return {
    ...{ namespace, name, cachedHash, storedHash },
    cached: cachedRevision,
    stored: storedRevision,
  };
}

function isEqual(left: EngineObject | undefined, right: EngineObject | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return contentHash([left]) === contentHash([right]);
}

/** The one that comes first in key order: the other side does not have it. */
function firstOf(
  source: StoredSource,
  left: EngineObject | undefined,
  right: EngineObject | undefined,
): ObjectKey {
  if (left === undefined) return right!;
  if (right === undefined) return left;
  return compareUtf8(storageKey(source, left), storageKey(source, right)) <= 0 ? left : right;
}

function nextLimit(values: readonly StoredValue[]): number {
  const bytes = values.reduce((sum, { value }) => sum + value.length, 0);
  const fitting = Math.floor((PAGE_BYTES * values.length) / Math.max(1, bytes));
  return Math.max(1, Math.min(PAGE_KEYS_MAX, fitting));
}
