/**
 * The watch cache: all objects of one resource type in memory as JSON bytes, with LIST, GET and
 * WATCH as a Kubernetes API server answers them.
 *
 *     Storage ── Feed ──┐                       ┌── Reader: get, list
 *                       ├── engine (root, log) ─┼── WatchStream: watch
 *     apply, replace ───┘                       └── CacheSnapshot
 *
 * Rules:
 *  1. A cache is fed by a storage, or stand-alone: then it assigns the revisions, and `replace` and
 *     `apply` write to it. Never both.
 *  2. What reads and watches mean by resourceVersion, match, limit and continue is upstream's
 *     (KEP-1904, KEP-2340, KEP-4988); see list-plan.ts for the table.
 *  3. Options and input are checked here, once; every refusal is a CacheError.
 *
 * Thread rule: belongs to the thread that made it; other threads attach to it through `share`.
 */

import type { EngineKind } from '../engine/index.js';
import type { UnknownObject } from '../object/index.js';
import type { Awaitable, BytesSource } from '../request/index.js';
import type { Timer } from '../storage/index.js';
import { type CachedObject, cachedObject, type WatchStream } from '../watch/index.js';
import type { CachedList } from './cached-list.js';
import type { ConsistencyReport } from './consistency-checker.js';
import type {
  CacheChange,
  CacheEvent,
  CacheListOptions,
  CachePut,
  CacheStats,
  CacheWatchOptions,
  Clock,
  GetOptions,
  RecordedEvent,
  ReplaceOptions,
  WatchCacheOptions,
} from './contract.js';
import { CacheError } from './contract.js';
import { translated } from './engine-error.js';
import { checkOptions, foundingPreset } from './options.js';
import { attachParts, type CacheParts, FIRST_REVISION, makeParts } from './parts.js';
import { parseResourceVersion, tooLarge } from './resource-version.js';
import type { CacheShare } from './share.js';
import { CacheSnapshot } from './snapshot.js';
import type { Writer } from './writer.js';

/** An idle cache drops history that has grown too old this often; upstream's compactor's poll. */
const TRIM_INTERVAL_MS = 15_000;

/**
 * A watch cache. `T` is what its objects look like when they are parsed.
 *
 * @example
 * const cache = new WatchCache<Widget>({ fields: ['spec.color'] });
 * cache.apply({ type: 'put', object: { metadata: { namespace: 'team-a', name: 'lamp' } } });
 *
 * const list = await cache.list({ namespace: 'team-a' });
 * for await (const { type, object } of await cache.watch({ resourceVersion: list.resourceVersion
 * })) {
 *   console.log(type, object.resourceVersion);
 * }
 */
export class WatchCache<T = UnknownObject> {
  /** The name given in the options, for messages and statistics. */
  readonly name: string;
  readonly #parts: CacheParts<T>;
  readonly #clock: Clock;
  #trimTimer: Timer | undefined;
  #isClosed = false;

  /**
   * Makes a cache; one with a `feed` begins to fill at once (see `ready`). With a `share` it
   * attaches to a cache of another thread instead. Throws a CacheError `invalid-options`, or
   * `closed` for a shared cache that is closed, and an EngineError `engine-unavailable` for an
   * engine that can't be had.
   */
  constructor(options: WatchCacheOptions = {}) {
    const checked = checkOptions(options);
    const { clock, share } = checked;
    this.#parts = share === undefined ? makeParts(checked) : attachParts(share, checked);
    this.name = this.#parts.name;
    this.#clock = clock;
    // History is its owner's business.
    if (share === undefined) this.#scheduleTrim();
  }

  /**
   * A stand-alone cache as the founding articles describe it: the last 1 000 events, objects that
   * live for an hour. Options given here come before the preset's.
   */
  static founding<T = UnknownObject>(options: WatchCacheOptions = {}): WatchCache<T> {
    return new WatchCache<T>({ ...foundingPreset, ...options });
  }

  /** Which engine holds the objects. */
  get engine(): EngineKind {
    return this.#parts.engine.kind;
  }

  /** The revision that the cache has reached; `'0'` before a fed cache is filled. */
  get resourceVersion(): string {
    return this.#parts.engine.revision.toString();
  }

  /** Whether the cache answers; a stand-alone one that is not `pending` does until it is closed. */
  get isReady(): boolean {
    return this.#parts.readiness.state === 'ready';
  }

  /**
   * Resolves when the cache answers. Rejects with a CacheError: `aborted` when the signal is,
   * `closed` when the cache is.
   */
  ready(signal?: AbortSignal): Promise<void> {
    return this.#parts.readiness.wait(signal);
  }

  /**
   * As `ready`; resolves, too, when the storage holds something of this cache that can't be read:
   * what asks the cache is told then what it is (`not-ready`, whose cause is the storage's error).
   */
  settled(signal?: AbortSignal): Promise<void> {
    return this.#parts.readiness.settled(signal);
  }

