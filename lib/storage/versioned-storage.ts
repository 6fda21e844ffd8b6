/**
 * Storage over a store that keeps its own versions (memory, lmdb): checks what comes in, queues
 * writes into batches, and tells watches, expiries and `committedRevision` what was committed.
 *
 *  1. `committedRevision()` rises, then watches are told, then the writes' promises resolve: all
 *     after the commit, which resolves only once it is durable.
 *  2. Reads see the committed revision, never a commit that is still under way.
 *  3. A commit whose outcome is in doubt ends all writing: the writes of the batch and all later
 *     ones are rejected, and the watches ended; reads go on at the last acknowledged revision.
 *     Opening the store again shows which way it went.
 *
 * Owned by one event loop.
 */

import { compareUtf8 } from '../object/index.js';
import { systemClock, type Clock } from './clock.js';
import {
  StorageError,
  type ListOptions,
  type Storage,
  type StorageWatch,
  type StoredList,
  type StoredValue,
  type WatchObserver,
  type Write,
  type WriteResult,
} from './contract.js';
import { Expirer } from './expirer.js';
import { checkKey, checkListOptions, checkPrefix, checkWrite, VALUE_BYTES_MAX } from './limits.js';
import { StorageRevisions } from './revisions.js';
import type { Batch, Expiry } from './transition.js';
import { WatchHub, type ChangePage } from './watch-hub.js';
import { WriteQueue, type TakeWrites } from './write-queue.js';

export interface VersionedStorageOptions {
  readonly clock?: Clock;
  /** Larger values are refused with `too-large`. Default 1.5 MiB, as etcd's limit of a request. */
  readonly valueBytesMax?: number;
}

/** A range of keys: those of `prefix` from `start`, which is not in front of it, on. */
export interface KeyRange {
  readonly prefix: string;
  readonly start: string;
  /** 0: no limit. */
  readonly limit: number;
}

/** The versions themselves. Reads are synchronous and exact at the revision they are given. */
export interface VersionStore {
  /** The revision, compaction and expiries with which the store begins. */
  readonly initial: {
    readonly revision: bigint;
    readonly compacted: bigint;
    readonly expiries: readonly Expiry[];
  };
  get(key: string, revision: bigint): StoredValue | undefined;
  list(range: KeyRange, revision: bigint): Omit<StoredList, 'revision'>;
  changesAfter(prefix: string, after: bigint, through: bigint): ChangePage;
  /** Resolves when the batch is durable. A `FatalStorageError` error ends all writing. */
  commit(take: TakeWrites): Promise<Batch>;
  /** Drops what only reads below `revision` need. */
  compact(revision: bigint): Promise<void>;
  close(): Promise<void>;
}

/**
 * After it nothing can be written any more: nobody knows whether the commit will be found when the
 * store is opened again, or the store belongs to somebody else now.
 */
export class FatalStorageError extends StorageError {}

export class VersionedStorage implements Storage {
  readonly kind: string;
  readonly #store: VersionStore;
  readonly #valueBytesMax: number;
  readonly #queue: WriteQueue;
  readonly #hub: WatchHub;
  readonly #expirer: Expirer;
  readonly #revisions = new StorageRevisions();
  #compaction: Promise<void> = Promise.resolve();
  #failure: StorageError | undefined;
  #closing: Promise<void> | undefined;

