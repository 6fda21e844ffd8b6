/**
 * The versions of a store in LMDB.
 *
 *  1. A batch is one transaction: its versions, log rows, expiries and the revision are written
 *     together or not at all; the revision is read and raised inside it.
 *  2. A batch that changes nothing writes nothing, so it costs no flush.
 *  3. Every transaction checks first that the store is still ours.
 */

import type { StoredList, StoredValue } from '../contract.js';
import { applyWrites, storedValue, type Batch, type Expiry } from '../transition.js';
import type { KeyRange, VersionStore } from '../versioned-storage.js';
import type { ChangePage } from '../watch-hub.js';
import type { TakeWrites } from '../write-queue.js';
import { compactBatch } from './compactor.js';
import type { Environment } from './environment.js';
import { decodeExpiryKey, decodeRevision, encodeKey } from './layout.js';
import type { Meta } from './meta.js';
import { rangeAt, rangeNewest, readAt, readChanges, readCurrent } from './rows.js';
import { VersionRows } from './version-rows.js';

export class LmdbVersions implements VersionStore {
  readonly initial: VersionStore['initial'];
  readonly #environment: Environment;
  readonly #meta: Meta;
  readonly #table: VersionRows;
  readonly #now: () => number;

  /** `acquired` is what `meta.acquire` gave. */
  constructor(
    environment: Environment,
    meta: Meta,
    acquired: { readonly revision: bigint; readonly compacted: bigint },
    now: () => number,
  ) {
    this.#environment = environment;
    this.#meta = meta;
    this.#table = new VersionRows(environment);
    this.#now = now;
    this.initial = { ...acquired, expiries: this.#readExpiries() };
  }

  get(key: string, revision: bigint): StoredValue | undefined {
    const bytes = encodeKey(key);
    return this.#environment.read((snapshot) => {
      // A commit that is not acknowledged yet may be in the snapshot already.
      const version =
        this.#meta.revision(snapshot) === revision
          ? readCurrent(this.#environment, bytes, snapshot)
          : readAt(this.#environment, snapshot, bytes, revision);
      return version && storedValue(key, version);
    });
  }

  list(range: KeyRange, revision: bigint): Omit<StoredList, 'revision'> {
    return this.#environment.read((snapshot) => {
      const rows =
        this.#meta.revision(snapshot) === revision
          ? rangeNewest(this.#environment, snapshot, range)
          : rangeAt(this.#environment, snapshot, range, revision);
      const values: StoredValue[] = [];
      for (const value of rows) {
        if (range.limit > 0 && values.length === range.limit) return { values, more: true };
        values.push(value);
      }
      return { values, more: false };
    });
  }

  changesAfter(prefix: string, after: bigint, through: bigint): ChangePage {
    return this.#environment.read((snapshot) =>
      readChanges(this.#environment, snapshot, prefix, after, through),
    );
  }

  commit(take: TakeWrites): Promise<Batch> {
    return this.#environment.commit(() => {
      this.#meta.checkOwn();
      const revision = this.#meta.revision();
      const batch = applyWrites(this.#table, take(), revision, this.#now());
      if (batch.revision > revision) this.#meta.setRevision(batch.revision);
      return batch;
    });
  }

  async compact(revision: bigint): Promise<void> {
    let more = true;
    while (more) {
      more = await this.#environment.commit(() => {
        this.#meta.checkOwn();
        this.#meta.setCompacted(revision);
        return compactBatch(this.#environment, revision);
      });
    }
  }

  async close(): Promise<void> {
    try {
      this.#environment.commitSync(() => this.#meta.release());
    } finally {
      await this.#environment.close();
    }
  }

  #readExpiries(): Expiry[] {
    const { expiry, path } = this.#environment;
    return this.#environment.read((snapshot) =>
      [...expiry.getRange({ transaction: snapshot })].map((row) => ({
        ...decodeExpiryKey(row.key),
        revision: decodeRevision(row.value, `${path}: a row of expiry`),
      })),
    );
  }
}
