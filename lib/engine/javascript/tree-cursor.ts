/**
 * Walks the items of a tree snapshot in key order.
 *
 * The nodes it walks are immutable (tree-node.ts, invariant 3), so a cursor stays valid however
 * long it rests and whatever is written meanwhile.
 */

import {
  type Branch,
  childIndex,
  Leaf,
  lowerBound,
  type TreeNode,
  type TreeShape,
} from './tree-node.js';

export class TreeCursor<Item> {
  // The branches above the leaf, and the child of each that is being walked.
  readonly #branches: Branch<Item>[] = [];
  readonly #indexes: number[] = [];
  #leaf: Leaf<Item>;
  #at: number;

  constructor(shape: TreeShape<Item>, root: TreeNode<Item>, start: string | undefined) {
    let node = root;
    while (!(node instanceof Leaf)) {
      const index = start === undefined ? 0 : childIndex(node, shape, start);
      this.#branches.push(node);
      this.#indexes.push(index);
      node = node.children[index]!;
    }
    this.#leaf = node;
    this.#at = start === undefined ? 0 : lowerBound(node, shape, start);
  }

  /** The next item, or `undefined` at the end. */
  next(): Item | undefined {
    while (this.#at >= this.#leaf.items.length) {
      if (!this.#nextLeaf()) return undefined;
    }
    return this.#leaf.items[this.#at++];
  }

  #nextLeaf(): boolean {
    let level = this.#branches.length - 1;
    while (level >= 0 && this.#indexes[level]! + 1 >= this.#branches[level]!.children.length)
      level--;
    if (level < 0) return false;
    this.#indexes[level]!++;
    let node = this.#branches[level]!.children[this.#indexes[level]!]!;
    while (!(node instanceof Leaf)) {
      this.#branches[++level] = node;
      this.#indexes[level] = 0;
      node = node.children[0]!;
    }
    this.#leaf = node;
    this.#at = 0;
    return true;
  }
}
