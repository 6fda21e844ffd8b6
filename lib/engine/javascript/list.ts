/**
 * A list in progress: a page of objects of one root, copied out chunk by chunk.
 *
 * Invariants:
 *  1. The page is settled before anything is read: which object is its last, and how many follow.
 *  2. The root is held until the last object was read or the list is closed, and let go once.
 *  3. No call looks at more objects than the query allows: it pauses then, with what it has found
 *     so far, and the next one goes on.
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
import {
  Lookahead,
  Looks,
  placeSource,
  scopeSource,
  type VersionSource,
  type WalkCost,
} from './walk.js';

const COMMA = 0x2c;

/** A page: its objects, and what follows it. */
interface Page {
  readonly source: VersionSource;
  /** Goes on with the search for it; tells whether it is settled, as is what stands below. */
  readonly settle: () => boolean;
  readonly last: ObjectKey | undefined;
  readonly remaining: number | undefined;
}

/** What a page is to be made of. */
interface PagePlan {
  readonly root: Root;
  readonly query: ListQuery;
  readonly scope: Scope;
  readonly cost: WalkCost;
  readonly looks: Looks;
  readonly limit: number;
}

export class JavaScriptList implements EngineList {
  readonly revision: bigint;
  readonly #page: Page;
  readonly #looks = new Looks();
  readonly #looksMax: number;
  readonly #rendering: Rendering;
  readonly #objects: Lookahead;
  readonly #isSelecting: boolean;
  readonly #cost: WalkCost = { index: '', fetched: 0 };
  #returned = 0;
  #isSettled = false;
  #isPaused = false;
  #release: (() => void) | undefined;
  #isFirst = true;
  #isClosed = false;

  /** `release` lets the root go, which the caller has taken hold of. */
  constructor(root: Root, query: ListQuery, scope: Scope, release: () => void) {
    this.#looksMax = Math.max(1, query.looksMax ?? Infinity);
    this.#page = planPage(root, query, scope, this.#cost, this.#looks);
    this.revision = root.revision;
    this.#isSelecting = scope.hasSelector;
    this.#rendering = scope.rendering;
    this.#objects = new Lookahead(this.#page.source, this.#looks);
    this.#release = release;
    if (this.#looksMax === Infinity) this.settle();
  }

  get last(): ObjectKey | undefined {
    return this.#page.last;
  }

  get remaining(): number | undefined {
    return this.#page.remaining;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  settle(): boolean {
    if (this.#isSettled) return true;
    this.#assertOpen();
    this.#looks.renew(this.#looksMax);
    this.#isSettled = this.#page.settle();
    this.#isPaused = !this.#isSettled;
    return this.#isSettled;
  }

  get usage(): ListUsage {
    const { index, fetched } = this.#cost;
    const unasked = this.#isSelecting ? 0 : this.#returned;
    return { index, fetched: fetched + unasked, returned: this.#returned };
  }

  read(maxBytes: number): Uint8Array | undefined {
    let next = this.#resumed();
    while (next === undefined && this.#isPaused) next = this.#resumed();
    if (next === undefined) return undefined;
    const { versions, length } = this.#take(next, maxBytes);
    // Not zeroed: every byte is written. A plain Uint8Array, as every engine returns it.
    const chunk = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    this.#write(versions, chunk);
    return chunk;
  }

  readInto(target: Uint8Array): number {
    const next = this.#resumed();
    if (next === undefined) return 0;
    const needed = this.#lengthOf(next, this.#isFirst);
    if (needed > target.length) return -needed;
    const { versions, length } = this.#take(next, target.length);
    this.#write(versions, target);
    return length;
  }

  readObjects(maxObjects: number): readonly EngineObject[] {
    const objects: EngineObject[] = [];
    let version = this.#resumed();
    if (!this.#isSettled) return objects;
    while (version !== undefined && objects.length < maxObjects) {
      objects.push(readVersion(version, this.#rendering));
      this.#objects.advance();
      version = this.#objects.peek();
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

  /** The next object; none at the end, and where the list pauses before it has found one. */
  #resumed(): Version | undefined {
    this.#assertOpen();
    if (!this.settle()) return undefined;
    this.#looks.renew(this.#looksMax);
    return this.#next();
  }

  #next(): Version | undefined {
    const next = this.#objects.peek();
    this.#isPaused = this.#objects.isPaused;
    if (next === undefined && !this.#isPaused) this.#letGo();
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

function planPage(root: Root, query: ListQuery, scope: Scope, cost: WalkCost, looks: Looks): Page {
  const limit = query.limit ?? 0;
  if (limit <= 0) {
    const source = scopeSource(root.directory, scope, query.start, cost, looks);
    return { source, settle: isSettled, last: undefined, remaining: undefined };
  }
  const isSearched = scope.hasSelector || scope.name !== undefined;
  const plan = { root, query, scope, cost, looks, limit };
  return isSearched ? new SearchedPage(plan) : countPage(plan);
}

/** Without anything to filter by, counters tell where the page ends. */
function countPage({ root, query, scope, limit }: PagePlan): Page {
  const { directory } = root;
  const [start, stop] = rankRange(root, query, scope);
  const source = placeSource(directory, scope, query.start);
  const remaining = Math.max(0, stop - start - limit);
  if (remaining === 0) return { source, settle: isSettled, last: undefined, remaining };
  let left = limit;
  return {
    source: () => (left-- > 0 ? source() : undefined),
    settle: isSettled,
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
 * With a selector the page is searched for. Another one follows when the page is full and any
 * object stands behind it, matching or not: upstream does not look further either.
 */
class SearchedPage implements Page {
  last: ObjectKey | undefined;
  remaining: number | undefined;
  readonly #plan: PagePlan;
  readonly #objects: VersionSource;
  readonly #found: Version[] = [];
  #next = 0;
  /** What stands behind the page, once that is full. */
  #followers: VersionSource | undefined;
  #behind = 0;

  constructor(plan: PagePlan) {
    const { root, query, scope, cost, looks } = plan;
    this.#plan = plan;
    this.#objects = scopeSource(root.directory, scope, query.start, cost, looks);
  }

  readonly source: VersionSource = () => this.#found[this.#next++];

  readonly settle = (): boolean => {
    const { scope, cost } = this.#plan;
    if (!this.#search() || !this.#countBehind()) return false;
    cost.fetched += this.#behind;
    if (this.#behind > 0) this.last = keyOf(this.#found.at(-1)!);
    if (!scope.hasSelector) this.remaining = this.#behind;
    return true;
  };

  #search(): boolean {
    const { root, scope, looks, limit } = this.#plan;
    if (this.#followers !== undefined) return true;
    while (this.#found.length < limit) {
      const version = this.#objects();
      if (version === undefined) return !looks.areSpent;
      this.#found.push(version);
    }
    this.#followers = placeSource(root.directory, scope, keyOf(this.#found.at(-1)!), looks);
    this.#behind = -1;
    return true;
  }

  /** The objects behind the page, or whether there is one at all: no more is told of a selector. */
  #countBehind(): boolean {
    const { scope, looks } = this.#plan;
    const wanted = scope.hasSelector ? 1 : Infinity;
    while (this.#followers !== undefined && this.#behind < wanted) {
      if (this.#followers() === undefined) return !looks.areSpent;
      // The first is the page's own last one.
      this.#behind++;
    }
    return true;
  }
}

/** Of a page that is known from the start. */
function isSettled(): boolean {
  return true;
}

function keyOf(version: Version): ObjectKey {
  return { namespace: version.namespace, name: version.name };
}
