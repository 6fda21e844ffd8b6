/**
 * Walks the objects of a scope in key order, within one immutable state.
 *
 * A walk looks only where its scope can have objects: one tree for a namespace, one lookup for an
 * object, one lookup a namespace for a name in all of them; where an index has few objects for what
 * the selector demands, these alone.
 */

import { compareNamespaces, compareUtf8, type ObjectKey } from '../../object/index.js';
import type { Directory } from './directory.js';
import { indexSource } from './index-walk.js';
import type { Scope } from './scope.js';
import type { Version } from './version.js';

/**
 * Versions one by one; `undefined` at the end and ever after, and where the walk's looks are spent
 * before it has found another one: with more of them it goes on.
 */
export type VersionSource = () => Version | undefined;

/** What a walk may look at, and where it stood when that was spent. */
export class Looks {
  #left: number;
  #passed: ObjectKey | undefined;

  /** Default: as many as it takes. */
  constructor(count: number = Infinity) {
    this.#left = count;
  }

  get areSpent(): boolean {
    return this.#left <= 0;
  }

  /** Where looks are spent: objects still to come are behind this key. */
  get passed(): ObjectKey | undefined {
    return this.#passed;
  }

  /** A walk that is paused goes on, with so many of them. */
  renew(count: number): void {
    this.#left = count;
  }

  /** For the object of that key, whether or not there is one. */
  spend(key: ObjectKey): void {
    if (--this.#left <= 0) this.#passed = key;
  }
}

/** All objects in the scope's namespace and of its name, the selector left aside. */
export function placeSource(
  directory: Directory,
  scope: Scope,
  start?: ObjectKey,
  looks: Looks = new Looks(),
): VersionSource {
  const { namespace, name } = scope;
  if (namespace === undefined) return allNamespaces(directory, name, start, looks);
  const order = start === undefined ? 1 : compareNamespaces(namespace, start.namespace);
  if (order < 0) return () => undefined;
  return inNamespace(directory, namespace, name, order === 0 ? start?.name : undefined);
}

/** What a walk has cost so far. */
export interface WalkCost {
  /** The name of the index that it walks, or `''`. */
  index: string;
  /** Objects that it has asked a selector about. */
  fetched: number;
}

/** The objects that belong to the scope. What finding them costs is added to `cost`. */
export function scopeSource(
  directory: Directory,
  scope: Scope,
  start?: ObjectKey,
  cost: WalkCost = { index: '', fetched: 0 },
  looks: Looks = new Looks(),
): VersionSource {
  if (!scope.hasSelector) return placeSource(directory, scope, start, looks);
  const indexed = indexSource(directory, scope, start);
  const place = indexed?.next ?? placeSource(directory, scope, start, looks);
  cost.index = indexed?.name ?? '';
  return () => {
    while (!looks.areSpent) {
      const version = place();
      if (version === undefined) return undefined;
      cost.fetched++;
      looks.spend(version);
      if (scope.selects(version)) return version;
    }
    return undefined;
  };
}

/** A source that can be looked into without taking. */
export class Lookahead {
  readonly #source: VersionSource;
  readonly #looks: Looks;
  #next: Version | undefined;
  #isRead = false;

  /** `looks` are the source's. */
  constructor(source: VersionSource, looks: Looks = new Looks()) {
    this.#source = source;
    this.#looks = looks;
  }

  /** Whether `peek` shows nothing because the source is paused, and not at its end. */
  get isPaused(): boolean {
    return !this.#isRead && this.#looks.areSpent;
  }

  /** The next version, which stays the next one. */
  peek(): Version | undefined {
    if (!this.#isRead) {
      this.#next = this.#source();
      this.#isRead = this.#next !== undefined || !this.#looks.areSpent;
    }
    return this.#next;
  }

  /** Takes what `peek` shows. */
  advance(): void {
    // The end of a source is for ever.
    if (this.#next !== undefined) this.#isRead = false;
  }
}

function inNamespace(
  directory: Directory,
  namespace: string,
  name: string | undefined,
  start: string | undefined,
): VersionSource {
  const objects = directory.objects(namespace);
  if (name === undefined) {
    const cursor = objects.cursor(start);
    return () => cursor.next();
  }
  const isBehindStart = start !== undefined && compareUtf8(name, start) < 0;
  let next = isBehindStart ? undefined : objects.get(name);
  return () => {
    const version = next;
    next = undefined;
    return version;
  };
}

function allNamespaces(
  directory: Directory,
  name: string | undefined,
  start: ObjectKey | undefined,
  looks: Looks,
): VersionSource {
  const namespaces = directory.namespaces(start?.namespace);
  let current: VersionSource = () => undefined;
  return () => {
    for (;;) {
      const version = current();
      if (version !== undefined) return version;
      if (looks.areSpent) return undefined;
      const next = namespaces.next()?.namespace;
      if (next === undefined) return undefined;
      const from = next === start?.namespace ? start.name : undefined;
      current = inNamespace(directory, next, name, from);
      if (name !== undefined) looks.spend({ namespace: next, name });
    }
  };
}
