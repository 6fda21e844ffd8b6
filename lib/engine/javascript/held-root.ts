/** A root that a reader holds: everything read through it is the state at exactly its revision. */

import type { ObjectKey } from '../../object/index.js';
import { closed } from '../checks.js';
import type { EngineList, EngineObject, EngineRoot, ListQuery } from '../contract.js';
import { JavaScriptList } from './list.js';
import type { Root } from './root.js';
import { Scope } from './scope.js';
import { copyVersion, readVersion, renderedLength, renderingOf, type Version } from './version.js';

/** Takes hold of a root; what it returns lets go again and is called once. */
export type HoldRoot = (root: Root) => () => void;

export class JavaScriptRoot implements EngineRoot {
  readonly #root: Root;
  readonly #fields: readonly string[];
  readonly #hold: HoldRoot;
  #release: (() => void) | undefined;

  constructor(root: Root, fields: readonly string[], hold: HoldRoot) {
    this.#root = root;
    this.#fields = fields;
    this.#hold = hold;
    this.#release = hold(root);
  }

  get revision(): bigint {
    return this.#root.revision;
  }

  get generation(): number {
    return this.#root.generation;
  }

  get count(): number {
    return this.#root.directory.count;
  }

  get(key: ObjectKey, apiVersion?: string): EngineObject | undefined {
    this.#assertOpen();
    return readObject(this.#root.directory, key, apiVersion);
  }

  getInto(
    key: ObjectKey,
    target: Uint8Array,
    apiVersion?: string,
    revision?: BigUint64Array,
  ): number {
    this.#assertOpen();
    return readObjectInto(this.#root.directory, key, target, apiVersion, revision);
  }

  list(query: ListQuery): EngineList {
    this.#assertOpen();
    return openList(this.#root, query, this.#fields, this.#hold);
  }

  close(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  #assertOpen(): void {
    if (this.#release === undefined) throw closed('the root');
  }
}

/** What an object is found in: a root's directory, or the present state. */
export interface Objects {
  get(key: ObjectKey): Version | undefined;
}

/** One object. */
export function readObject(
  objects: Objects,
  key: ObjectKey,
  apiVersion: string | undefined,
): EngineObject | undefined {
  const version = objects.get(key);
  return version === undefined ? undefined : readVersion(version, renderingOf(apiVersion));
}

/** The bytes of one object, into the caller's memory; see EngineCache.getInto. */
export function readObjectInto(
  objects: Objects,
  key: ObjectKey,
  target: Uint8Array,
  apiVersion: string | undefined,
  revision: BigUint64Array | undefined,
): number {
  const version = objects.get(key);
  if (version === undefined) return 0;
  if (revision !== undefined) revision[0] = version.revision;
  const rendering = renderingOf(apiVersion);
  const length = renderedLength(version, rendering);
  return length > target.length ? -length : copyVersion(version, rendering, target, 0);
}

/** A list over a root, which holds the root by itself. */
export function openList(
  root: Root,
  query: ListQuery,
  fields: readonly string[],
  hold: HoldRoot,
): EngineList {
  const scope = new Scope(query, fields);
  return new JavaScriptList(root, query, scope, hold(root));
}
