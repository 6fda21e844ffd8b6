/** Reads a shared watch cache in every way. */

import assert from 'node:assert/strict';

import {
  type CachedList,
  CacheError,
  type CacheListOptions,
  type CachedObject,
  type CacheWatchOptions,
  type WatchCache,
} from '../../lib/cache/index.js';
import type { FieldRequirement, LabelRequirement, ObjectKey } from '../../lib/object/index.js';
import type { PullSource } from '../../lib/request/index.js';
import { text } from '../engine/widget.js';
import { SCOPES } from './engine-scopes.js';
import { frameText } from './engine-watch.js';
import { knownOf, RecordingCacheWatch } from './linearisation-cache-watch.js';
import { RecordingReader } from './linearisation-reader.js';
import { NAMES, NAMESPACES, type Span } from './linearisation-record.js';

type WatchSelection = Pick<CacheWatchOptions, 'namespace' | 'name' | 'apiVersion'> & {
  readonly labelSelector: readonly LabelRequirement[];
  readonly fieldSelector: readonly FieldRequirement[];
};

/** Scopes that eventsSince knows: of one namespace. */
const NAMESPACE_SCOPES = SCOPES.flatMap(({ scope }, index) => {
  const { namespace, name, selector } = scope;
  const isWhole = namespace !== undefined && name === undefined && selector === undefined;
  return isWhole ? [{ index, namespace }] : [];
});

export class CacheReader extends RecordingReader<WatchCache> {
  protected override async readSomething(): Promise<void> {
    const { chance } = this;
    const kind = chance.below(100);
    if (kind < 25) await this.#list();
    else if (kind < 40) await this.#listAt();
    else if (kind < 50) this.#listSnapshot();
    else if (kind < 65) await this.#listPages();
    else if (kind < 80) await this.#get();
    else if (kind < 85) this.#eventsSince();
    else if (kind < 96) await this.#openWatch();
    else this.closeWatch();
  }

  protected override window(): { readonly oldest: bigint; readonly newest: bigint } {
    const { resourceVersion, oldestResourceVersion } = this.cache.stats();
    return { oldest: BigInt(oldestResourceVersion), newest: BigInt(resourceVersion) };
  }

