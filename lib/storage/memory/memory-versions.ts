/**
 * The versions of a store in memory: every key's history, and the log of changes.
 *
 *  1. A key's versions are in rising order; a deletion is a version without content.
 *  2. The log has every change above the compacted revision.
 *  3. A version below the compacted revision is kept while it is what a read at that revision
 *     finds.
 *
 * Owned by one event loop; the arrays of bytes in it are never written to.
 */

import type { StorageChange, StoredList, StoredValue } from '../contract.js';
import {
  applyWrites,
  storedValue,
  type Batch,
  type Version,
  type VersionTable,
} from '../transition.js';
import type { KeyRange, VersionStore } from '../versioned-storage.js';
import type { ChangePage } from '../watch-hub.js';
import type { TakeWrites } from '../write-queue.js';
import { SortedKeys } from './sorted-keys.js';

interface Entry {
  readonly revision: bigint;
  /** Absent: deleted at this revision. */
  readonly version: Version | undefined;
}

export class MemoryVersions implements VersionStore, VersionTable {
  readonly initial: VersionStore['initial'] = {
    revision: FIRST_REVISION,
    compacted: 0n,
    expiries: [],
  };
  readonly #now: () => number;
  readonly #histories = new Map<string, Entry[]>();
  readonly #keys = new SortedKeys();
  #log: StorageChange[] = [];
  #revision: bigint = FIRST_REVISION;

  constructor(now: () => number) {
    this.#now = now;
  }

  get(key: string, revision: bigint): StoredValue | undefined {
    const version = this.#at(key, revision);
    return version && storedValue(key, version);
  }

  list({ prefix, start, limit }: KeyRange, revision: bigint): Omit<StoredList, 'revision'> {
    const values: StoredValue[] = [];
    for (const key of this.#keys.from(start)) {
      if (!key.startsWith(prefix)) break;
      const value = this.get(key, revision);
      if (value === undefined) continue;
      if (limit > 0 && values.length === limit) return { values, more: true };
      values.push(value);
    }
    return { values, more: false };
  }

  changesAfter(prefix: string, after: bigint, through: bigint): ChangePage {
    const changes: StorageChange[] = [];
    const first = this.#logIndex(after + 1n);
    const end = Math.min(this.#log.length, first + PAGE_CHANGES_MAX);
    let reached = after;
    for (let index = first; index < end; index++) {
      const change = this.#log[index]!;
      reached = change.revision;
      if (change.key.startsWith(prefix)) changes.push(change);
    }
    return { changes, reached: end === this.#log.length ? through : reached };
  }

  async commit(take: TakeWrites): Promise<Batch> {
    const batch = applyWrites(this, take(), this.#revision, this.#now());
    this.#revision = batch.revision;
    for (const change of batch.changes) this.#log.push(change);
    return batch;
  }

  async compact(revision: bigint): Promise<void> {
    this.#drop(revision);
  }

  async close(): Promise<void> {
    this.#log = [];
    this.#histories.clear();
  }

  read(key: string): Version | undefined {
    return this.#histories.get(key)?.at(-1)?.version;
  }

  put(key: string, _previous: Version | undefined, next: Version): void {
    this.#append(key, { revision: next.revision, version: next });
  }

  delete(key: string, _previous: Version, revision: bigint): void {
    this.#append(key, { revision, version: undefined });
  }

  #append(key: string, entry: Entry): void {
    const history = this.#histories.get(key);
    if (history !== undefined) {
      history.push(entry);
      return;
    }
    this.#histories.set(key, [entry]);
    this.#keys.add(key);
  }

  #at(key: string, revision: bigint): Version | undefined {
    const history = this.#histories.get(key) ?? [];
    for (let index = history.length - 1; index >= 0; index--) {
      const entry = history[index]!;
      if (entry.revision <= revision) return entry.version;
    }
    return undefined;
  }

  // Whatever can go was superseded by a change that leaves the log now, so only its keys are
  // visited.
  #drop(revision: bigint): void {
    const count = this.#logIndex(revision + 1n);
    const dropped = this.#log.slice(0, count);
    this.#log = this.#log.slice(count);
    for (const key of new Set(dropped.map((change) => change.key))) this.#prune(key, revision);
  }

  #prune(key: string, revision: bigint): void {
    const history = this.#histories.get(key);
    if (history === undefined) return;
    let visible = history.length - 1;
    while (visible > 0 && history[visible]!.revision > revision) visible--;
    const isDeletion =
      history[visible]!.revision <= revision && history[visible]!.version === undefined;
    history.splice(0, isDeletion ? visible + 1 : visible);
    if (history.length > 0) return;
    this.#histories.delete(key);
    this.#keys.remove(key);
  }

  // The first entry of the log at or above the revision.
  #logIndex(revision: bigint): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#log[middle]!.revision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

// A store without a write is at 1, so that 0 never names a state.
const FIRST_REVISION = 1n;
const PAGE_CHANGES_MAX = 1000;
