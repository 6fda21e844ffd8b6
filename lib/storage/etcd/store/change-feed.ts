/**
 * The changes of the whole store, from one watch of etcd, handed to the storage's watches.
 *
 *     etcd ──one watch of all keys──> position ──> watches that are live, by prefix
 *                                        ^
 *      a watch from further back ── from the recent changes, or by a watch of its own until it
 *      has caught up ────────────────────┘
 *
 *  1. A change of any key tells all watches how far they are: so a watch of a quiet prefix knows
 *     it, on every version of etcd. Where only others' keys changed, etcd is asked
 *     (`requestProgress`), or, where it is too old for that, a key beside the objects is written.
 *  2. A watch sees the changes of its prefix in rising order, each once, none left out.
 *  3. Where history is lost (compacted while etcd was out of reach), the feed begins anew at the
 *     present, and each watch catches up by itself: those that can't are ended with `compacted`.
 *     What etcd refuses ends them with `unavailable`, and is tried again.
 *  4. Nothing is called from within `open`, and nothing after `close` or `onEnd`. An observer that
 *     throws loses its watch; the error surfaces as an uncaught exception.
 *
 * Owned by one event loop.
 */

import type { Clock, Timer } from '../../clock.js';
import {
  StorageError,
  type StorageChange,
  type StorageWatch,
  type WatchObserver,
} from '../../contract.js';
import type { EtcdClient } from '../client/client.js';
import type { EtcdError } from '../client/error.js';
import type { EtcdWatch } from '../client/watcher.js';
import type { KeyValue } from '../rpc/range_pb.js';
import type { Event } from '../rpc/watch_pb.js';
import { FeedWatch } from './feed-watch.js';
import type { KeySpace } from './keys.js';
import { RecentChanges } from './recent-changes.js';
import { storageError } from './storage-error.js';

export interface ChangeFeedOptions {
  readonly client: EtcdClient;
  readonly keys: KeySpace;
  readonly clock: Clock;
  /** Bytes of recent changes that are held. */
  readonly recentBytesMax: number;
  /** The revision that etcd has reached. */
  readonly currentRevision: () => Promise<bigint>;
  readonly compactedRevision: () => bigint;
  /** History below this is gone. */
  readonly onCompacted: (revision: bigint) => void;
  /** Told of every event below the prefix, before the watches are. */
  readonly onEvents: (events: readonly Event[]) => void;
  /** Sees to it that this watch is told how far it is; the feed is at `position`. */
  readonly askForProgress: (watch: EtcdWatch, position: bigint) => void;
}

/** Pause before the feed begins anew; etcd's own pauses are the client's business. */
const RESTART_DELAY_MS = 1_000;

