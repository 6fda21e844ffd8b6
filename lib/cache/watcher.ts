/**
 * Opens watches: which events a request wants, from where on, and whether the cache has them.
 *
 * Rules (upstream's table, KEP-3157):
 *
 *     resourceVersion   initial events          no initial events        left open
 *     unset             the state, fresh        above the committed      as with initial events
 *     `0`               the state as it is      above the cache's        as with initial events
 *     N                 the state, N or newer   above N                  as without
 *
 *  1. What waits does so as a read that must be fresh (freshness.ts).
 *  2. Above N: `expired` where history no longer has it, silence until N where it is in the future;
 *     where the cache is to refuse those, it waits for N as a read does.
 *  3. Initial events that were asked for end with a bookmark, where bookmarks are allowed.
 *  4. When the cache loses its storage, all its streams end at once (`replaced`).
 */

import type {
  EngineCache,
  EngineEvent,
  EngineWatch,
  WatchEnd,
  WatchQuery,
} from '../engine/index.js';
import type { UnknownObject } from '../object/index.js';
import type { Clock } from '../storage/index.js';
import {
  type BookmarkScheduler,
  type WatchEndReason,
  type WatchLoss,
  WatchStream,
} from '../watch/index.js';
import type { CacheWatchOptions } from './contract.js';
import { CacheError } from './contract.js';
import { isExpired, translated } from './engine-error.js';
import { type FreshnessGate, orAborted, throwIfAborted } from './freshness.js';
import { LOOKS_MAX } from './looks.js';
import type { CacheObserver } from './observer.js';
import type { Readiness } from './readiness.js';
import { parseResourceVersion } from './resource-version.js';
import { select, type Selection, type SelectionRules } from './selection.js';
import type { WatchCounts } from './watch-counts.js';

/** Events fetched from the engine at once. */
const EVENT_BATCH = 1_000;

export interface WatcherOptions {
  readonly engine: EngineCache;
  readonly readiness: Readiness;
  readonly rules: SelectionRules;
  readonly clock: Clock;
  readonly bookmarks: BookmarkScheduler;
  readonly freshness: FreshnessGate;
  /** What had been acknowledged when this was called. */
  readonly committed: (signal?: AbortSignal) => bigint | Promise<bigint>;
  /** Whether a revision in the future is waited for only as long as a read waits for it. */
  readonly refusesFuture: boolean;
  readonly observer: CacheObserver;
  readonly counts: WatchCounts;
}

type WatchStart = WatchQuery['from'];

export class Watcher<T = UnknownObject> {
  readonly #options: WatcherOptions;
  readonly #streams = new Set<WatchStream<T>>();

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  async watch(options: CacheWatchOptions): Promise<WatchStream<T>> {
    const { readiness, rules, clock, bookmarks } = this.#options;
    const { signal, timeoutMs, sendInitialEvents, allowBookmarks = false } = options;
    const startedAt = clock.now();
    const selection = select(options, rules);
    checkTimeout(timeoutMs);
    checkInitialEvents(sendInitialEvents);
    const begin = this.#beginning(options);
    throwIfAborted(signal);
    readiness.check();
    const from = await begin();
    throwIfAborted(signal);
    readiness.check();
    const stream: WatchStream<T> = new WatchStream<T>({
      open: (wake) => this.#open(selection, options.apiVersion, from, wake),
      clock,
      lossError,
      onReplayed: (count) => this.#options.counts.addReplayed(count),
      onInitialEventsEnd: () => this.#listed(options, startedAt),
      onEnd: (reason) => this.#ended(stream, reason),
      marksInitialEventsEnd: sendInitialEvents === true && allowBookmarks,
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

  #listed({ apiVersion, namespace, name }: CacheWatchOptions, startedAt: number): void {
    const durationMs = Math.max(0, this.#options.clock.now() - startedAt);
    this.#options.observer.onWatchList?.({ apiVersion, namespace, name, durationMs });
  }

  #ended(stream: WatchStream<T>, reason: WatchEndReason): void {
    this.#streams.delete(stream);
    if (reason === 'expired' || reason === 'replaced') {
      this.#options.counts.addTerminated(reason);
    }
  }

  // Where a watch begins, and what it waits for before. Throws for what is no resourceVersion.
  #beginning(options: CacheWatchOptions): () => WatchStart | Promise<WatchStart> {
    const { resourceVersion = '', sendInitialEvents, signal } = options;
    const revision = parseResourceVersion(resourceVersion);
    const isNewest = resourceVersion === '';
    if (sendInitialEvents ?? revision === 0n) {
      return async () => {
        await this.#reach(isNewest ? await this.#committed(signal) : revision, signal);
        return { type: 'state' };
      };
    }
    if (isNewest) {
      return async () => ({ type: 'after', revision: await this.#committed(signal) });
    }
    return async () => {
      const { engine, refusesFuture } = this.#options;
      if (refusesFuture) await this.#reach(revision, signal);
      return { type: 'after', revision: revision === 0n ? engine.revision : revision };
    };
  }

  #committed(signal: AbortSignal | undefined): bigint | Promise<bigint> {
    const committed = this.#options.committed(signal);
    return typeof committed === 'bigint' ? committed : orAborted(committed, signal);
  }

  async #reach(revision: bigint, signal: AbortSignal | undefined): Promise<void> {
    await this.#options.freshness.wait(revision, signal);
  }

  #open(
    { namespace, name, selector }: Selection,
    apiVersion: string | undefined,
    from: WatchStart,
    wake: () => void,
  ): EngineWatch {
    const { engine } = this.#options;
    const scope = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(selector === undefined ? {} : { selector }),
      ...(apiVersion === undefined ? {} : { apiVersion }),
      looksMax: LOOKS_MAX,
      wake,
    };
    const open = (): EngineWatch => engine.watch({ ...scope, from });
    return from.type === 'state' ? translated(open) : openAfter(engine, from.revision, open);
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

function checkInitialEvents(sendInitialEvents: boolean | undefined): void {
  if (sendInitialEvents === undefined || typeof sendInitialEvents === 'boolean') return;
  const message = `sendInitialEvents is neither true nor false: ${String(sendInitialEvents)}`;
  throw new CacheError('invalid-options', message);
}

function lossError(reason: WatchLoss): CacheError {
  const message =
    reason === 'expired'
      ? 'the watch was too slow: events that it had not read are gone from the history'
      : 'the cache was filled anew: changes meanwhile are not known one by one';
  return new CacheError('expired', `${message}; list again, and watch from there`);
}

function ignoreWake(): void {
  // Drained at once, never waited for.
}
