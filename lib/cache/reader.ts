/**
 * GET and LIST: which revision a request wants, whether the cache has it, and who answers.
 *
 * Rules:
 *  1. "Newest" is not older than what the storage had acknowledged when the request came
 *     (KEP-2340). When the cache does not get there in time, the storage answers in its place,
 *     unless a LIST is to be refused then.
 *  2. "Exactly N" comes from the cache's history, else from the storage at N; what the storage has
 *     compacted is expired here too, whatever the history still holds.
 *  3. While the cache is not ready the storage answers GETs and unselective pages; everything else
 *     is `not-ready` (KEP-4568).
 *  4. A request that has nothing to wait for is answered without waiting for a turn of the loop.
 *  5. A page of a selector that hardly any object meets is searched for turn by turn.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

import type { EngineCache, EngineList, EngineObject, ListQuery } from '../engine/index.js';
import type { ObjectKey, UnknownObject } from '../object/index.js';
import type { Awaitable, BytesSource } from '../request/index.js';
import { StorageError } from '../storage/index.js';
import { type CachedObject, cachedObject } from '../watch/index.js';
import { CachedList } from './cached-list.js';
import { encodeContinue, startKey, type TokenScope } from './continue-token.js';
import type { CacheListOptions, FreshnessFallback, GetOptions, SignalSource } from './contract.js';
import { CacheError } from './contract.js';
import { CountedList } from './counted-list.js';
import { objectDocument, readDocument } from './document.js';
import { isExpired, translated } from './engine-error.js';
import { type FreshnessGate, orAborted, throwIfAborted } from './freshness.js';
import { LOOKS_MAX } from './looks.js';
import { type IdentityOf, ListIdentities } from './list-identity.js';
import { type ListPlan, planList } from './list-plan.js';
import type { CacheObserver, ConsistentRead } from './observer.js';
import type { Readiness } from './readiness.js';
import { notFresh, parseResourceVersion, tooLarge } from './resource-version.js';
import { select, type Selection, type SelectionRules } from './selection.js';
import { getStored, listStored, type StoredSource } from './stored.js';

export interface ReaderOptions {
  /** The cache's. */
  readonly name: string;
  readonly engine: EngineCache;
  /** Where to go past the cache; `undefined` where there is no storage, or none in this thread. */
  readonly source: StoredSource | undefined;
  /** What had been acknowledged when this was called. */
  readonly committed: (signal?: AbortSignal) => bigint | Promise<bigint>;
  /** Exact lists below this are refused; 0 where there is no storage. */
  readonly compacted: () => bigint;
  readonly readiness: Readiness;
  readonly freshness: FreshnessGate;
  readonly freshnessFallback: FreshnessFallback;
  readonly observer: CacheObserver;
  readonly rules: SelectionRules;
  readonly legacyIgnoreLimitAtZero: boolean;
}

/** What the cache has to reach before it answers. */
interface Wanted {
  /** What the storage has acknowledged by now, rather than `revision`. */
  readonly isNewest: boolean;
  readonly revision: bigint;
  readonly fallback: FreshnessFallback;
}

/** A GET, and whether the cache answers it: false where the storage has to. */
interface BegunGet {
  readonly key: ObjectKey;
  readonly revision: bigint;
  readonly reaching: Awaitable<boolean>;
}

interface ListRequest {
  readonly plan: ListPlan;
  readonly scope: TokenScope;
  readonly selection: Selection;
  /** About one object: no pages. */
  readonly isSingle: boolean;
  readonly options: CacheListOptions;
}

interface FoundList {
  readonly list: EngineList;
  readonly identity?: IdentityOf;
}

export class Reader<T = UnknownObject> {
  readonly #name: string;
  readonly #engine: EngineCache;
  readonly #identities: ListIdentities;
  readonly #source: StoredSource | undefined;
  readonly #committed: ReaderOptions['committed'];
  readonly #compacted: ReaderOptions['compacted'];
  readonly #readiness: Readiness;
  readonly #freshness: FreshnessGate;
  readonly #freshnessFallback: FreshnessFallback;
  readonly #observer: CacheObserver;
  readonly #rules: SelectionRules;
  readonly #legacyIgnoreLimitAtZero: boolean;

  constructor(options: ReaderOptions) {
    this.#name = options.name;
    this.#engine = options.engine;
    this.#identities = new ListIdentities(options.engine, options.readiness);
    this.#source = options.source;
    this.#committed = options.committed;
    this.#compacted = options.compacted;
    this.#readiness = options.readiness;
    this.#freshness = options.freshness;
    this.#freshnessFallback = options.freshnessFallback;
    this.#observer = options.observer;
    this.#rules = options.rules;
    this.#legacyIgnoreLimitAtZero = options.legacyIgnoreLimitAtZero;
  }

  async get(
    namespace: string,
    name: string,
    options: GetOptions,
  ): Promise<CachedObject<T> | undefined> {
    const object = await this.#read(this.#begin(namespace, name, options), options);
    return object && cachedObject(object);
  }