  /**
   * Stand-alone: replaces everything by these objects, as bytes, JSON texts or values. Open watches
   * end with `replaced`, and no history is left. Objects keep the resourceVersion they carry; the
   * others get the new state's, which is returned. A cache that is `pending` answers from then on.
   *
   * Throws a CacheError and changes nothing: `invalid-object`, `invalid-resource-version`,
   * `revision-not-rising`, `closed`, and `invalid-options` for a cache that is fed by a storage.
   */
  replace(objects: Iterable<CachePut<T>['object']>, options: ReplaceOptions = {}): string {
    return this.#write(true).replace(objects, options);
  }

  /**
   * Stand-alone: the objects are not to be relied on any more, or (of a cache that is `pending`)
   * not there yet, because of `cause`. Until the next `replace` reads and watches are refused with
   * `not-ready`, which tells the cause; open watches end with `replaced`.
   *
   * Throws a CacheError `closed`, and `invalid-options` for a cache that is fed by a storage and in
   * a thread that attached.
   */
  suspend(cause?: unknown): void {
    if (this.#parts.readiness.state === 'stopped') this.#parts.readiness.check();
    if (this.#parts.suspend === undefined || this.#parts.writer === undefined) {
      throw new CacheError('invalid-options', 'who fills a cache suspends it');
    }
    this.#parts.suspend(cause);
  }

  /**
   * Stand-alone: applies one change or several, all or none of them, and returns their
   * resourceVersions. Readers and watches see the changes of a call together.
   *
   * Throws a CacheError and changes nothing: `invalid-object` (`index` tells which change),
   * `invalid-resource-version`, `revision-not-rising`, `closed`, and `invalid-options` for a cache
   * that is fed by a storage.
   *
   * @example
   * const [resourceVersion] = cache.apply({ type: 'put', object: lamp, ttlSeconds: 60 });
   * cache.apply({ type: 'delete', namespace: 'team-a', name: 'lamp' });
   */
  apply(changes: CacheChange<T> | readonly CacheChange<T>[]): readonly string[] {
    return this.#write().apply(Array.isArray(changes) ? changes : [changes as CacheChange<T>]);
  }

  /**
   * One object, or `undefined` where there is none. `namespace` is `''` for cluster-scoped objects.
   * By default it is at least as new as what the storage had acknowledged when it was asked for.
   *
   * Rejects with a CacheError: `invalid-resource-version`, `resource-version-too-large` when the
   * cache does not reach a resourceVersion in time, `aborted`, `closed`; and with the storage's
   * StorageError where that has to be asked and fails.
   */
  get(
    namespace: string,
    name: string,
    options: GetOptions = {},
  ): Promise<CachedObject<T> | undefined> {
    return this.#parts.reader.get(namespace, name, options);
  }

  /**
   * One object as the body of an answer, its JSON and a newline, or `undefined` where there is
   * none. As `get` in all else, but that nothing is promised where nothing has to be waited for:
   * what `get` rejects with is then thrown.
   */
  document(
    namespace: string,
    name: string,
    options: GetOptions = {},
  ): Awaitable<BytesSource | undefined> {
    return this.#parts.reader.document(namespace, name, options);
  }

  /**
   * Lists objects in key order. By default the list is at least as new as what the storage had
   * acknowledged when it was asked for; `resourceVersion: '0'` answers at once with what is there.
   *
   * Rejects with a CacheError: `not-ready` while a fed cache is being filled, `invalid-options`,
   * `invalid-selector`, `field-not-supported`, `invalid-resource-version`, `invalid-continue`,
   * `expired` for a revision that history no longer has, `continue-expired` (with a `continue` that
   * goes on at the newest revision), `resource-version-too-large`, `not-fresh`, `aborted`,
   * `closed`; and with the storage's StorageError where that has to be asked and fails.
   */
  list(options: CacheListOptions = {}): Promise<CachedList<T>> {
    return this.#parts.reader.list(options);
  }

  /**
   * Opens a stream of changes: without a resourceVersion, of the present objects as ADDED events
   * and then of changes. With `''` (or none) the state is at least as new as what the storage had
   * acknowledged; with `'0'` it is what the cache has. `sendInitialEvents` asks for the state, or
   * for none, with any resourceVersion (KEP-3157). One in the future is waited for: nothing is
   * delivered before it.
   *
   * Rejects with a CacheError before anything is delivered: `expired` for a resourceVersion that is
   * older than the history, `not-ready`, `invalid-options`, `invalid-selector`,
   * `field-not-supported`, `invalid-resource-version`, `resource-version-too-large` when the cache
   * does not get fresh in time, `aborted`, `closed`; and with the storage's StorageError where that
   * has to be asked and fails.
   */
  watch(options: CacheWatchOptions = {}): Promise<WatchStream<T>> {
    return this.#parts.watcher.watch(options);
  }

  /**
   * Holds the state of now, or of exactly `resourceVersion`, until it is closed. Costs no copy,
   * whatever the number of objects.
   *
   * Throws a CacheError: `expired` for a revision that history no longer has,
   * `resource-version-too-large` for one that is still to come, `invalid-resource-version`,
   * `not-ready`, `closed`.
   */
  snapshot(resourceVersion?: string): CacheSnapshot<T> {
    const revision = parseResourceVersion(resourceVersion);
    this.#parts.readiness.check();
    if (revision > this.#parts.engine.revision)
      throw tooLarge(revision, this.#parts.engine.revision);
    const wanted = revision === 0n ? undefined : revision;
    const root = translated(() => this.#parts.engine.root(wanted), wanted);
    return new CacheSnapshot<T>(this.#parts.name, root, this.#parts.rules);
  }

  /**
   * The founding articles' write: applies an event of one object and returns its resourceVersion.
   * Stand-alone caches only; throws what `apply` throws.
   *
   * @example
   * const cache = WatchCache.founding();
   * const since = cache.resourceVersion;
   * cache.addEvent('team-a', 'lamp', { type: 'ADDED', object: lamp });
   * cache.eventsSince('team-a', since); // [{ type: 'ADDED', resourceVersion: '2', object }]
   * cache.getObject('team-a', 'lamp')?.parse();
   */
  addEvent(namespace: string, name: string, event: CacheEvent<T>): string {
    const change: CacheChange<T> =
      event.type === 'DELETED'
        ? { type: 'delete', namespace, name }
        : {
            type: 'put',
            namespace,
            name,
            object: event.object,
            ...(event.ttlSeconds === undefined ? {} : { ttlSeconds: event.ttlSeconds }),
          };
    return this.apply(change)[0] as string;
  }

  /**
   * The founding articles' read of changes: all events of a namespace above `resourceVersion`
   * (`'0'`: from the beginning), in order. Throws a CacheError `expired` when history no longer has
   * them all (list anew, then), `invalid-resource-version`, `not-ready`, `closed`.
   */
  eventsSince(namespace: string, resourceVersion: string): readonly RecordedEvent<T>[] {
    const revision = parseResourceVersion(resourceVersion);
    const after = revision < FIRST_REVISION ? FIRST_REVISION : revision;
    const events = this.#parts.watcher.eventsSince(namespace, after);
    return events.map((event) => {
      const object = cachedObject<T>(event);
      return { type: event.type, resourceVersion: object.resourceVersion, object };
    });
  }

  /**
   * The founding articles' read of one object: what the cache has of it now, or `undefined`. Throws
   * a CacheError `not-ready` or `closed`.
   */
  getObject(namespace: string, name: string): CachedObject<T> | undefined {
    this.#parts.readiness.check();
    const object = this.#parts.engine.get({ namespace, name });
    return object === undefined ? undefined : cachedObject(object);
  }

  /**
   * A token with which other threads of the process attach to this cache, by
   * `new WatchCache({ share })` in a worker that got it by `postMessage` or `workerData`. They read
   * and watch, and write where the cache is stand-alone; when it is closed here, it is closed
   * there.
   *
   * Throws an EngineError `not-shareable` on the JavaScript engine, which keeps a cache on one
   * thread, and a CacheError `closed`.
   *
   * @example
   * new Worker(file, { workerData: cache.share() });
   * // in the worker
   * const cache = new WatchCache<Widget>({ share: workerData });
   */
  share(): CacheShare {
    if (this.#parts.readiness.state === 'stopped') this.#parts.readiness.check();
    return this.#parts.share();
  }

  /**
   * Compares the cache with its storage now, at the cache's revision, as is done from time to time
   * (`consistencyCheckIntervalMs`): a difference is told to the observer, ends all watches, and has
   * the cache filled anew. What could not be compared is in the report's `error`.
   *
   * Rejects with a CacheError: `closed`, also while it is under way, and `invalid-options` for a
   * stand-alone cache and in a thread that attached.
   */
  async checkConsistency(): Promise<ConsistencyReport> {
    if (this.#parts.readiness.state === 'stopped') this.#parts.readiness.check();
    const { checker } = this.#parts;
    if (checker !== undefined) return checker.check();
    const message = 'only the thread that a storage feeds the cache in compares the two';
    throw new CacheError('invalid-options', message);
  }

  /** Figures of the moment: objects, bytes, history, watches. */
  stats(): CacheStats {
    const { revision, oldestRevision, ...stats } = this.#parts.engine.stats();
    return {
      ...stats,
      resourceVersion: revision.toString(),
      oldestResourceVersion: oldestRevision.toString(),
      ...this.#parts.counts(),
    };
  }

  /**
   * Ends watches, waiting reads and timers, and lets go of the objects; everything but `stats` is
   * refused with `closed` from then on. The feed's storage stays open: it is the caller's. A cache
   * that was shared is closed for all threads; one that attached leaves the others alone.
   */
  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    this.#trimTimer?.cancel();
    this.#parts.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(fills = false): Writer<T> {
    const { readiness } = this.#parts;
    if (!fills || readiness.state === 'stopped') readiness.check();
    if (this.#parts.writer !== undefined) return this.#parts.writer;
    throw new CacheError('invalid-options', 'the cache is fed by a storage: write to that');
  }

  #scheduleTrim(): void {
    this.#trimTimer = this.#clock.setTimer(TRIM_INTERVAL_MS, () => {
      this.#parts.trim();
      this.#scheduleTrim();
    });
  }
}
