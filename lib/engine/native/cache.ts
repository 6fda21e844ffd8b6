/**
 * A cache on the native engine, as one thread has it: objects, history and watches are the addon's
 * and belong to all threads that have the cache open.
 *
 * Rules:
 *  1. The addon checks what only it can know in one go with what it does. Where it refuses, the
 *     checks that both engines have (checks.ts) say why, so that errors are the same.
 *  2. Nothing of a cache is kept here that another thread may change.
 *  3. Roots and watches keep a cache from being closed as abandoned; a list needs no cache.
 */

import type { ObjectKey } from '../../object/index.js';
import {
  checkDeclared,
  checkNotBelow,
  checkRange,
  checkRising,
  checkState,
  conflict,
  expired,
  objectFault,
} from '../checks.js';
import {
  type Change,
  type EngineCache,
  type EngineKind,
  type EngineList,
  type EngineObject,
  type EngineRoot,
  type EngineShare,
  type EngineStats,
  type EngineWatch,
  type ListQuery,
  type ObjectWrite,
  type Put,
  REVISION_MAX,
  type WatchQuery,
} from '../contract.js';
import { EngineError } from '../engine-error.js';
import { ABI_VERSION, EXPECTATION, HEAD_LANE, STATS_LANE, STATUS } from '../wire.js';
import type { CacheAccess } from './access.js';
import { objectBytes } from './batch.js';
import type { Connection } from './connection.js';
import { statusError } from './errors.js';
import { FrameTable } from './frames.js';
import { CURRENT_ROOT, NativeList } from './list.js';
import { copiedLength, readObject } from './object.js';
import { NativeRoot } from './root.js';
import { RevisionWaits } from './revision-waits.js';
import { isKey } from './scope.js';
import { NativeWatch } from './watch.js';

/** What a cache is opened with, here or by its owner. */
export interface NativeCacheOptions {
  readonly name: string;
  readonly fields: readonly string[];
  /** Names of the indexes, by their numbers. */
  readonly indexes: readonly string[];
  readonly now: () => number;
  /** Of the token by which others attach. */
  readonly nonce: bigint;
}

export class NativeEngineCache implements EngineCache {
  readonly kind: EngineKind = 'native';
  readonly #access: CacheAccess;
  readonly #connection: Connection;
  readonly #handle: number;
  readonly #options: NativeCacheOptions;
  readonly #waits: RevisionWaits;
  #isClosed = false;

