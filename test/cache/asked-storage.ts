/**
 * A storage as etcd is one: what it has acknowledged it tells by a promise, and how far a watch is
 * only when it is asked. Everything else goes straight to the storage in memory behind it.
 */

import {
  type ListOptions,
  MemoryStorage,
  type Storage,
  StorageError,
  type StorageWatch,
  type StoredList,
  type StoredValue,
  type WatchObserver,
  type Write,
  type WriteResult,
} from '../../lib/storage/index.js';

export class AskedStorage implements Storage {
  readonly kind = 'memory';
  readonly inner = new MemoryStorage();
  /** When its watches were asked for progress, by the clock that it was given. */
  readonly requests: number[] = [];
  /** Calls of `list` and `get`, in short. */
  readonly reads: string[] = [];
  /** Whether requests for progress are answered. */
  isAnswering = true;
  /** Whether it tells what it has acknowledged. */
  isTelling = true;
  readonly #now: () => number;
  readonly #observers = new Set<WatchObserver>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Ends all watches, as a lost connection does unless told otherwise. */
  endWatches(error: StorageError = new StorageError('unavailable', 'connection lost')): void {
    const observers = [...this.#observers];
    this.#observers.clear();
    for (const observer of observers) observer.onEnd(error);
  }

  async committedRevision(): Promise<bigint> {
    if (!this.isTelling) await new Promise<never>(() => {});
    return this.inner.committedRevision();
  }

  compactedRevision(): bigint {
    return this.inner.compactedRevision();
  }

  get(key: string): Promise<StoredValue | undefined> {
    this.reads.push(`get ${key}`);
    return this.inner.get(key);
  }

  list(prefix: string, options: ListOptions = {}): Promise<StoredList> {
    this.reads.push(`list ${prefix}@${options.revision ?? 'newest'}`);
    return this.inner.list(prefix, options);
  }

  write(write: Write): Promise<WriteResult> {
    return this.inner.write(write);
  }

  watch(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    let reached = after;
    this.#observers.add(observer);
    const isOpen = (): boolean => this.#observers.has(observer);
    const inner = this.inner.watch(prefix, after, {
      onChanges: (changes) => {
        if (isOpen()) observer.onChanges(changes);
      },
      onProgress: (revision) => void (reached = revision),
      onEnd: (error) => {
        if (isOpen()) observer.onEnd(error);
      },
    });
    return {
      requestProgress: () => {
        this.requests.push(this.#now());
        if (!this.isAnswering) return;
        setImmediate(() => {
          if (isOpen()) observer.onProgress(reached);
        });
      },
      close: () => {
        this.#observers.delete(observer);
        inner.close();
      },
    };
  }

  compact(revision: bigint): Promise<void> {
    return this.inner.compact(revision);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
