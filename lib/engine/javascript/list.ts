/**
 * A list in progress: a page of objects of one root, copied out chunk by chunk.
 *
 * Invariants:
 *  1. The page is settled when the list is made: which object is its last, and how many follow.
 *  2. The root is held until the last object was read or the list is closed, and let go once.
 */

import type { ObjectKey } from '../../object/index.js';
import { closed } from '../checks.js';
import type { EngineList, EngineObject, ListQuery } from '../contract.js';
import type { ListUsage } from '../list-usage.js';
import type { Root } from './root.js';
import type { Scope } from './scope.js';
import {
  copyVersion,
  readVersion,
  renderedLength,
  type Rendering,
  type Version,
} from './version.js';
import { Lookahead, placeSource, scopeSource, type VersionSource, type WalkCost } from './walk.js';

const COMMA = 0x2c;

/** A page: its objects, and what follows it. */
interface Page {
  readonly source: VersionSource;
  readonly last: ObjectKey | undefined;
  readonly remaining: number | undefined;
}

/** What a page is to be made of. */
interface PagePlan {
  readonly root: Root;
  readonly query: ListQuery;
  readonly scope: Scope;
  readonly cost: WalkCost;
  readonly limit: number;
}

export class JavaScriptList implements EngineList {
  readonly revision: bigint;
  readonly last: ObjectKey | undefined;
  readonly remaining: number | undefined;
  readonly #rendering: Rendering;
  readonly #objects: Lookahead;
  readonly #isSelecting: boolean;
  readonly #cost: WalkCost = { index: '', fetched: 0 };
  #returned = 0;
  #release: (() => void) | undefined;
  #isFirst = true;
  #isClosed = false;

  /** `release` lets the root go, which the caller has taken hold of. */
  constructor(root: Root, query: ListQuery, scope: Scope, release: () => void) {
    const page = planPage(root, query, scope, this.#cost);
    this.revision = root.revision;
    this.last = page.last;
    this.remaining = page.remaining;
    this.#isSelecting = scope.hasSelector;
    this.#rendering = scope.rendering;
    this.#objects = new Lookahead(page.source);
    this.#release = release;
  }

  get usage(): ListUsage {
    const { index, fetched } = this.#cost;
    const unasked = this.#isSelecting ? 0 : this.#returned;
    return { index, fetched: fetched + unasked, returned: this.#returned };
  }

  read(maxBytes: number): Uint8Array | undefined {
    this.#assertOpen();
    const next = this.#next();
    if (next === undefined) return undefined;
    const { versions, length } = this.#take(next, maxBytes);
    // Not zeroed: every byte is written. A plain Uint8Array, as every engine returns it.
    const chunk = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    this.#write(versions, chunk);
    return chunk;
  }

  readInto(target: Uint8Array): number {
    this.#assertOpen();
    const next = this.#next();
    if (next === undefined) return 0;
    const needed = this.#lengthOf(next, this.#isFirst);
    if (needed > target.length) return -needed;
    const { versions, length } = this.#take(next, target.length);
    this.#write(versions, target);
    return length;
  }

  readObjects(maxObjects: number): readonly EngineObject[] {
    this.#assertOpen();
    const objects: EngineObject[] = [];
    while (objects.length < maxObjects) {
      const version = this.#objects.peek();
      if (version === undefined) break;
      objects.push(readVersion(version, this.#rendering));
      this.#objects.advance();
    }
    this.#returned += objects.length;
    if (objects.length > 0) this.#isFirst = false;
    this.#next();
    return objects;
  }

  close(): void {
    this.#isClosed = true;
    this.#letGo();
  }

  #next(): Version | undefined {
    const next = this.#objects.peek();
    if (next === undefined) this.#letGo();
    return next;
  }

  /** Takes the next object and those behind it that fit, too; tells their length with commas. */
  #take(next: Version, maxBytes: number): { versions: Version[]; length: number } {
    const versions: Version[] = [];
    let length = 0;
    for (let version: Version | undefined = next; version !== undefined;) {
      const added = this.#lengthOf(version, this.#isFirst && versions.length === 0);
      if (versions.length > 0 && length + added > maxBytes) break;
      length += added;
      versions.push(version);
      this.#objects.advance();
      version = this.#objects.peek();
    }
    this.#returned += versions.length;
    return { versions, length };
  }

  #lengthOf(version: Version, isFirst: boolean): number {
    return renderedLength(version, this.#rendering) + (isFirst ? 0 : 1);
  }

  /** Writes what was taken, and only then lets the root go if nothing follows: it is read here. */
  #write(versions: readonly Version[], target: Uint8Array): void {
    let end = 0;
    for (const version of versions) {
      if (!this.#isFirst) target[end++] = COMMA;
      this.#isFirst = false;
      end = copyVersion(version, this.#rendering, target, end);
    }
    this.#next();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closed('the list');
  }

  #letGo(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }
}

function planPage(root: Root, query: ListQuery, scope: Scope, cost: WalkCost): Page {
  const limit = query.limit ?? 0;
  if (limit <= 0) {
    const source = scopeSource(root.directory, scope, query.start, cost);
    return { source, last: undefined, remaining: undefined };
  }
  const isSearched = scope.hasSelector || scope.name !== undefined;
  const plan = { root, query, scope, cost, limit };
  return isSearched ? searchPage(plan) : countPage(plan);
}

/** Without anything to filter by, counters tell where the page ends. */
function countPage({ root, query, scope, limit }: PagePlan): Page {
  const { directory } = root;
  const [start, stop] = rankRange(root, query, scope);
  const source = placeSource(directory, scope, query.start);
  const remaining = Math.max(0, stop - start - limit);
  if (remaining === 0) return { source, last: undefined, remaining };
  let left = limit;
  return {
    source: () => (left-- > 0 ? source() : undefined),
    last: keyOf(directory.select(start + limit - 1)!),
    remaining,
  };
}

/** The ranks of the objects from the query's start to the end of its scope. */
function rankRange(root: Root, query: ListQuery, scope: Scope): readonly [number, number] {
  const { directory } = root;
  const from = query.start === undefined ? 0 : directory.rank(query.start);
  if (scope.namespace === undefined) return [from, directory.count];
  const first = directory.rank({ namespace: scope.namespace, name: '' });
  return [Math.max(from, first), first + directory.objects(scope.namespace).size];
}

/**
 * With a selector the page is searched for at once. Another one follows when the page is full and
 * any object stands behind it, matching or not: upstream does not look further either.
 */
function searchPage({ root, query, scope, cost, limit }: PagePlan): Page {
  const objects = scopeSource(root.directory, scope, query.start, cost);
  const found: Version[] = [];
  while (found.length < limit) {
    const version = objects();
    if (version === undefined) break;
    found.push(version);
  }
  let next = 0;
  const source: VersionSource = () => found[next++];
  const behind = found.length === limit ? countBehind(root, scope, found.at(-1)!) : 0;
  cost.fetched += behind;
  return {
    source,
    last: behind > 0 ? keyOf(found.at(-1)!) : undefined,
    remaining: scope.hasSelector ? undefined : behind,
  };
}

/** The objects behind one, or whether there is one at all: with a selector no more is told. */
function countBehind(root: Root, scope: Scope, last: Version): number {
  const place = placeSource(root.directory, scope, keyOf(last));
  place();
  let behind = 0;
  while (place() !== undefined) {
    behind++;
    if (scope.hasSelector) break;
  }
  return behind;
}

function keyOf(version: Version): ObjectKey {
  return { namespace: version.namespace, name: version.name };
}