  constructor(connection: Connection, handle: number, options: NativeCacheOptions) {
    const { name, fields, indexes } = options;
    const title = `the cache ${name}`;
    this.#access = { connection, handle, title, fields, indexes, frames: new FrameTable() };
    this.#connection = connection;
    this.#handle = handle;
    this.#options = options;
    this.#waits = new RevisionWaits(this.#access);
    connection.closeAbandoned(this.#access, handle);
  }

  get generation(): number {
    return this.#loadState()
      ? this.#connection.numbers[HEAD_LANE.generation]!
      : this.stats().generation;
  }

  get revision(): bigint {
    return this.#loadState()
      ? this.#connection.revisions[HEAD_LANE.revision]!
      : this.stats().revision;
  }

  get oldestRevision(): bigint {
    if (!this.#loadState()) return this.stats().oldestRevision;
    return this.#connection.revisions[HEAD_LANE.oldestRevision]!;
  }

  replace(objects: readonly Put[], revision: bigint): void {
    const { addon, batch, revisions } = this.#connection;
    this.#checkFirst(() => {
      this.#checkNotBelow(revision);
      checkState(objects, revision);
    });
    try {
      batch.take(objects);
      revisions[HEAD_LANE.revision] = revision;
      const status = addon.replace(this.#handle, batch.keys, batch.objects, batch.revisions);
      if (status < 0) this.#refuse(status, objects, () => this.#checkNotBelow(revision));
    } finally {
      batch.clear();
    }
    this.#connection.scheduleReady();
  }

  apply(changes: readonly Change[]): void {
    const { addon, batch } = this.#connection;
    const nowMs = this.#options.now();
    try {
      if (!batch.take(changes)) this.#checkFirst(() => this.#checkRising(changes));
      const { keys, objects, revisions } = batch;
      const status = addon.apply(this.#handle, nowMs, keys, objects, revisions);
      if (status < 0) this.#refuse(status, changes, () => this.#checkRising(changes));
    } finally {
      batch.clear();
    }
    this.#connection.noteReady();
  }

  write(change: ObjectWrite, expected?: bigint): bigint {
    const { addon, revisions } = this.#connection;
    const { namespace, name } = change;
    this.#checkFirst(() => checkRange(this.revision + 1n));
    const nowMs = this.#options.now();
    const object = change.object === undefined ? undefined : objectBytes(change.object);
    const key = isKey(change) ? name : '';
    let expectation: number = EXPECTATION.any;
    if (expected !== undefined) {
      expectation = EXPECTATION.revision;
      // No object has the highest revision yet when there is one left to write at.
      const isRevision = expected >= 0n && expected <= REVISION_MAX;
      revisions[HEAD_LANE.expectedRevision] = isRevision ? expected : REVISION_MAX;
    }
    const status = addon.write(this.#handle, nowMs, namespace, key, object, expectation);
    if (status === STATUS.conflict) {
      throw conflict(change, expected!, revisions[HEAD_LANE.revision]!);
    }
    if (status < 0) this.#refuse(status, [change], () => {});
    this.#connection.noteReady();
    return revisions[HEAD_LANE.revision]!;
  }

  progress(revision: bigint): void {
    const { addon, revisions } = this.#connection;
    if (revision > REVISION_MAX) this.#checkFirst(() => checkRange(revision));
    revisions[HEAD_LANE.revision] = revision < 0n ? 0n : revision;
    const status = addon.progress(this.#handle);
    if (status < 0) throw statusError(status, this.#access.title);
    this.#connection.noteReady();
  }

  get(key: ObjectKey, apiVersion?: string): EngineObject | undefined {
    return readObject(this.#connection, this.#handle, false, key, apiVersion, this.#access.title);
  }

  getInto(
    key: ObjectKey,
    target: Uint8Array,
    apiVersion?: string,
    revision?: BigUint64Array,
  ): number {
    const name = isKey(key) ? key.name : '';
    const connection = this.#connection;
    const { addon } = connection;
    const length = addon.get(this.#handle, key.namespace, name, apiVersion, target, 0);
    return copiedLength(connection, length, revision, this.#access.title);
  }

  list(query: ListQuery): EngineList {
    this.#checkQuery(query, undefined);
    return new NativeList(this.#access, CURRENT_ROOT, query);
  }

  root(revision?: bigint): EngineRoot {
    return new NativeRoot(this.#access, revision);
  }

  watch(query: WatchQuery): EngineWatch {
    this.#checkQuery(query, query.from.type === 'after' ? query.from.revision : undefined);
    return new NativeWatch(this.#access, query);
  }

  trim(): void {
    const status = this.#connection.addon.trim(this.#handle, this.#options.now());
    if (status < 0) throw statusError(status, this.#access.title);
    this.#connection.noteReady();
  }

  onRevision(revision: bigint, callback: () => void): void {
    this.#waits.add(revision, callback);
  }

  stats(): EngineStats {
    const { addon, numbers, revisions } = this.#connection;
    const status = addon.stats(this.#handle, this.#options.now());
    if (status < 0) throw statusError(status, this.#access.title);
    const logStart = numbers[STATS_LANE.logStart]!;
    const logEnd = numbers[STATS_LANE.logEnd]!;
    return {
      kind: this.kind,
      objects: numbers[STATS_LANE.objects]!,
      shards: numbers[STATS_LANE.shards]!,
      namespaces: numbers[STATS_LANE.namespaces]!,
      bytesLive: numbers[STATS_LANE.bytesLive]!,
      bytesRetained: numbers[STATS_LANE.bytesRetained]!,
      bytesFree: numbers[STATS_LANE.bytesFree]!,
      bytesReserved: numbers[STATS_LANE.bytesReserved]!,
      generation: numbers[STATS_LANE.generation]!,
      revision: revisions[STATS_LANE.revision]!,
      oldestRevision: revisions[STATS_LANE.oldestRevision]!,
      oldestAgeMs: numbers[STATS_LANE.oldestAgeMs]!,
      logEntries: logEnd - logStart,
      logStart,
      logEnd,
      roots: numbers[STATS_LANE.roots]!,
      watches: numbers[STATS_LANE.watches]!,
      watchGroups: numbers[STATS_LANE.watchGroups]!,
      epochsBehind: numbers[STATS_LANE.epochsBehind]!,
      attachments: numbers[STATS_LANE.attachments]!,
      indexEntries: numbers[STATS_LANE.indexEntries]!,
    };
  }

  share(): EngineShare {
    const id = this.#connection.addon.shareCache(this.#handle);
    if (id < 0) throw statusError(id, this.#access.title);
    this.#connection.keepAbandoned(this.#access);
    const { name, nonce, fields, indexes } = this.#options;
    return {
      type: 'shardwatch.engine',
      id,
      nonce,
      abi: ABI_VERSION,
      name,
      fields: [...fields],
      indexes: [...indexes],
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const status = this.#connection.addon.closeCache(this.#handle);
    if (status < 0 && status !== STATUS.closed) throw statusError(status, this.#access.title);
    this.#connection.keepAbandoned(this.#access);
    this.#connection.closeAbandoned(this.#access, this.#handle);
    this.#connection.scheduleReady();
  }

  /** Has the addon tell the present state in the exchange; false where it is not open any more. */
  #loadState(): boolean {
    const status = this.#connection.addon.state(this.#handle);
    if (status < 0 && status !== STATUS.closed) throw statusError(status, this.#access.title);
    return status >= 0;
  }

  /** Makes a check that comes before the call. A closed cache is told before what it finds. */
  #checkFirst(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#assertOpen();
      throw error;
    }
  }

  /** Throws `closed`, by a call that does nothing else. */
  #assertOpen(): void {
    const { addon, revisions } = this.#connection;
    revisions[HEAD_LANE.revision] = 0n;
    const status = addon.progress(this.#handle);
    if (status < 0) throw statusError(status, this.#access.title);
  }

  /** `after` is the revision that a watch begins after; there may be no event above it any more. */
  #checkQuery({ selector }: ListQuery, after: bigint | undefined): void {
    const hasFields = selector !== undefined && selector.fields.length > 0;
    if (!hasFields && (after === undefined || after >= 0n)) return;
    this.#checkFirst(() => {
      const oldestRevision = after === undefined ? 0n : this.oldestRevision;
      if (after !== undefined && after < oldestRevision) throw expired(after, oldestRevision);
      if (hasFields) checkDeclared(selector.fields, this.#options.fields);
    });
  }

  #checkRising(changes: readonly Change[]): void {
    checkRising(changes, this.revision);
  }

  #checkNotBelow(revision: bigint): void {
    checkNotBelow(revision, this.revision);
  }

  /**
   * Throws why changes were refused. What `check` says of all of them comes before what is wrong
   * with the object of one.
   */
  #refuse(status: number, changes: readonly ObjectWrite[], check: () => void): never {
    const index = this.#connection.numbers[HEAD_LANE.faultIndex]!;
    const isOfObject = status === STATUS.invalidObject || status === STATUS.keyMismatch;
    if (!isOfObject && status !== STATUS.revisionNotRising)
      throw statusError(status, this.#access.title);
    check();
    const { namespace, name, object } = changes[index] ?? { namespace: '', name: '' };
    if (isOfObject && object !== undefined) {
      const put: Put = { type: 'put', namespace, name, object, revision: 0n };
      throw objectFault(put, index, this.#options.fields);
    }
    throw new EngineError('revision-not-rising', `${this.#access.title} has moved on meanwhile`);
  }
}
