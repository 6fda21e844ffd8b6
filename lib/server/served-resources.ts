/**
 * What a server serves of its types: a store with a cache for each type that is stored, a cache
 * with a reader for each that is read through, handlers for each other. Everything is made with the
 * server and lives as long as it does.
 */

import {
  WatchCache,
  type CacheObserver,
  type CacheShare,
  type FreshnessFallback,
  type WatchCacheOptions,
} from '../cache/index.js';
import type { EngineKind, HistoryLimits } from '../engine/index.js';
import { qualifiedResource, type ResourceType } from '../object/index.js';
import {
  defaultedStorage,
  handlersOf,
  keyPrefix,
  ReadThroughReader,
  ReadThroughResource,
  ResourceStore,
  sourceOf,
  VirtualResource,
  type AnySource,
  type HandlerFailure,
  type ServedElsewhere,
  type SourceKey,
  type VirtualSettings,
} from '../rest/index.js';
import type { Clock, Storage } from '../storage/index.js';
import type { HealthCheck } from './health.js';
import type { Logger } from './logger.js';
import { requireSameTypes, type ThreadPlace } from './threads/index.js';

export interface ServedResourcesOptions {
  readonly types: readonly ResourceType[];
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In a further thread: the caches are the first thread's, and so are the readers. */
  readonly place?: ThreadPlace | undefined;
  readonly onHandlerFailure: (failure: HandlerFailure) => void;
  /** What is to be told of a type's cache. */
  readonly observe: (type: ResourceType) => CacheObserver;
  readonly freshnessFallback?: FreshnessFallback;
  readonly consistencyCheckIntervalMs?: number;
  readonly engine?: EngineKind | 'auto';
  readonly history?: Partial<HistoryLimits>;
  readonly legacyIgnoreLimitAtZero?: boolean;
  readonly refuseFutureWatches?: boolean;
  readonly random?: () => number;
}

export class ServedResources {
  readonly caches: ReadonlyMap<ResourceType, WatchCache>;
  readonly stores: readonly ResourceStore[];
  readonly virtual: readonly ServedElsewhere[];
  /** Of the types that are read through. */
  readonly readers: readonly ReadThroughReader[];
  readonly #options: ServedResourcesOptions;
  readonly #closing = new AbortController();

