/**
 * A storage whose change feed tests hold back, break and count: everything else goes straight to
 * the storage behind it, one in memory if no other is given.
 */

import {
  type ListOptions,
  MemoryStorage,
  type MemoryStorageOptions,
  type Storage,
  type StorageError,
  type StorageWatch,
  type StoredList,
  type StoredValue,
  type WatchObserver,
  type Write,
  type WriteResult,
} from '../../lib/storage/index.js';

interface GatedWatch {
  readonly observer: WatchObserver;
  readonly held: (() => void)[];
  inner: StorageWatch | undefined;
}

export class GatedStorage implements Storage {
  readonly inner: Storage;
  /** Calls of `list` and `get`, in short. */
  readonly reads: string[] = [];
  /** The revisions from which watches were opened. */
  readonly watchedFrom: bigint[] = [];
  /** What the next calls of `list` reject with. */
  readonly listFailures: Error[] = [];
  /** What the next calls of `watch` throw. */
  readonly watchFailures: Error[] = [];
  /** What `committedRevision` answers instead of the truth. */
  committed: (() => bigint | Promise<bigint>) | undefined;
  #isHeld = false;
  readonly #watches = new Set<GatedWatch>();

  constructor(options: MemoryStorageOptions & { readonly inner?: Storage } = {}) {
    this.inner = options.inner ?? new MemoryStorage(options);
  }

  get kind(): string {
    return this.inner.kind;
  }

  /** Watches that are open. */
  get watches(): number {
    return this.#watches.size;
  }

  /** From now on changes are not delivered. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Delivers what was held back, and what follows. */
  release(): void {
    this.#isHeld = false;
    for (const watch of this.#watches) for (const act of watch.held.splice(0)) act();
  }

  /** Ends all watches. */
  endWatches(error: StorageError): void {
    for (const watch of [...this.#watches]) {
      watch.inner?.close();
      this.#watches.delete(watch);
      watch.observer.onEnd(error);
    }
  }

  committedRevision(): bigint | Promise<bigint> {
    return this.committed === undefined ? this.inner.committedRevision() : this.committed();
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
    const failure = this.listFailures.shift();
    return failure === undefined ? this.inner.list(prefix, options) : Promise.reject(failure);
  }

  write(write: Write): Promise<WriteResult> {
    return this.inner.write(write);
  }

  watch(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    this.watchedFrom.push(after);
    const failure = this.watchFailures.shift();
    if (failure !== undefined) throw failure;
    const watch: GatedWatch = { observer, held: [], inner: undefined };
    const pass = (act: () => void): void => {
      if (this.#isHeld) watch.held.push(act);
      else if (this.#watches.has(watch)) act();
    };
    this.#watches.add(watch);
    watch.inner = this.inner.watch(prefix, after, {
      onChanges: (changes) => pass(() => observer.onChanges(changes)),
      onProgress: (revision) => pass(() => observer.onProgress(revision)),
      onEnd: (error) => pass(() => observer.onEnd(error)),
    });
    return {
      close: () => {
        this.#watches.delete(watch);
        watch.inner?.close();
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