  /** As `get`; throws instead of rejecting where it waits for nothing. */
  document(
    namespace: string,
    name: string,
    options: GetOptions,
  ): Awaitable<BytesSource | undefined> {
    const begun = this.#begin(namespace, name, options);
    if (begun.reaching === true) return readDocument(this.#engine, begun.key, options.apiVersion);
    return this.#read(begun, options).then((found) => found && objectDocument(found.object));
  }

  #begin(namespace: string, name: string, { resourceVersion = '', signal }: GetOptions): BegunGet {
    const revision = parseResourceVersion(resourceVersion);
    if (typeof signal !== 'function') throwIfAborted(signal);
    const wanted = { isNewest: resourceVersion === '', revision, fallback: 'storage' } as const;
    const key = { namespace: this.#rules.namespaced === false ? '' : namespace, name };
    return { key, revision, reaching: this.#isReady() && this.#reach(wanted, signal) };
  }

  async #read(
    { key, revision, reaching }: BegunGet,
    { apiVersion }: GetOptions,
  ): Promise<EngineObject | undefined> {
    if ((await reaching) && this.#isReady()) {
      return translated(() => this.#engine.get(key, apiVersion));
    }
    const source = this.#storedSource();
    await requireCommitted(source, revision);
    return getStored(source, key, apiVersion);
  }

  async list(options: CacheListOptions): Promise<CachedList<T>> {
    const selection = select(options, this.#rules);
    const { name, namespace } = selection;
    const scope: TokenScope = { cache: this.#name, namespace };
    const isSingle =
      name !== undefined && namespace !== undefined && (options.continue ?? '') === '';
    const legacyIgnoreLimitAtZero = this.#legacyIgnoreLimitAtZero;
    const plan = planList(options, { scope, isSingle, legacyIgnoreLimitAtZero });
    throwIfAborted(options.signal);
    const request = { plan, scope, selection, isSingle, options };
    const { list, identity } = this.#isReady()
      ? await this.#listReady(request)
      : await this.#listPending(request);
    // Lists that the storage has answered have no identity.
    const counted = identity === undefined ? list : this.#counted(list);
    await settle(counted, options.signal);
    return new CachedList<T>(counted, scope, selection.selector?.shard, identity);
  }

  #counted(list: EngineList): EngineList {
    const { onList } = this.#observer;
    return onList === undefined ? list : new CountedList(list, onList);
  }

  /** Resolves when the cache has reached what the storage has acknowledged by now. */
  async freshen(source?: SignalSource): Promise<void> {
    await this.#waitFor(this.#committed(typeof source === 'function' ? undefined : source), source);
  }

  async #listReady(request: ListRequest): Promise<FoundList> {
    const { plan } = request;
    if (plan.meaning === 'exact') return this.#listExact(request);
    if (plan.meaning !== 'newest') return this.#listReached(request);
    let fallback: ConsistentRead['fallback'] = 'false';
    let isAnswered = false;
    try {
      const list = await this.#listReached(request, () => (fallback = 'true'));
      isAnswered = true;
      return list;
    } catch (error) {
      if (error instanceof CacheError && error.code === 'not-fresh') fallback = 'skipped';
      throw error;
    } finally {
      this.#observer.onConsistentRead?.({ isAnswered, fallback });
    }
  }

  // Once the cache has got there; `onLate` is called where the storage has to answer for it.
  async #listReached(request: ListRequest, onLate?: () => void): Promise<FoundList> {
    const { plan, options } = request;
    const wanted = {
      isNewest: plan.meaning === 'newest',
      revision: plan.revision,
      fallback: this.#freshnessFallback,
    };
    const isFresh = plan.meaning === 'any' || (await this.#reach(wanted, options.signal));
    if (!this.#isReady()) return this.#listPending(request);
    if (!isFresh) {
      onLate?.();
      return this.#listStored(request, undefined);
    }
    return translated(() => this.#find(request, (query) => this.#engine.list(query)));
  }

  async #listExact(request: ListRequest): Promise<FoundList> {
    const { plan, options, scope } = request;
    const { revision } = plan;
    if (revision < this.#compacted()) throw expired(plan, scope);
    if (this.#engine.revision < revision) {
      await this.#freshness.wait(revision, options.signal);
      if (!this.#isReady()) return this.#listPending(request);
    }
    try {
      const root = this.#engine.root(revision);
      try {
        return this.#find(request, (query) => root.list(query));
      } finally {
        root.close();
      }
    } catch (error) {
      if (!isExpired(error)) return translated<never>(() => raise(error));
      if (this.#source === undefined) throw expired(plan, scope, error);
    }
    return this.#listStored(request, revision);
  }

  #find(request: ListRequest, open: (query: ListQuery) => EngineList): FoundList {
    const query = this.#query(request);
    const { generation } = this.#identities;
    const list = open(query);
    return { list, identity: this.#identities.of(list, query, generation) };
  }

  // What the storage can be asked for while the cache is being filled.
  async #listPending(request: ListRequest): Promise<FoundList> {
    const { plan, selection, isSingle } = request;
    const isPage = plan.limit !== undefined && selection.selector === undefined && !isSingle;
    if (!isPage) throw this.#readiness.error() ?? new CacheError('not-ready', 'not ready');
    const source = this.#storedSource();
    if (plan.meaning === 'exact') return this.#listStored(request, plan.revision);
    await requireCommitted(source, plan.revision);
    return this.#listStored(request, undefined);
  }

  async #listStored(request: ListRequest, revision: bigint | undefined): Promise<FoundList> {
    const { plan, scope, selection, isSingle, options } = request;
    try {
      const list = await listStored(this.#storedSource(), {
        namespace: selection.namespace,
        name: isSingle ? selection.name : undefined,
        selector: selection.selector,
        apiVersion: options.apiVersion,
        start: plan.start,
        limit: isSingle ? undefined : plan.limit,
        revision,
      });
      return { list };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.code === 'compacted') throw expired(plan, scope, error);
      if (error.code !== 'future-revision') throw error;
      throw tooLarge(plan.revision, await this.#committed());
    }
  }

  #query({ plan, selection, isSingle, options }: ListRequest): ListQuery {
    const { namespace, name, selector } = selection;
    const { apiVersion } = options;
    const { start } = plan;
    const limit = plan.ignoresLimit ? undefined : plan.limit;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(isSingle && name !== undefined ? { name } : {}),
      ...(selector === undefined ? {} : { selector }),
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(start === undefined
        ? {}
        : { start: startKey(start, namespace, this.#rules.namespaced === true) }),
      ...(limit === undefined || isSingle ? {} : { limit }),
      looksMax: LOOKS_MAX,
    };
  }

  // Whether the cache got there; false: it did not, but the storage can answer in its place.
  #reach(wanted: Wanted, signal: SignalSource | undefined): Awaitable<boolean> {
    const { isNewest, revision } = wanted;
    if (!isNewest) {
      if (this.#freshness.isReached(revision)) return true;
      return this.#freshness.wait(revision, signalOf(signal)).then(() => true);
    }
    const committed = this.#committed(typeof signal === 'function' ? undefined : signal);
    if (typeof committed === 'bigint' && this.#freshness.isReached(committed)) return true;
    return this.#reachNewest(committed, wanted.fallback, signal);
  }

  async #reachNewest(
    committed: bigint | Promise<bigint>,
    fallback: FreshnessFallback,
    signal: SignalSource | undefined,
  ): Promise<boolean> {
    try {
      await this.#waitFor(committed, signal);
      return true;
    } catch (error) {
      if (!(error instanceof CacheError) || error.code !== 'resource-version-too-large')
        throw error;
      if (fallback === 'refuse') throw notFresh(error);
      if (this.#source === undefined) throw error;
      return false;
    }
  }

  async #waitFor(
    committed: bigint | Promise<bigint>,
    signal: SignalSource | undefined,
  ): Promise<void> {
    const revision =
      typeof committed === 'bigint' ? committed : await orAborted(committed, signalOf(signal));
    if (!this.#freshness.isReached(revision)) {
      await this.#freshness.wait(revision, signalOf(signal));
    }
  }

  #isReady(): boolean {
    return this.#readiness.state === 'ready';
  }

  // Where to go past the cache; a closed or stand-alone one has no such place.
  #storedSource(): StoredSource {
    if (this.#source === undefined || this.#readiness.state === 'stopped') {
      throw this.#readiness.error() ?? new CacheError('closed', 'the cache is closed');
    }
    return this.#source;
  }
}

function signalOf(source: SignalSource | undefined): AbortSignal | undefined {
  return typeof source === 'function' ? source() : source;
}

async function settle(list: EngineList, signal: AbortSignal | undefined): Promise<void> {
  try {
    while (!list.settle()) {
      await nextTurn();
      throwIfAborted(signal);
    }
  } catch (error) {
    list.close();
    throw error;
  }
}

async function requireCommitted({ storage }: StoredSource, revision: bigint): Promise<void> {
  if (revision === 0n) return;
  const committed = await storage.committedRevision();
  if (committed < revision) throw tooLarge(revision, committed);
}

function expired(plan: ListPlan, scope: TokenScope, cause?: unknown): CacheError {
  const requested = plan.revision.toString();
  if (plan.start === undefined) {
    const message = 'The resourceVersion for the provided list is too old.';
    return new CacheError('expired', message, { requested, cause });
  }
  return new CacheError('continue-expired', CONTINUE_EXPIRED, {
    continue: encodeContinue({ revision: -1n, start: plan.start }, scope),
    requested,
    cause,
  });
}

/** Upstream's text: it tells clients what they may do. */
const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. ' +
  'You can start a new list without the continue parameter, or use the continue token in this ' +
  'response to retrieve the remainder of the results. Continuing with the provided token results ' +
  'in an inconsistent list - objects that were created, modified, or deleted between the time ' +
  'the first chunk was returned and now may show up in the list.';

function raise(error: unknown): never {
  throw error;
}