  constructor(options: ServedResourcesOptions) {
    this.#options = options;
    if (options.place !== undefined) requireSameTypes(options.types, options.place.types);
    const caches = new Map<ResourceType, WatchCache>();
    const stores: ResourceStore[] = [];
    const virtual: ServedElsewhere[] = [];
    const readers: ReadThroughReader[] = [];
    for (const type of options.types) {
      const source = sourceOf(type);
      const handlers = handlersOf(type);
      if (source === undefined && handlers !== undefined) {
        virtual.push(new VirtualResource(type, handlers, this.#settings()));
        continue;
      }
      const cache = source === undefined ? this.#fedCache(type) : this.#ownCache(type);
      caches.set(type, cache);
      if (source === undefined) {
        stores.push(this.#store(type, cache));
        continue;
      }
      const reader = this.#settling(type, source, cache, readers);
      const settings = this.#settings();
      virtual.push(
        new ReadThroughResource({ type, cache, reader, handlers: handlers ?? {}, settings }),
      );
    }
    this.caches = caches;
    this.stores = stores;
    this.virtual = virtual;
    this.readers = readers;
    for (const reader of readers) reader.start();
  }

  /** Whether what is read through can be read. */
  get checks(): readonly HealthCheck[] {
    if (this.readers.length === 0) return [];
    const check = (): string | undefined => {
      const failing = this.readers.flatMap(({ type, failure }) =>
        failure === undefined ? [] : [`${qualifiedResource(type)}: ${failure}`],
      );
      return failing.length === 0 ? undefined : `can not be read: ${failing.join('; ')}`;
    };
    return [{ name: 'read-through', endpoints: ['readyz'], check }];
  }

  /** With which other threads attach to the caches, by the names of the resources. */
  shares(): Readonly<Record<string, CacheShare>> {
    const shares = Array.from(this.caches, ([type, cache]) => [
      qualifiedResource(type),
      cache.share(),
    ]);
    return Object.fromEntries(shares);
  }

  /** See ReadThroughReader. False for what is not read through here. */
  async settle(
    resource: string,
    key: SourceKey,
    content: Uint8Array | undefined,
  ): Promise<boolean> {
    const reader = this.readers.find(({ type }) => qualifiedResource(type) === resource);
    return (await reader?.settle(key, content, this.#closing.signal)) ?? false;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the server is closing'));
    for (const reader of this.readers) reader.close();
    await Promise.all([...this.caches.values()].map((cache) => cache.close()));
  }

  #fedCache(type: ResourceType): WatchCache {
    const storage = defaultedStorage(type, this.#options.storage, this.#options.logger);
    const feed = { storage, prefix: keyPrefix(type), namespaced: type.namespaced };
    const { consistencyCheckIntervalMs, place } = this.#options;
    if (place !== undefined) return new WatchCache({ ...this.#attached(type, place), feed });
    return new WatchCache({
      ...this.#cacheOptions(type),
      feed,
      ...(consistencyCheckIntervalMs === undefined ? {} : { consistencyCheckIntervalMs }),
    });
  }

  // Its reader fills it.
  #ownCache(type: ResourceType): WatchCache {
    const { namespaced } = type;
    const { place } = this.#options;
    if (place !== undefined) return new WatchCache(this.#attached(type, place));
    return new WatchCache({ ...this.#cacheOptions(type), pending: true, namespaced });
  }

  #cacheOptions(type: ResourceType): WatchCacheOptions {
    const { engine, history } = this.#options;
    const fields = new Set(type.versions.flatMap((version) => version.selectableFields));
    return {
      ...this.#readingOptions(type),
      name: qualifiedResource(type),
      fields: [...fields],
      indexes: { labels: type.indexedLabels ?? [] },
      ...(engine === undefined ? {} : { engine }),
      ...(history === undefined ? {} : { history }),
    };
  }

  #attached(type: ResourceType, { caches }: ThreadPlace): WatchCacheOptions {
    const share = caches[qualifiedResource(type)];
    if (share === undefined) throw new Error(`there is no cache of ${qualifiedResource(type)}`);
    return { ...this.#readingOptions(type), share };
  }

  // What each thread settles for itself.
  #readingOptions(type: ResourceType): WatchCacheOptions {
    const { clock, freshnessFallback, observe, random } = this.#options;
    const { legacyIgnoreLimitAtZero, refuseFutureWatches } = this.#options;
    return {
      clock,
      observer: observe(type),
      ...(freshnessFallback === undefined ? {} : { freshnessFallback }),
      ...(legacyIgnoreLimitAtZero === undefined ? {} : { legacyIgnoreLimitAtZero }),
      ...(random === undefined ? {} : { random }),
      ...(refuseFutureWatches === undefined ? {} : { refuseFutureWatches }),
    };
  }

  // Who reads the other system is told of writes to it: here, or in the first thread.
  #settling(
    type: ResourceType,
    source: AnySource,
    cache: WatchCache,
    readers: ReadThroughReader[],
  ): Pick<ReadThroughReader, 'settle'> {
    const { clock, logger, place, random = Math.random } = this.#options;
    if (place !== undefined) {
      const name = qualifiedResource(type);
      return { settle: (key, content) => place.settle(name, key, content) };
    }
    const reader = new ReadThroughReader({ type, source, cache, clock, logger, random });
    readers.push(reader);
    return reader;
  }

  #store(type: ResourceType, cache: WatchCache): ResourceStore {
    const { storage, clock, random } = this.#options;
    return new ResourceStore({
      type,
      storage,
      cache,
      now: () => clock.now(),
      ...(random === undefined ? {} : { random }),
    });
  }

  #settings(): VirtualSettings {
    const { clock, random = Math.random } = this.#options;
    return { clock, random, report: (failure) => this.#report(failure) };
  }

  #report(failure: HandlerFailure): void {
    const { type, handler, reason, requestId: auditId, error } = failure;
    const resource = qualifiedResource(type);
    this.#options.logger.error(
      { resource, handler, reason, auditId, err: error },
      'a handler failed',
    );
    this.#options.onHandlerFailure(failure);
  }
}
