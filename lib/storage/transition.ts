/**
 * What a write does to a key: the compare-and-swap itself, the same for every storage that keeps
 * its own versions.
 *
 *  1. A write whose key is not at `expected` changes nothing and reports what is there.
 *  2. A write that would leave value and TTL as they are changes nothing and takes no revision.
 *  3. Any other takes exactly the next revision.
 *
 * Pure but for the table it is given, and synchronous: the table's owner makes a batch atomic.
 */

import type { StorageChange, StoredValue, Write, WriteResult } from './contract.js';

/** One state of a key. */
export interface Version {
  readonly revision: bigint;
  readonly createRevision: bigint;
  /** As written; 0: it stays. */
  readonly ttlSeconds: number;
  /** When it deletes itself, in milliseconds since the epoch; 0: never. */
  readonly expiresAtMs: number;
  readonly value: Uint8Array;
}

/** The newest version of every key, and where older ones go. */
export interface VersionTable {
  read(key: string): Version | undefined;
  /** Replaces `previous`, which moves to the history. */
  put(key: string, previous: Version | undefined, next: Version): void;
  /** Deletes `previous`, which moves to the history, at `revision`. */
  delete(key: string, previous: Version, revision: bigint): void;
}

/** A key with a TTL, or (`expiresAtMs` 0) one that is none any more. */
export interface Expiry {
  readonly key: string;
  readonly revision: bigint;
  readonly expiresAtMs: number;
}

export interface Batch {
  /** Of the store, after the batch. */
  readonly revision: bigint;
  /** One for each write, in their order. */
  readonly results: readonly WriteResult[];
  readonly changes: readonly StorageChange[];
  /** One for each change. */
  readonly expiries: readonly Expiry[];
}

/** Applies the writes one after the other to a store that is at `revision`. */
export function applyWrites(
  table: VersionTable,
  writes: readonly Write[],
  revision: bigint,
  nowMs: number,
): Batch {
  const results: WriteResult[] = [];
  const changes: StorageChange[] = [];
  const expiries: Expiry[] = [];
  let newest = revision;
  for (const write of writes) {
    const change = applyWrite(table, write, newest + 1n, nowMs, results);
    if (change === undefined) continue;
    newest = change.revision;
    changes.push(change);
    const expiresAtMs = change.type === 'put' ? expiryOf(write, nowMs) : 0;
    expiries.push({ key: write.key, revision: newest, expiresAtMs });
  }
  return { revision: newest, results, changes, expiries };
}

/** The form in which a version is handed out. */
export function storedValue(key: string, version: Version): StoredValue {
  const { value, revision, createRevision } = version;
  return { key, value, revision, createRevision };
}

function applyWrite(
  table: VersionTable,
  write: Write,
  revision: bigint,
  nowMs: number,
  results: WriteResult[],
): StorageChange | undefined {
  const { key, value } = write;
  const current = table.read(key);
  if ((current?.revision ?? 0n) !== write.expected) {
    results.push({ ok: false, current: current && storedValue(key, current) });
    return undefined;
  }
  if (isUnchanged(current, write)) {
    results.push({ ok: true, revision: current?.revision ?? 0n, changed: false });
    return undefined;
  }
  results.push({ ok: true, revision, changed: true });
  if (value === null) {
    // Unchanged would have been the answer if there were nothing to delete.
    const last = current!;
    table.delete(key, last, revision);
    const { createRevision } = last;
    return { type: 'delete', key, value: last.value, revision, createRevision };
  }
  const createRevision = current?.createRevision ?? revision;
  const ttlSeconds = write.ttlSeconds ?? 0;
  const expiresAtMs = expiryOf(write, nowMs);
  table.put(key, current, { revision, createRevision, ttlSeconds, expiresAtMs, value });
  return { type: 'put', key, value, revision, createRevision };
}

function isUnchanged(current: Version | undefined, write: Write): boolean {
  if (current === undefined || write.value === null) return current === undefined && !write.value;
  if (current.ttlSeconds !== (write.ttlSeconds ?? 0)) return false;
  return equalBytes(current.value, write.value);
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && Buffer.compare(left, right) === 0;
}

function expiryOf(write: Write, nowMs: number): number {
  return write.ttlSeconds === undefined || write.ttlSeconds === 0
    ? 0
    : // A clock may count in parts of a millisecond; stores keep whole ones.
      Math.ceil(nowMs) + write.ttlSeconds * 1000;
}
