/**
 * A storage that tells its watches something else than what it holds, as a bug or a broken disk
 * would: lists and gets are the truth of the storage in memory behind it.
 */

import {
  type ListOptions,
  MemoryStorage,
  type Storage,
  type StorageChange,
  type StorageWatch,
  type StoredList,
  type StoredValue,
  type WatchObserver,
  type Write,
  type WriteResult,
} from '../../lib/storage/index.js';

export class PlantedStorage implements Storage {
  readonly kind = 'memory';
  readonly inner = new MemoryStorage();
  /** What watches are told of a change; `undefined`: nothing. */
  plant: (change: StorageChange) => StorageChange | undefined = (change) => change;
  /** Called before each list; what it rejects with, the list does. */
  beforeList: (options: ListOptions) => void | Promise<void> = () => {};
  /** Keys that each list asked for at most. */
  readonly limits: (number | undefined)[] = [];

  committedRevision(): bigint {
    return this.inner.committedRevision();
  }

  compactedRevision(): bigint {
    return this.inner.compactedRevision();
  }

  get(key: string): Promise<StoredValue | undefined> {
    return this.inner.get(key);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<StoredList> {
    this.limits.push(options.limit);
    await this.beforeList(options);
    return this.inner.list(prefix, options);
  }

  write(write: Write): Promise<WriteResult> {
    return this.inner.write(write);
  }

  watch(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    return this.inner.watch(prefix, after, {
      ...observer,
      onChanges: (changes) => {
        const told = changes.flatMap((change) => this.plant(change) ?? []);
        if (told.length > 0) observer.onChanges(told);
      },
    });
  }

  compact(revision: bigint): Promise<void> {
    return this.inner.compact(revision);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
