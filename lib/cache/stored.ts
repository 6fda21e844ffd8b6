/**
 * Reads that go past the cache to its storage: while the cache is not ready, and at revisions that
 * its history no longer has.
 *
 * Rules:
 *  1. All pages of such a read are at one revision: that of the first.
 *  2. Everything is there before the answer begins, so that a compaction half-way is an error and
 *     never a shortened list.
 *  3. With a selector and a limit the storage's pages double from the limit on, up to
 *     STORED_PAGE_KEYS: a rare object is found with few reads.
 */

import type { EngineList, EngineObject, EngineSelector, ListUsage } from '../engine/index.js';
import type { ObjectKey, ScannedObject, ShardSelector } from '../object/index.js';
import {
  FieldMatcher,
  isInShard,
  LabelMatcher,
  replaceApiVersion,
  scanObject,
  stampRevision,
} from '../object/index.js';
import type { Storage, StoredValue } from '../storage/index.js';
import { type KeySpace, objectKey, storageKey } from './storage-key.js';
import { refuseUnreadable } from './unreadable.js';

/** Keys asked for at once, at most; upstream's page. */
const STORED_PAGE_KEYS = 10_000;

export interface StoredSource extends KeySpace {
  readonly storage: Storage;
  /** Declared fields. */
  readonly fields: readonly string[];
}

export interface StoredQuery {
  readonly namespace: string | undefined;
  /** Only this object; needs the namespace. */
  readonly name: string | undefined;
  readonly selector: EngineSelector | undefined;
  readonly apiVersion: string | undefined;
  /** Where to begin, relative to the list's prefix. */
  readonly start: string | undefined;
  readonly limit: number | undefined;
  /** Absent: the newest. */
  readonly revision: bigint | undefined;
}

/** One object at its newest version. */
export async function getStored(
  source: StoredSource,
  key: ObjectKey,
  apiVersion: string | undefined,
): Promise<EngineObject | undefined> {
  const value = await source.storage.get(storageKey(source, key));
  if (value === undefined) return undefined;
  refuseUnreadable(source, [value]);
  return readStored(source, value, apiVersion);
}

/** A stored value as an engine has it: canonical bytes with their revision. */
export function readStored(
  source: StoredSource,
  value: StoredValue,
  apiVersion?: string,
): EngineObject {
  return render(source, value, scanObject(value.value, source.fields), apiVersion);
}

export async function listStored(source: StoredSource, query: StoredQuery): Promise<EngineList> {
  const { prefix, from } = range(source, query);
  const filter = query.selector === undefined ? undefined : filterOf(query.selector);
  const objects: EngineObject[] = [];
  const limit = query.name === undefined ? (query.limit ?? Infinity) : 1;
  let { revision } = query;
  let start = from;
  let pageKeys = Math.min(limit, STORED_PAGE_KEYS);
  for (;;) {
    const page = await source.storage.list(prefix, {
      limit: pageKeys,
      ...(start === undefined ? {} : { start }),
      ...(revision === undefined ? {} : { revision }),
    });
    revision ??= page.revision;
    for (const [index, value] of page.values.entries()) {
      const object = selectReadable(source, query, filter, value, page.values);
      if (object !== undefined) objects.push(object);
      if (objects.length < limit) continue;
      const follows = page.more || index + 1 < page.values.length;
      return new StoredPage(objects, revision, follows && query.name === undefined);
    }
    const last = page.values.at(-1);
    if (!page.more || last === undefined || query.name !== undefined) {
      return new StoredPage(objects, revision, false);
    }
    start = `${last.key}\0`;
    pageKeys = Math.min(pageKeys * 2, STORED_PAGE_KEYS);
  }
}

function range(
  source: StoredSource,
  query: StoredQuery,
): { prefix: string; from: string | undefined } {
  const { namespaced } = source;
  const { namespace, name, start } = query;
  const inNamespace = namespaced && namespace !== undefined;
  const prefix = inNamespace ? `${source.prefix}${namespace}/` : source.prefix;
  if (name !== undefined) return { prefix, from: prefix + name };
  if (start === undefined) return { prefix, from: undefined };
  return { prefix, from: prefix + (start.startsWith('/') ? start.slice(1) : start) };
}

interface Filter {
  readonly labels: LabelMatcher;
  readonly fields: FieldMatcher;
  readonly shard: ShardSelector | undefined;
}