export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #watches = new Set<FeedWatch>();
  #recent: RecentChanges;
  #position: bigint;
  #watch: EtcdWatch | undefined;
  #timer: Timer | undefined;
  #ended: StorageError | undefined;
  #opened: () => void = () => undefined;
  /** Resolves when etcd was reached for the first time, or was not. */
  readonly opened: Promise<void> = new Promise((resolve) => (this.#opened = resolve));

  /** Everything up to `revision` is in the past. */
  constructor(options: ChangeFeedOptions, revision: bigint) {
    this.#options = options;
    this.#position = revision;
    this.#recent = new RecentChanges(options.recentBytesMax, revision);
    this.#follow();
  }

  /** Everything up to here has been handed to the live watches. */
  get position(): bigint {
    return this.#position;
  }

  /** How many watches are open. */
  get size(): number {
    return this.#watches.size;
  }

  open(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    const watch = new FeedWatch(prefix, after, observer, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    setImmediate(() => this.#attach(watch));
    return {
      requestProgress: () => this.#requestProgress(watch),
      close: () => watch.close(),
    };
  }

  /** Resolves when everything up to `revision` has been handed out, or after `patienceMs`. */
  reached(revision: bigint, patienceMs: number): Promise<void> {
    if (this.#position >= revision || this.#ended !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        watch.close();
        resolve();
      };
      const timer = this.#options.clock.setTimer(patienceMs, done);
      const watch = this.open('/', this.#position, {
        onChanges: () => undefined,
        onProgress: (reached) => {
          if (reached >= revision) done();
        },
        onEnd: done,
      });
    });
  }

  /** Ends every watch, and every one opened later. */
  end(error: StorageError): void {
    this.#ended = error;
    this.#timer?.cancel();
    this.#watch?.close();
    this.#watch = undefined;
    for (const watch of [...this.#watches]) watch.end(error);
  }

  #follow(): void {
    const { client, keys } = this.#options;
    this.#watch = client.watch(
      { ...keys.watched, startRevision: this.#position + 1n, prevKv: true, progressNotify: true },
      {
        onOpen: () => this.#opened(),
        onInterrupted: () => this.#opened(),
        onEvents: (events) => this.#receive(events),
        onProgress: (revision) => this.#advance([], revision),
        onEnd: (error) => this.#restart(error),
      },
    );
  }

  #receive(events: readonly Event[]): void {
    const changes = this.#changes(events);
    if (changes === undefined) return this.#restart(historyLost());
    this.#options.onEvents(events);
    this.#advance(changes, events.at(-1)!.kv!.modRevision);
  }

  #advance(changes: readonly StorageChange[], revision: bigint): void {
    if (revision <= this.#position) return;
    this.#position = revision;
    this.#recent.add(changes);
    const byPrefix = new Map<string, readonly StorageChange[]>();
    for (const watch of [...this.#watches]) {
      if (!watch.isLive) continue;
      const { prefix } = watch;
      let relevant = byPrefix.get(prefix);
      if (relevant === undefined) {
        relevant = changes.filter((change) => change.key.startsWith(prefix));
        byPrefix.set(prefix, relevant);
      }
      watch.deliver(relevant, revision);
    }
  }

  #attach(watch: FeedWatch): void {
    if (watch.isClosed) return;
    if (this.#ended !== undefined) return watch.end(this.#ended);
    // It is attached when the feed has begun anew.
    if (this.#watch === undefined) return;
    const compacted = this.#options.compactedRevision();
    if (watch.cursor < compacted) {
      const message = `changes after revision ${watch.cursor} are compacted up to ${compacted}`;
      return watch.end(new StorageError('compacted', message));
    }
    if (watch.cursor >= this.#position) {
      watch.isLive = true;
      return;
    }
    const recent = this.#recent.above(watch.cursor);
    if (recent === undefined) return this.#replay(watch);
    watch.isLive = true;
    const relevant = recent.filter((change) => change.key.startsWith(watch.prefix));
    watch.deliver(relevant, this.#position);
  }

  // A watch of all keys, too: only so it is known when the present has been reached.
  #replay(watch: FeedWatch): void {
    const { client, keys, onCompacted } = this.#options;
    const reach = (changes: readonly StorageChange[], revision: bigint): void => {
      const hasCaughtUp = this.#watch !== undefined && revision >= this.#position;
      if (hasCaughtUp) {
        watch.isLive = true;
        watch.catchUpBy(undefined);
      }
      const relevant = changes.filter((change) => change.key.startsWith(watch.prefix));
      watch.deliver(relevant, revision);
    };
    watch.catchUpBy(
      client.watch(
        { ...keys.watched, startRevision: watch.cursor + 1n, prevKv: true, progressNotify: true },
        {
          onEvents: (events) => {
            const changes = this.#changes(events);
            if (changes === undefined) watch.end(storageError(historyLost()));
            else reach(changes, events.at(-1)!.kv!.modRevision);
          },
          onProgress: (revision) => reach([], revision),
          onEnd: (error) => {
            if (error.compactRevision !== undefined) onCompacted(error.compactRevision);
            watch.end(storageError(error));
          },
        },
      ),
    );
  }

  #requestProgress(watch: FeedWatch): void {
    if (watch.isClosed || this.#watch === undefined) return;
    this.#options.askForProgress(watch.replay ?? this.#watch, this.#position);
  }

  // `undefined`: what a deletion took is compacted.
  #changes(events: readonly Event[]): StorageChange[] | undefined {
    const { keys } = this.#options;
    const changes: StorageChange[] = [];
    for (const { type, kv, prevKv } of events) {
      const key = kv === undefined ? undefined : keys.fromEtcd(kv.key);
      if (kv === undefined || key === undefined) continue;
      const last = type === EVENT_PUT ? kv : prevKv;
      if (last === undefined) return undefined;
      const { value, createRevision } = last;
      const revision = kv.modRevision;
      changes.push({
        type: type === EVENT_PUT ? 'put' : 'delete',
        key,
        value,
        revision,
        createRevision,
        ...previousRevision(kv, prevKv),
      });
    }
    return changes;
  }

  #restart(error: EtcdError | StorageError): void {
    this.#watch?.close();
    this.#watch = undefined;
    if ('compactRevision' in error && error.compactRevision !== undefined) {
      this.#options.onCompacted(error.compactRevision);
    }
    const told = storageError(error);
    for (const watch of [...this.#watches]) {
      if (!watch.isLive) continue;
      watch.isLive = false;
      if (told.code !== 'compacted') watch.end(told);
    }
    this.#opened();
    if (this.#ended === undefined) void this.#begin();
  }

  async #begin(): Promise<void> {
    try {
      const revision = await this.#options.currentRevision();
      if (this.#ended !== undefined) return;
      this.#position = revision;
      this.#recent = new RecentChanges(this.#options.recentBytesMax, revision);
      this.#follow();
      for (const watch of [...this.#watches]) {
        if (!watch.isLive && watch.replay === undefined) this.#attach(watch);
      }
    } catch {
      if (this.#ended !== undefined) return;
      this.#timer = this.#options.clock.setTimer(RESTART_DELAY_MS, () => void this.#begin());
    }
  }
}

/** Of `Event.type`. */
export const EVENT_PUT = 0;

function historyLost(): StorageError {
  return new StorageError('compacted', 'the value that a deletion took is compacted');
}

// Of a change just above a compaction etcd may not know it.
function previousRevision(
  { modRevision, createRevision }: KeyValue,
  prevKv: KeyValue | undefined,
): Pick<StorageChange, 'previousRevision'> {
  if (prevKv !== undefined) return { previousRevision: prevKv.modRevision };
  return modRevision === createRevision ? { previousRevision: 0n } : {};
}
