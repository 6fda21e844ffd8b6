/**
 * A storage of pods at revisions that its owner chooses: what a server under measurement is fed by,
 * so that it serves the same bytes as its rivals. It holds the state that it began with, for the
 * cache to be filled from, and tells what is put afterwards; it keeps neither.
 */

import {
  StorageError,
  type Storage,
  type StorageChange,
  type StorageWatch,
  type StoredList,
  type StoredValue,
  type WatchObserver,
  type WriteResult,
} from '../../lib/storage/index.js';
import { FIRST_REVISION, keyOrder, podIdentity } from '../workload/pods.js';
import type { Store } from '../workload/churn.js';

export class PodStorage implements Storage, Store {
  readonly kind = 'memory';
  readonly #observers = new Set<WatchObserver>();
  readonly #values = new Map<number, StoredValue>();
  #revision = BigInt(FIRST_REVISION);
  #isFilled = false;

  /** Before `fill` a part of the state, afterwards a change that is told. */
  put(index: number, bytes: Uint8Array, revision: number): void {
    this.#revision = BigInt(revision);
    const key = keyOf(index);
    const value = { key, value: bytes.slice(), revision: this.#revision };
    if (!this.#isFilled) {
      this.#values.set(index, { ...value, createRevision: this.#revision });
      return;
    }
    const change: StorageChange = { type: 'put', ...value, createRevision: this.#revision };
    for (const observer of this.#observers) observer.onChanges([change]);
  }

  /** The state is whole, and may be listed once. */
  fill(): void {
    this.#isFilled = true;
  }

  committedRevision(): bigint {
    return this.#revision;
  }

  compactedRevision(): bigint {
    return BigInt(FIRST_REVISION);
  }

  list(): Promise<StoredList> {
    const order = keyOrder(this.#values.size);
    const values = Array.from(order, (index) => this.#values.get(index)!);
    this.#values.clear();
    return Promise.resolve({ revision: this.#revision, values, more: false });
  }

  watch(_prefix: string, _after: bigint, observer: WatchObserver): StorageWatch {
    this.#observers.add(observer);
    return { close: () => void this.#observers.delete(observer) };
  }

  get(): Promise<StoredValue | undefined> {
    return Promise.reject(lacking('read'));
  }

  write(): Promise<WriteResult> {
    return Promise.reject(lacking('written'));
  }

  compact(): Promise<void> {
    return Promise.reject(lacking('compacted'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function keyOf(index: number): string {
  const { namespace, name } = podIdentity(index);
  return `/core/pods/${namespace}/${name}`;
}

function lacking(what: string): StorageError {
  return new StorageError('unavailable', `this storage feeds a cache and can't be ${what}`);
}
