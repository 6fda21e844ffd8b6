/**
 * Compares what a cache holds with what its storage holds, at one revision (KEP-4988; upstream's
 * consistency checker compares names and revisions only).
 *
 * Rules:
 *  1. Both are read page by page in key order, from a root of the cache that is held and from the
 *     storage at that root's revision: whatever is written meanwhile changes neither.
 *  2. Of a page only the hashes are compared; where they differ, its objects are, to name the first
 *     that differs.
 *  3. Between two pages the event loop gets its turn. A page has at most PAGE_KEYS_MAX objects and,
 *     judged by the page before, about PAGE_BYTES: some milliseconds of work.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

import type { EngineList, EngineObject, EngineRoot } from '../engine/index.js';
import { compareUtf8, type ObjectKey } from '../object/index.js';
import { contentHash } from './content-hash.js';
import { storageKey } from './storage-key.js';
import { readStored, type StoredSource } from './stored.js';

const PAGE_KEYS_MAX = 200;
/** Nothing is known of the first page's sizes. */
const PAGE_KEYS_FIRST = 16;
const PAGE_BYTES: number = 1024 * 1024;

/** The first object that the cache and its storage do not have alike. */
export interface ConsistencyDifference {
  readonly namespace: string;
  readonly name: string;
  /** The object's resourceVersion in the cache; `undefined`: it is not there. */
  readonly cached: string | undefined;
  /** The same in the storage. With two equal ones the contents differ. */
  readonly stored: string | undefined;
  /** The hashes of the page in which it was found, SHA-256 in hexadecimal digits. */
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
    const page = await storage.list(prefix, { revision, start, limit });
    signal.throwIfAborted();
    const stored = page.values.map((value) => readStored(source, value));
    // One more than the storage has at its end: an object that only the cache has.
    const wanted = page.more ? stored.length : stored.length + 1;
    const difference = differenceOf(source, readAll(list, wanted), stored);
    objects += stored.length;
    if (difference !== undefined) return { objects, difference };
    const last = page.values.at(-1);
    if (!page.more || last === undefined) return { objects };
    start = `${last.key}\0`;
    limit = nextLimit(stored);
    await nextTurn();
    signal.throwIfAborted();
  }
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

function nextLimit(stored: readonly EngineObject[]): number {
  const bytes = stored.reduce((sum, { object }) => sum + object.byteLength, 0);
  const fitting = Math.floor((PAGE_BYTES * stored.length) / Math.max(1, bytes));
  return Math.max(1, Math.min(PAGE_KEYS_MAX, fitting));
}
