/**
 * All objects of one state: an ordered copy-on-write tree of namespaces, each with the tree of its
 * objects.
 *
 * Order is that of whole keys (`namespace/name` as UTF-8 bytes): namespaces compare with the slash
 * that follows them. Every level counts its objects, so ranks and sizes take O(log n) over all
 * namespaces too.
 *
 * A Directory is immutable; `DirectoryEdit` makes one from another, object by object.
 */

import { compareNamespaces, compareUtf8, type ObjectKey } from '../../object/index.js';
import type { IndexEdit, Indexes, ObjectIndex } from './object-index.js';
import { type Tree, TreeSnapshot } from './tree.js';
import type { TreeCursor } from './tree-cursor.js';
import type { TreeShape } from './tree-node.js';
import type { Version } from './version.js';

/** The objects of one namespace. A directory holds none that is empty. */
export interface NamespaceObjects {
  readonly namespace: string;
  readonly objects: TreeSnapshot<Version>;
}

const OBJECT_SHAPE: TreeShape<Version> = {
  keyOf: (version) => version.name,
  compare: compareUtf8,
  weightOf: () => 1,
};

const NAMESPACE_SHAPE: TreeShape<NamespaceObjects> = {
  keyOf: (entry) => entry.namespace,
  compare: compareNamespaces,
  weightOf: (entry) => entry.objects.size,
};

export const NO_OBJECTS: TreeSnapshot<Version> = TreeSnapshot.empty(OBJECT_SHAPE);

export class Directory {
  readonly #namespaces: TreeSnapshot<NamespaceObjects>;
  /** Finds the same objects by their values. */
  readonly index: ObjectIndex;

  constructor(namespaces: TreeSnapshot<NamespaceObjects>, index: ObjectIndex) {
    this.#namespaces = namespaces;
    this.index = index;
  }

  /** A directory without objects. */
  static empty(indexes: Indexes): Directory {
    return new Directory(TreeSnapshot.empty(NAMESPACE_SHAPE), indexes.empty);
  }

  /** Number of objects. */
  get count(): number {
    return this.#namespaces.weight;
  }

  /** The objects of a namespace; none where there is no such namespace. */
  objects(namespace: string): TreeSnapshot<Version> {
    return this.#namespaces.get(namespace)?.objects ?? NO_OBJECTS;
  }

  get(key: ObjectKey): Version | undefined {
    return this.objects(key.namespace).get(key.name);
  }

  /** Number of objects before the key. */
  rank(key: ObjectKey): number {
    return this.#namespaces.rank(key.namespace) + this.objects(key.namespace).rank(key.name);
  }

  /** The object that `rank` others come before. */
  select(rank: number): Version | undefined {
    const selection = this.#namespaces.select(rank);
    return selection?.item.objects.select(selection.offset)?.item;
  }

  /** The namespaces in order, from the first one not below `start`. */
  namespaces(start?: string): TreeCursor<NamespaceObjects> {
    return this.#namespaces.cursor(start);
  }

  edit(): DirectoryEdit {
    return new DirectoryEdit(this.#namespaces.edit(), this.index);
  }
}

/** A directory in the making. Its index follows object by object, or is set at once. */
export class DirectoryEdit {
  readonly #namespaces: Tree<NamespaceObjects>;
  // The namespaces that were touched since `finish`.
  readonly #trees = new Map<string, Tree<Version>>();
  #index: ObjectIndex;
  #indexEdit: IndexEdit | undefined;

  constructor(namespaces: Tree<NamespaceObjects>, index: ObjectIndex) {
    this.#namespaces = namespaces;
    this.#index = index;
  }

  /** Puts a version in its place and returns the one that was there. */
  put(version: Version): Version | undefined {
    const previous = this.#tree(version.namespace).put(version);
    this.#changeIndex(previous, version);
    return previous;
  }

  /** Removes an object and returns its version. */
  delete(key: ObjectKey): Version | undefined {
    const previous = this.#tree(key.namespace).delete(key.name);
    this.#changeIndex(previous, undefined);
    return previous;
  }

  /** Sets all objects of a namespace at once. */
  set(namespace: string, objects: TreeSnapshot<Version>): void {
    if (objects.size === 0) this.#namespaces.delete(namespace);
    else this.#namespaces.put({ namespace, objects });
  }

  /** Sets the whole index, for objects that were set at once. */
  setIndex(index: ObjectIndex): void {
    this.#index = index;
  }

  /** The state that was made. The edit can go on from it. */
  finish(): Directory {
    for (const [namespace, tree] of this.#trees) this.set(namespace, tree.snapshot());
    this.#trees.clear();
    if (this.#indexEdit !== undefined) this.#index = this.#indexEdit.finish();
    return new Directory(this.#namespaces.snapshot(), this.#index);
  }

  #changeIndex(previous: Version | undefined, version: Version | undefined): void {
    if (this.#index.indexes.count === 0) return;
    this.#indexEdit ??= this.#index.edit();
    this.#indexEdit.change(previous, version);
  }

  #tree(namespace: string): Tree<Version> {
    let tree = this.#trees.get(namespace);
    if (tree === undefined) {
      tree = (this.#namespaces.get(namespace)?.objects ?? NO_OBJECTS).edit();
      this.#trees.set(namespace, tree);
    }
    return tree;
  }
}