  constructor(kind: string, store: VersionStore, options: VersionedStorageOptions = {}) {
    this.kind = kind;
    this.#store = store;
    this.#valueBytesMax = options.valueBytesMax ?? VALUE_BYTES_MAX;
    this.#revisions.committed = store.initial.revision;
    this.#revisions.compacted = store.initial.compacted;
    this.#queue = new WriteQueue({ commit: (take) => this.#commit(take) });
    this.#hub = new WatchHub({
      committedRevision: () => this.#revisions.committed,
      compactedRevision: () => this.#revisions.compacted,
      changesAfter: (prefix, after, through) => store.changesAfter(prefix, after, through),
    });
    this.#expirer = new Expirer({
      clock: options.clock ?? systemClock,
      remove: (key, revision) => this.#queue.submit({ key, expected: revision, value: null }),
    });
    for (const expiry of store.initial.expiries) this.#expirer.track(expiry);
  }

  get revisions(): SharedArrayBuffer {
    return this.#revisions.buffer;
  }

  committedRevision(): bigint {
    return this.#revisions.committed;
  }

  compactedRevision(): bigint {
    return this.#revisions.compacted;
  }

  /** How many watches are open. */
  get watchCount(): number {
    return this.#hub.size;
  }

  async get(key: string): Promise<StoredValue | undefined> {
    this.#checkOpen();
    checkKey(key);
    return this.#store.get(key, this.#revisions.committed);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<StoredList> {
    this.#checkOpen();
    checkPrefix(prefix);
    checkListOptions(options);
    const { committed, compacted } = this.#revisions;
    const revision = options.revision ?? committed;
    if (revision > committed) {
      const message = `revision ${revision} is not there yet; the newest is ${committed}`;
      throw new StorageError('future-revision', message);
    }
    if (revision < compacted) {
      const message = `revision ${revision} is compacted; the oldest is ${compacted}`;
      throw new StorageError('compacted', message);
    }
    const first = options.start ?? prefix;
    const start = compareUtf8(first, prefix) < 0 ? prefix : first;
    const range = { prefix, start, limit: options.limit ?? 0 };
    return { revision, ...this.#store.list(range, revision) };
  }

  async write(write: Write): Promise<WriteResult> {
    this.#checkOpen();
    checkWrite(write, this.#valueBytesMax);
    // The caller may use its buffer again before the batch is committed.
    const value = write.value === null ? null : new Uint8Array(write.value);
    return this.#queue.submit({ ...write, value });
  }

  watch(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    checkPrefix(prefix);
    if (after < 0n) throw new RangeError(`after must not be negative, but it is ${after}`);
    return this.#hub.open(prefix, after, observer);
  }

  async compact(revision: bigint): Promise<void> {
    this.#checkOpen();
    if (this.#failure !== undefined) throw this.#failure;
    const { committed } = this.#revisions;
    if (revision > committed) {
      const message = `revision ${revision} is not there yet; the newest is ${committed}`;
      throw new StorageError('future-revision', message);
    }
    if (revision <= this.#revisions.compacted) return this.#compaction;
    // Before anything is dropped: no read may meet a history with holes.
    this.#revisions.compacted = revision;
    const compaction = this.#compaction.then(() => this.#compactStore(revision));
    this.#compaction = compaction.catch(() => undefined);
    return compaction;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #commit(take: TakeWrites): Promise<readonly WriteResult[]> {
    let batch: Batch;
    try {
      batch = await this.#store.commit(take);
    } catch (error) {
      if (error instanceof FatalStorageError) this.#fail(error);
      throw error;
    }
    for (const expiry of batch.expiries) this.#expirer.track(expiry);
    if (batch.revision > this.#revisions.committed) {
      this.#revisions.committed = batch.revision;
      this.#hub.publish(batch.changes, batch.revision);
    }
    return batch.results;
  }

  async #compactStore(revision: bigint): Promise<void> {
    try {
      await this.#store.compact(revision);
    } catch (error) {
      if (error instanceof FatalStorageError) this.#fail(error);
      throw error;
    }
  }

  #fail(cause: FatalStorageError): void {
    if (this.#failure !== undefined) return;
    const message = `the store takes no more writes: ${cause.message}`;
    this.#failure = new StorageError(cause.code, message, { cause });
    this.#queue.fail(this.#failure);
    this.#expirer.close();
    this.#hub.end(this.#failure);
  }

  async #close(): Promise<void> {
    const error = new StorageError('closed', 'the storage is closed');
    await this.#queue.close(error);
    this.#expirer.close();
    await this.#compaction;
    this.#hub.end(error);
    await this.#store.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new StorageError('closed', 'the storage is closed');
  }
}
