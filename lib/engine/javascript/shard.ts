/**
 * Shards: the writers' side of the current state. A namespace hashes to a shard, which owns the
 * working tree of that namespace and counts what is in it.
 *
 * Invariants:
 *  1. All objects of a namespace are in one shard, at any time.
 *  2. After `publish` the directory holds exactly what the shards hold.
 *
 * On one thread shards gain nothing by themselves; they are here because the order of effects and
 * the counters are those of the native core, whose shards are written in parallel.
 */

import type { ObjectKey } from '../../object/index.js';
import { type DirectoryEdit, NO_OBJECTS } from './directory.js';
import type { IndexEdit, Indexes } from './object-index.js';
import type { Tree } from './tree.js';
import type { Version } from './version.js';

export class Shard {
  readonly #trees = new Map<string, Tree<Version>>();
  readonly #touched = new Set<string>();
  #bytes = 0;

  /** Number of namespaces that have an object, once all is published. */
  get namespaces(): number {
    return this.#trees.size;
  }

  /** Bytes of the current versions. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The object as it is, published or not. */
  get({ namespace, name }: ObjectKey): Version | undefined {
    return this.#trees.get(namespace)?.get(name);
  }

  /** Puts a version in its place and returns the one that was there. */
  put(version: Version): Version | undefined {
    let tree = this.#trees.get(version.namespace);
    if (tree === undefined) {
      tree = NO_OBJECTS.edit();
      this.#trees.set(version.namespace, tree);
    }
    const previous = tree.put(version);
    if (previous === undefined) version.ownName();
    else version.shareWith(previous);
    this.#bytes += version.length - (previous?.length ?? 0);
    this.#touched.add(version.namespace);
    return previous;
  }

  /** Removes an object and returns its version; `undefined` where there is none. */
  delete(key: ObjectKey): Version | undefined {
    const previous = this.#trees.get(key.namespace)?.delete(key.name);
    if (previous === undefined) return undefined;
    this.#bytes -= previous.length;
    this.#touched.add(key.namespace);
    return previous;
  }

  /** Brings what was touched into the directory. */
  publish(directory: DirectoryEdit): void {
    for (const namespace of this.#touched) {
      const tree = this.#trees.get(namespace)!;
      directory.set(namespace, tree.snapshot());
      if (tree.size === 0) this.#trees.delete(namespace);
    }
    this.#touched.clear();
  }
}

/** The shards of one cache, and the index over all of them. */
export class Shards {
  readonly #indexes: Indexes;
  #shards: readonly Shard[];
  #index: IndexEdit;

  constructor(count: number, indexes: Indexes) {
    this.#indexes = indexes;
    this.#shards = makeShards(count);
    this.#index = indexes.empty.edit();
  }

  get count(): number {
    return this.#shards.length;
  }

  get bytes(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.bytes, 0);
  }

  get namespaces(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.namespaces, 0);
  }

  /** Puts a version in its place and returns the one that was there. */
  put(version: Version): Version | undefined {
    const previous = this.#of(version.namespace).put(version);
    this.#index.change(previous, version);
    return previous;
  }

  /** Removes an object and returns its version; `undefined` where there is none. */
  delete(key: ObjectKey): Version | undefined {
    const previous = this.#of(key.namespace).delete(key);
    this.#index.change(previous, undefined);
    return previous;
  }

  /** The shard that a namespace belongs to. */
  #of(namespace: string): Shard {
    return this.#shards[hash(namespace) % this.#shards.length]!;
  }

  /** The object as it is, published or not. */
  get(key: ObjectKey): Version | undefined {
    return this.#of(key.namespace).get(key);
  }

  /** Brings everything that was touched into the directory. */
  publish(directory: DirectoryEdit): void {
    for (const shard of this.#shards) shard.publish(directory);
    directory.setIndex(this.#index.finish());
  }

  /** Forgets all objects. */
  clear(): void {
    this.#shards = makeShards(this.#shards.length);
    this.#index = this.#indexes.empty.edit();
  }
}

function makeShards(count: number): readonly Shard[] {
  return Array.from({ length: count }, () => new Shard());
}

// FNV-1a, 32 bits, over UTF-16 code units.
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
