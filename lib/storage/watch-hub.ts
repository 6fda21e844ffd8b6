/**
 * The watches of a store: each replays history until it has caught up, then follows the commits.
 *
 *  1. A watch sees the changes of its prefix in rising order, each once, none left out: it turns
 *     live in the same turn in which its replay reached the committed revision.
 *  2. Replay goes in pages, one a turn of the event loop, so that no watch stops the others.
 *  3. Nothing is called from within `open`, and nothing after `close` or `onEnd`.
 *  4. Progress is reported once a commit, after its changes, and only when the revision has moved.
 *  5. An observer that throws breaks its contract: its watch is dropped, the others go on, and the
 *     error surfaces as an uncaught exception.
 *
 * Owned by one event loop. `publish` is never called from within an observer.
 */

import {
  StorageError,
  type StorageChange,
  type StorageWatch,
  type WatchObserver,
} from './contract.js';

/** Where watches find what happened before they were live. */
export interface WatchSource {
  committedRevision(): bigint;
  compactedRevision(): bigint;
  /**
   * Changes of the prefix with a revision above `after` and at most `through`: as many as make a
   * page. `reached` is the revision up to which the answer is complete.
   */
  changesAfter(prefix: string, after: bigint, through: bigint): ChangePage;
}

export interface ChangePage {
  readonly changes: readonly StorageChange[];
  readonly reached: bigint;
}

interface Watch {
  readonly prefix: string;
  readonly observer: WatchObserver;
  /** Everything up to here has been delivered. */
  cursor: bigint;
  live: boolean;
  closed: boolean;
}

export class WatchHub {
  readonly #source: WatchSource;
  readonly #byPrefix = new Map<string, Set<Watch>>();
  #ended: StorageError | undefined;

  constructor(source: WatchSource) {
    this.#source = source;
  }

  /** How many watches are open. */
  get size(): number {
    let size = 0;
    for (const watches of this.#byPrefix.values()) size += watches.size;
    return size;
  }

  open(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    const watch: Watch = { prefix, observer, cursor: after, live: false, closed: false };
    const watches = this.#byPrefix.get(prefix);
    if (watches === undefined) this.#byPrefix.set(prefix, new Set([watch]));
    else watches.add(watch);
    setImmediate(() => this.#replay(watch));
    return { close: () => this.#remove(watch) };
  }

  /** A commit brought the store to `revision`; `committedRevision()` says so already. */
  publish(changes: readonly StorageChange[], revision: bigint): void {
    for (const [prefix, watches] of [...this.#byPrefix]) {
      const relevant = changes.filter((change) => change.key.startsWith(prefix));
      for (const watch of [...watches]) {
        if (watch.live) this.#deliver(watch, relevant, revision);
      }
    }
  }

  /** Ends every watch, and every one opened later. */
  end(error: StorageError): void {
    this.#ended = error;
    for (const watches of [...this.#byPrefix.values()]) {
      for (const watch of [...watches]) this.#end(watch, error);
    }
  }

  #replay(watch: Watch): void {
    if (watch.closed) return;
    if (this.#ended !== undefined) return this.#end(watch, this.#ended);
    const compacted = this.#source.compactedRevision();
    if (watch.cursor < compacted) {
      const message = `changes after revision ${watch.cursor} are compacted up to ${compacted}`;
      return this.#end(watch, new StorageError('compacted', message));
    }
    const committed = this.#source.committedRevision();
    if (watch.cursor < committed) {
      let page: ChangePage;
      try {
        page = this.#source.changesAfter(watch.prefix, watch.cursor, committed);
      } catch (error) {
        return this.#end(watch, storageError(error));
      }
      const done = page.reached >= committed;
      if (done) watch.live = true;
      this.#deliver(watch, page.changes, page.reached);
      if (!done) setImmediate(() => this.#replay(watch));
    } else {
      watch.live = true;
    }
  }

  #deliver(watch: Watch, changes: readonly StorageChange[], revision: bigint): void {
    if (watch.closed || revision <= watch.cursor) return;
    // Only a watch from a future revision has something to leave out.
    const first = changes[0];
    const missing =
      first !== undefined && first.revision <= watch.cursor
        ? changes.filter((change) => change.revision > watch.cursor)
        : changes;
    watch.cursor = revision;
    try {
      if (missing.length > 0) watch.observer.onChanges(missing);
      // Closed by its own callback, perhaps.
      if (!watch.closed) watch.observer.onProgress(revision);
    } catch (error) {
      this.#remove(watch);
      surface(error);
    }
  }

  #end(watch: Watch, error: StorageError): void {
    if (watch.closed) return;
    this.#remove(watch);
    try {
      watch.observer.onEnd(error);
    } catch (thrown) {
      surface(thrown);
    }
  }

  #remove(watch: Watch): void {
    watch.closed = true;
    const watches = this.#byPrefix.get(watch.prefix);
    if (watches === undefined) return;
    watches.delete(watch);
    if (watches.size === 0) this.#byPrefix.delete(watch.prefix);
  }
}

function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError('unavailable', 'the history could not be read', { cause: error });
}

function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
