/**
 * Reading versions from a snapshot of an LMDB store: one key, a range, a page of changes.
 *
 * Everything is exact at the revision asked for. The newest state needs `current` alone; an older
 * one merges it, key by key, with `superseded`:
 *
 *     current      /a@9        /c@3
 *     superseded   /a@5 /b@4 /b@7(deleted)        at 6: /a@5 /b@4 /c@3
 */

import type { StorageChange, StoredValue } from '../contract.js';
import { prefixEnd } from '../limits.js';
import { storedValue, type Version } from '../transition.js';
import type { KeyRange } from '../versioned-storage.js';
import type { ChangePage } from '../watch-hub.js';
import type { Environment, Snapshot } from './environment.js';
import {
  damaged,
  decodeKey,
  decodeLogRow,
  decodeRevision,
  decodeVersion,
  decodeVersionKey,
  encodeKey,
  encodeRevision,
  encodeVersionKey,
  type LogRow,
} from './layout.js';

interface Keyed {
  readonly key: Buffer;
  readonly version: Version | undefined;
}

/** The newest version of a key. Without a snapshot: in a write transaction. */
export function readCurrent(
  environment: Environment,
  key: Buffer,
  snapshot?: Snapshot,
): Version | undefined {
  const options = snapshot === undefined ? {} : { transaction: snapshot };
  const bytes = environment.current.get(key, options);
  return bytes && decodeVersion(bytes, `${environment.path}: row ${decodeKey(key)} of current`);
}

/** The revision of the newest version of a key. In a write transaction. */
export function currentRevision(environment: Environment, key: Buffer): bigint | undefined {
  return readCurrent(environment, key)?.revision;
}

/** The version of a key at a revision. */
export function readAt(
  environment: Environment,
  snapshot: Snapshot,
  key: Buffer,
  revision: bigint,
): Version | undefined {
  const current = readCurrent(environment, key, snapshot);
  if (current !== undefined && current.revision <= revision) return current;
  const [row] = environment.superseded.getRange({
    start: encodeVersionKey(key, revision),
    end: encodeVersionKey(key, 0n),
    reverse: true,
    limit: 1,
    transaction: snapshot,
  });
  return row && decodeVersion(row.value, `${environment.path}: a row of superseded`);
}

/** The newest values of a range. */
export function* rangeNewest(
  environment: Environment,
  snapshot: Snapshot,
  range: KeyRange,
): Generator<StoredValue, void, undefined> {
  for (const { key, version } of currentRows(environment, snapshot, range)) {
    if (version !== undefined) yield storedValue(decodeKey(key), version);
  }
}

/** The values of a range at a revision. */
export function* rangeAt(
  environment: Environment,
  snapshot: Snapshot,
  range: KeyRange,
  revision: bigint,
): Generator<StoredValue, void, undefined> {
  const newest = currentRows(environment, snapshot, range);
  const older = supersededRows(environment, snapshot, range, revision);
  let left = newest.next();
  let right = older.next();
  while (!left.done || !right.done) {
    const order = compareHeads(left, right);
    const key = (order <= 0 ? left.value! : right.value!).key;
    const current = order <= 0 ? left.value!.version : undefined;
    const before = order >= 0 ? right.value!.version : undefined;
    const version = current !== undefined && current.revision <= revision ? current : before;
    if (version !== undefined) yield storedValue(decodeKey(key), version);
    if (order <= 0) left = newest.next();
    if (order >= 0) right = older.next();
  }
}

/** A page of changes of the prefix above `after` and at most `through`. */
export function readChanges(
  environment: Environment,
  snapshot: Snapshot,
  prefix: string,
  after: bigint,
  through: bigint,
): ChangePage {
  const changes: StorageChange[] = [];
  let bytes = 0;
  let count = 0;
  let reached = after;
  for (const row of environment.log.getRange({
    start: encodeRevision(after + 1n),
    end: encodeRevision(through + 1n),
    transaction: snapshot,
  })) {
    if (count === PAGE_ROWS_MAX || bytes > PAGE_BYTES_MAX) return { changes, reached };
    count++;
    reached = decodeRevision(row.key, `${environment.path}: a key of log`);
    const logged = decodeLogRow(row.value, `${environment.path}: row ${reached} of log`);
    if (!logged.key.startsWith(prefix)) continue;
    const change = changeOf(environment, snapshot, logged, reached);
    bytes += change.value.byteLength;
    changes.push(change);
  }
  return { changes, reached: through };
}

function changeOf(
  environment: Environment,
  snapshot: Snapshot,
  row: LogRow,
  revision: bigint,
): StorageChange {
  const { type, key } = row;
  const wanted = type === 'put' ? revision : row.previous;
  const version = readAt(environment, snapshot, encodeKey(key), wanted);
  if (version?.revision !== wanted) {
    throw damaged(`${environment.path}: version ${wanted} of ${key}`);
  }
  const { value, createRevision } = version;
  return { type, key, value, revision, createRevision };
}

function* currentRows(
  environment: Environment,
  snapshot: Snapshot,
  range: KeyRange,
): Generator<Keyed, void, undefined> {
  const start = encodeKey(range.start);
  const end = encodeKey(prefixEnd(range.prefix));
  // Bounds that exclude each other would be taken for a range without an end.
  if (start.compare(end) >= 0) return;
  for (const row of environment.current.getRange({ start, end, transaction: snapshot })) {
    const what = `${environment.path}: row ${decodeKey(row.key)} of current`;
    yield { key: row.key, version: decodeVersion(row.value, what) };
  }
}

// For every key with a superseded version: the newest at or below the revision, or none.
function* supersededRows(
  environment: Environment,
  snapshot: Snapshot,
  range: KeyRange,
  revision: bigint,
): Generator<Keyed, void, undefined> {
  const start = encodeKey(range.start);
  const end = encodeKey(prefixEnd(range.prefix));
  if (start.compare(end) >= 0) return;
  let group: Keyed | undefined;
  for (const row of environment.superseded.getRange({ start, end, transaction: snapshot })) {
    const { key, revision: own } = decodeVersionKey(row.key);
    // A start that ends in NUL sorts among the versions of the key before it.
    if (key.compare(start) < 0) continue;
    if (group !== undefined && !group.key.equals(key)) {
      yield group;
      group = undefined;
    }
    const what = `${environment.path}: a row of superseded`;
    if (own <= revision) group = { key, version: decodeVersion(row.value, what) };
  }
  if (group !== undefined) yield group;
}

// Whose turn it is: below 0 the left one's, above 0 the right one's, 0 both.
function compareHeads(left: IteratorResult<Keyed>, right: IteratorResult<Keyed>): number {
  if (left.done) return 1;
  if (right.done) return -1;
  return left.value.key.compare(right.value.key);
}

// What a turn of the event loop may spend on one watch.
const PAGE_ROWS_MAX = 1000;
const PAGE_BYTES_MAX = 4 * 1024 * 1024;