function filterOf({ labels, fields, shard }: EngineSelector): Filter {
  return { labels: new LabelMatcher(labels), fields: new FieldMatcher(fields), shard };
}

// What can't be read is told together with all of its page that can't be, either.
function selectReadable(
  source: StoredSource,
  query: StoredQuery,
  filter: Filter | undefined,
  value: StoredValue,
  page: readonly StoredValue[],
): EngineObject | undefined {
  try {
    return select(source, query, filter, value);
  } catch (error) {
    refuseUnreadable(source, page, error);
    throw error;
  }
}

function select(
  source: StoredSource,
  query: StoredQuery,
  filter: Filter | undefined,
  value: StoredValue,
): EngineObject | undefined {
  const key = objectKey(source, value.key);
  if (query.name !== undefined && key.name !== query.name) return undefined;
  const scanned = scanObject(value.value, source.fields);
  if (scanned.name !== key.name || scanned.namespace !== key.namespace) {
    throw new RangeError(`the object at ${value.key} is another one's`);
  }
  if (filter !== undefined) {
    const fieldOf = (path: string): string | undefined => {
      if (path === 'metadata.name') return key.name;
      if (path === 'metadata.namespace') return key.namespace;
      return scanned.fields[source.fields.indexOf(path)];
    };
    if (!filter.fields.matches(fieldOf)) return undefined;
    if (!filter.labels.matches(scanned.labels.flat())) return undefined;
    const { shard } = filter;
    const isByUid = shard?.field === 'object.metadata.uid';
    if (shard !== undefined && !isInShard(shard, isByUid ? scanned.uid : key.namespace)) {
      return undefined;
    }
  }
  return render(source, value, scanned, query.apiVersion);
}

function render(
  space: KeySpace,
  value: StoredValue,
  scanned: ScannedObject,
  apiVersion: string | undefined,
): EngineObject {
  const { bytes } = stampRevision(scanned, value.revision);
  // The apiVersion stands before the metadata: stamping has not moved it.
  const object =
    apiVersion === undefined || apiVersion === scanned.apiVersion
      ? bytes
      : replaceApiVersion(bytes, scanned.apiVersionOffset, scanned.apiVersionLength, apiVersion);
  return { ...objectKey(space, value.key), revision: value.revision, object };
}

const COMMA = 0x2c;

/** Objects read from the storage, in the shape of an engine's list. */
class StoredPage implements EngineList {
  readonly revision: bigint;
  readonly last: ObjectKey | undefined;
  /** The storage does not count what follows. */
  readonly remaining = undefined;
  /** Everything is there from the start. */
  readonly isPaused = false;
  #objects: readonly EngineObject[];
  readonly #fetched: number;
  #index = 0;

  constructor(objects: readonly EngineObject[], revision: bigint, follows: boolean) {
    this.#objects = objects;
    this.#fetched = objects.length;
    this.revision = revision;
    const last = objects.at(-1);
    this.last = follows && last !== undefined ? last : undefined;
  }

  get usage(): ListUsage {
    return { index: '', fetched: this.#fetched, returned: this.#index };
  }

  settle(): boolean {
    return true;
  }

  read(maxBytes: number): Uint8Array | undefined {
    let end = this.#index;
    let length = 0;
    for (let next = this.#objects[end]; next !== undefined; next = this.#objects[++end]) {
      const added = this.#lengthAt(end);
      if (length > 0 && length + added > maxBytes) break;
      length += added;
    }
    if (length === 0) return undefined;
    const chunk = new Uint8Array(length);
    this.readInto(chunk);
    return chunk;
  }

  readInto(target: Uint8Array): number {
    let written = 0;
    for (
      let next = this.#objects[this.#index];
      next !== undefined;
      next = this.#objects[++this.#index]
    ) {
      const added = this.#lengthAt(this.#index);
      if (written + added > target.length) return written === 0 ? -added : written;
      if (this.#index > 0) target[written++] = COMMA;
      target.set(next.object, written);
      written += next.object.length;
    }
    return written;
  }

  readObjects(maxObjects: number): readonly EngineObject[] {
    const from = this.#index;
    this.#index = Math.min(from + maxObjects, this.#objects.length);
    return this.#objects.slice(from, this.#index);
  }

  close(): void {
    this.#objects = [];
  }

  /** With the comma that leads it. */
  #lengthAt(index: number): number {
    return this.#objects[index]!.object.length + (index > 0 ? 1 : 0);
  }
}
