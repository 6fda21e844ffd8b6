/** One watch of the storage: how far it is, and whom it tells. */

import type { StorageChange, StorageError, WatchObserver } from '../../contract.js';
import type { EtcdWatch } from '../client/watcher.js';

export class FeedWatch {
  readonly prefix: string;
  /** It follows the feed; before it is told of what was missed. */
  isLive = false;
  readonly #observer: WatchObserver;
  readonly #onClose: () => void;
  #cursor: bigint;
  #replay: EtcdWatch | undefined;
  #isClosed = false;

  constructor(prefix: string, after: bigint, observer: WatchObserver, onClose: () => void) {
    this.prefix = prefix;
    this.#cursor = after;
    this.#observer = observer;
    this.#onClose = onClose;
  }

  /** Everything up to here has been delivered. */
  get cursor(): bigint {
    return this.#cursor;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What it catches up by. */
  get replay(): EtcdWatch | undefined {
    return this.#replay;
  }

  /** It catches up by this from now on, and no longer by another one. */
  catchUpBy(replay: EtcdWatch | undefined): void {
    this.#replay?.close();
    this.#replay = replay;
  }

  /** Changes of its prefix up to `revision`; those that it has had are left out. */
  deliver(changes: readonly StorageChange[], revision: bigint): void {
    if (this.#isClosed || revision <= this.#cursor) return;
    const first = changes[0];
    const missing =
      first !== undefined && first.revision <= this.#cursor
        ? changes.filter((change) => change.revision > this.#cursor)
        : changes;
    this.#cursor = revision;
    try {
      if (missing.length > 0) this.#observer.onChanges(missing);
      // Closed by its own callback, perhaps.
      if (!this.#isClosed) this.#observer.onProgress(revision);
    } catch (error) {
      this.close();
      surface(error);
    }
  }

  end(error: StorageError): void {
    if (this.#isClosed) return;
    this.close();
    try {
      this.#observer.onEnd(error);
    } catch (thrown) {
      surface(thrown);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.catchUpBy(undefined);
    this.#onClose();
  }
}

function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
