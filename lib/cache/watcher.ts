/**
 * Opens watches: which events a request wants, from where on, and whether the cache has them.
 *
 * Rules (upstream's table of watches without sendInitialEvents):
 *  1. unset: the state, fresh (it waits for the storage's revision), then changes.
 *  2. `0`: the state as the cache has it, then changes.
 *  3. N: changes above N; `expired` where history no longer has them, silence until N where it is
 *     in the future.
 *  4. When the cache loses its storage, all its streams end at once (`replaced`).
 */

import type { EngineCache, EngineEvent, EngineWatch, WatchEnd } from '../engine/index.js';
import type { UnknownObject } from '../object/index.js';
import type { Clock } from '../storage/index.js';
import { type BookmarkScheduler, WatchStream } from '../watch/index.js';
import type { CacheWatchOptions } from './contract.js';
import { CacheError } from './contract.js';
import { isExpired, translated } from './engine-error.js';
import { throwIfAborted } from './freshness.js';
import type { Readiness } from './readiness.js';
import { parseResourceVersion } from './resource-version.js';
import { select, type Selection, type SelectionRules } from './selection.js';

/** Events fetched from the engine at once. */
const EVENT_BATCH = 1_000;

export interface WatcherOptions {
  readonly engine: EngineCache;
  readonly readiness: Readiness;
  readonly rules: SelectionRules;
  readonly clock: Clock;
  readonly bookmarks: BookmarkScheduler;
  /** Resolves when the cache has reached what its storage has acknowledged. */
  readonly freshen: (signal?: AbortSignal) => Promise<void>;
}

export class Watcher<T = UnknownObject> {
  readonly #options: WatcherOptions;
  readonly #streams = new Set<WatchStream<T>>();
  #eventsReplayed = 0;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** Events that streams were given before they were up to date. */
  get eventsReplayed(): number {
    return this.#eventsReplayed;
  }

  async watch(options: CacheWatchOptions): Promise<WatchStream<T>> {
    const { readiness, rules, clock, bookmarks } = this.#options;
    const { resourceVersion = '', signal, timeoutMs, allowBookmarks = false } = options;
    const revision = parseResourceVersion(resourceVersion);
    const selection = select(options, rules);
    checkTimeout(timeoutMs);
    throwIfAborted(signal);
    readiness.check();
    if (resourceVersion === '') {
      await this.#options.freshen(signal);
      throwIfAborted(signal);
      readiness.check();
    }
    const stream: WatchStream<T> = new WatchStream<T>({
      open: (wake) => this.#open(selection, options.apiVersion, revision, wake),
      clock,
      lossError,
      onReplayed: (count) => void (this.#eventsReplayed += count),
      onEnd: () => this.#streams.delete(stream),
      ...(allowBookmarks ? { bookmarks } : {}),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    });
    this.#streams.add(stream);
    return stream;
  }

  /**
   * A namespace's events above a revision, all that there are by now. Throws a CacheError `expired`
   * where history does not have them all, also when other threads have moved it on meanwhile.
   */
  eventsSince(namespace: string, after: bigint): readonly EngineEvent[] {
    const { engine, readiness } = this.#options;
    readiness.check();
    const newest = engine.revision;
    const from = { type: 'after', revision: after } as const;
    const open = (): EngineWatch => engine.watch({ namespace, from, wake: ignoreWake });
    const watch = openAfter(engine, after, open);
    try {
      const events: EngineEvent[] = [];
      for (;;) {
        const { items, more, position, end } = watch.drainEvents(EVENT_BATCH);
        for (const event of items) events.push(event);
        if (end === 'closed')
          throw readiness.error() ?? new CacheError('closed', 'closed meanwhile');
        if (end !== undefined) throw tooOld(after, engine.oldestRevision);
        // A watch that is just being ended by another thread tells neither an event nor its end.
        if (!more && position >= newest) return events;
      }
    } finally {
      watch.close();
    }
  }

  endAll(reason: WatchEnd): void {
    for (const stream of [...this.#streams]) stream.end(reason);
  }

  #open(
    { namespace, name, selector }: Selection,
    apiVersion: string | undefined,
    revision: bigint,
    wake: () => void,
  ): EngineWatch {
    const { engine } = this.#options;
    const scope = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(selector === undefined ? {} : { selector }),
      ...(apiVersion === undefined ? {} : { apiVersion }),
      wake,
    };
    if (revision === 0n) {
      return translated(() => engine.watch({ ...scope, from: { type: 'state' } }));
    }
    return openAfter(engine, revision, () =>
      engine.watch({ ...scope, from: { type: 'after', revision } }),
    );
  }
}

function openAfter(engine: EngineCache, revision: bigint, open: () => EngineWatch): EngineWatch {
  return translated(() => {
    try {
      return open();
    } catch (error) {
      if (!isExpired(error)) throw error;
      throw tooOld(revision, error.oldestRevision ?? engine.oldestRevision, error);
    }
  });
}

// Upstream's text, which clients look for.
function tooOld(revision: bigint, oldest: bigint, cause?: unknown): CacheError {
  return new CacheError('expired', `too old resource version: ${revision} (${oldest})`, {
    cause,
    requested: revision.toString(),
    current: oldest.toString(),
  });
}

function checkTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs >= 0)) return;
  const message = `timeoutMs is not a number of milliseconds: ${String(timeoutMs)}`;
  throw new CacheError('invalid-options', message);
}

function lossError(reason: 'expired' | 'replaced'): CacheError {
  const message =
    reason === 'expired'
      ? 'the watch was too slow: events that it had not read are gone from the history'
      : 'the cache was filled anew: changes meanwhile are not known one by one';
  return new CacheError('expired', `${message}; list again, and watch from there`);
}

function ignoreWake(): void {
  // Drained at once, never waited for.
}