  /** Of now, or not older than what was seen. */
  async #list(): Promise<void> {
    const { cache, chance, progress } = this;
    const scope = chance.below(SCOPES.length);
    const resourceVersion = chance.of([undefined, '', '0', this.someRevision().toString()]);
    const atLeast = progress.told;
    const when = resourceVersion === undefined ? {} : { resourceVersion };
    const list = await cache.list({ ...listOptions(scope), ...when });
    const read = this.#readNow(list, atLeast);
    this.note({ type: 'list', scope, ...read, text: this.#read(list) });
  }

  /** The state at exactly a revision, also within a batch. */
  async #listAt(): Promise<void> {
    const scope = this.chance.below(SCOPES.length);
    const revision = this.someRevision();
    const list = await this.#listExactly(revision, {
      ...listOptions(scope),
      resourceVersion: revision.toString(),
      resourceVersionMatch: 'Exact',
    });
    if (list === undefined) return;
    assert.equal(list.resourceVersion, revision.toString());
    this.note({ type: 'list', scope, revision, text: this.#read(list) });
  }

  #listSnapshot(): void {
    const { cache, chance, progress } = this;
    const scope = chance.below(SCOPES.length);
    const wanted = chance.holds(0.5) ? this.someRevision() : undefined;
    const atLeast = progress.told;
    const snapshot = this.#unlessExpired(wanted, () => cache.snapshot(wanted?.toString()));
    if (snapshot === undefined) return;
    const atMost = BigInt(cache.resourceVersion);
    const revision = BigInt(snapshot.resourceVersion);
    const when = wanted === undefined ? { span: { atLeast, atMost } } : {};
    const list = this.#read(snapshot.list(listOptions(scope)));
    this.note({ type: 'list', scope, revision, text: list, count: snapshot.size, ...when });
    snapshot.close();
  }

  /** A page of now, and what its continue brings: together they are one list. */
  async #listPages(): Promise<void> {
    const { cache, chance, progress } = this;
    const scope = chance.below(SCOPES.length);
    const options = { ...listOptions(scope), limit: 1 + chance.below(8) };
    const atLeast = progress.told;
    let list = await cache.list(options);
    const read = this.#readNow(list, atLeast);
    const pages: string[] = [];
    for (;;) {
      const page = this.#read(list).slice(1, -1);
      if (page !== '') pages.push(page);
      if (list.continue === undefined) break;
      const next = { ...options, continue: list.continue };
      const following = await this.#listExactly(read.revision, next);
      if (following === undefined) return;
      assert.equal(following.resourceVersion, list.resourceVersion);
      list = following;
    }
    this.note({ type: 'list', scope, ...read, text: `[${pages.join(',')}]` });
  }

  async #get(): Promise<void> {
    const { cache, chance, progress } = this;
    const key: ObjectKey = { namespace: chance.of(NAMESPACES), name: chance.of(NAMES) };
    const { namespace, name } = key;
    const atLeast = progress.told;
    const way = chance.below(3);
    let object: CachedObject | undefined;
    if (way === 0) object = cache.getObject(namespace, name);
    else if (way === 1) object = await cache.get(namespace, name);
    else object = await cache.get(namespace, name, { resourceVersion: atLeast.toString() });
    const span = { atLeast, atMost: BigInt(cache.resourceVersion) };
    this.note({ type: 'get', ...key, text: text(object?.bytes), span });
  }

  /** What a watch would have told by now. */
  #eventsSince(): void {
    const { cache, chance, progress } = this;
    const { index, namespace } = chance.of(NAMESPACE_SCOPES);
    const revision = this.someRevision();
    const known = knownOf(progress);
    const events = this.#unlessExpired(revision, () =>
      cache.eventsSince(namespace, revision.toString()),
    );
    if (events === undefined) return;
    const frames = events.map(({ type, object }) => frameText(type, text(object.bytes)!));
    const last = BigInt(events.at(-1)?.resourceVersion ?? revision);
    const position = last > known ? last : known;
    this.note({
      type: 'watch',
      scope: index,
      isFromState: false,
      revision,
      span: { atLeast: known, atMost: BigInt(cache.resourceVersion) },
      drains: [{ phase: 'live', frames, position }],
      end: undefined,
    });
  }

  async #openWatch(): Promise<void> {
    const { cache, chance, progress } = this;
    const after = chance.holds(0.4) ? undefined : this.someRevision();
    const scope = chance.below(SCOPES.length);
    const atLeast = progress.told;
    const when = after === undefined ? {} : { resourceVersion: after.toString() };
    const stream = await this.#unlessExpiredLater(after, () =>
      cache.watch({ ...watchOptions(scope), ...when }),
    );
    if (stream === undefined) return;
    const span = { atLeast, atMost: BigInt(cache.resourceVersion) };
    const isFromState = after === undefined;
    assert.equal(stream.resourceVersion, after?.toString() ?? stream.resourceVersion);
    this.keepWatch(new RecordingCacheWatch(stream, progress, chance, { scope, isFromState, span }));
  }

  #listExactly(revision: bigint, options: CacheListOptions): Promise<CachedList | undefined> {
    return this.#unlessExpiredLater(revision, () => this.cache.list(options));
  }

  #readNow(list: CachedList, atLeast: bigint): { revision: bigint; span: Span } {
    const span = { atLeast, atMost: BigInt(this.cache.resourceVersion) };
    return { revision: BigInt(list.resourceVersion), span };
  }

  #unlessExpired<Result>(revision: bigint | undefined, act: () => Result): Result | undefined {
    try {
      return act();
    } catch (error) {
      return this.#noteExpired(revision, error);
    }
  }

  async #unlessExpiredLater<Result>(
    revision: bigint | undefined,
    act: () => Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await act();
    } catch (error) {
      return this.#noteExpired(revision, error);
    }
  }

  #noteExpired(revision: bigint | undefined, error: unknown): undefined {
    const isExpired =
      error instanceof CacheError &&
      (error.code === 'expired' || error.code === 'continue-expired');
    if (!isExpired || revision === undefined) throw error;
    this.note({ type: 'expired', revision, oldestRevision: this.window().oldest });
    return undefined;
  }

  /** All of a list as a JSON array, by any way there is. */
  #read(list: CachedList): string {
    const way = this.chance.below(3);
    if (way === 0) return itemsOf(list, this.chance.below(2_000));
    const objects =
      way === 1
        ? Array.from(list.objects(), ({ bytes }) => text(bytes))
        : list.items().map((item) => JSON.stringify(item));
    return `[${objects.join(',')}]`;
  }
}

function listOptions(index: number): Omit<CacheListOptions, 'limit' | 'continue'> {
  const { name, ...options } = watchOptions(index);
  if (name === undefined) return options;
  const required = { path: 'metadata.name', operator: 'Equals', value: name } as const;
  return { ...options, fieldSelector: [...options.fieldSelector, required] };
}

function watchOptions(index: number): WatchSelection {
  const { namespace, name, selector, apiVersion } = SCOPES[index]!.scope;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    labelSelector: selector?.labels ?? [],
    fieldSelector: selector?.fields ?? [],
  };
}

/** What a list's document has as its items. */
function itemsOf(list: CachedList, maxBytes: number): string {
  const { resourceVersion } = list;
  const document = pulledText(list.body('WidgetList', 'example.com/v1'), maxBytes);
  const { metadata } = JSON.parse(document) as { metadata: { resourceVersion: string } };
  assert.equal(metadata.resourceVersion, resourceVersion);
  const begin = document.indexOf('"items":') + '"items":'.length;
  return document.slice(begin, document.lastIndexOf(']') + 1);
}

function pulledText(source: PullSource, maxBytes: number): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const pulled = source.pull(maxBytes);
    if (pulled.type !== 'chunks') break;
    // What is only lent holds something else afterwards.
    chunks.push(...pulled.chunks.map((chunk) => Buffer.from(chunk)));
    pulled.release?.();
  }
  source.close();
  return Buffer.concat(chunks).toString();
}
