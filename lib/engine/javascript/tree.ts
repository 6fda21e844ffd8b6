/**
 * An ordered copy-on-write tree: `Tree` is the working state of one writer, `TreeSnapshot` the
 * immutable state at one moment.
 *
 * Invariants:
 *  1. A snapshot costs nothing but its handle, whatever the size of the tree, and never changes.
 *  2. Between two snapshots an edit copies a node at most once: what it copied carries its token
 *     and is changed in place from then on. `snapshot` takes a new token, and so gives all nodes
 *     away.
 *  3. Lookup, put, delete, rank and select take O(log n).
 *
 * Owner: a Tree belongs to its shard, or to whoever rebuilds an older state. Snapshots are
 * anybody's.
 */

import { TreeCursor } from './tree-cursor.js';
import {
  Branch,
  childIndex,
  type EditToken,
  findItem,
  Leaf,
  lowerBound,
  makeBranch,
  makeLeaf,
  NODE_SIZE_MAX,
  NODE_SIZE_MIN,
  sizeOf,
  type TreeNode,
  type TreeShape,
} from './tree-node.js';

/** Where `select` found an item: `offset` is the position within the item's own weight. */
export interface Selection<Item> {
  readonly item: Item;
  readonly offset: number;
}

/** The state of a tree at one moment. */
export class TreeSnapshot<Item> {
  readonly #shape: TreeShape<Item>;
  readonly #root: TreeNode<Item>;
  /** Number of items. */
  readonly size: number;

  constructor(shape: TreeShape<Item>, root: TreeNode<Item>, size: number) {
    this.#shape = shape;
    this.#root = root;
    this.size = size;
  }

  /** A tree without items. */
  static empty<Item>(shape: TreeShape<Item>): TreeSnapshot<Item> {
    return new TreeSnapshot(shape, new Leaf<Item>({}, [], 0), 0);
  }

  /** Sum of the weights of all items. */
  get weight(): number {
    return this.#root.weight;
  }

  get(key: string): Item | undefined {
    return findItem(this.#root, this.#shape, key);
  }

  /** Sum of the weights of the items before `key`, whether or not `key` is there. */
  rank(key: string): number {
    let before = 0;
    let node = this.#root;
    while (node instanceof Branch) {
      const at = childIndex(node, this.#shape, key);
      for (let index = 0; index < at; index++) before += node.children[index]!.weight;
      node = node.children[at] as TreeNode<Item>;
    }
    const at = lowerBound(node, this.#shape, key);
    for (let index = 0; index < at; index++) {
      before += this.#shape.weightOf(node.items[index] as Item);
    }
    return before;
  }

  /** The item that covers position `rank` when all weights are laid end to end. */
  select(rank: number): Selection<Item> | undefined {
    if (rank < 0 || rank >= this.weight) return undefined;
    let offset = rank;
    let node = this.#root;
    while (node instanceof Branch) {
      let at = 0;
      while (offset >= node.children[at]!.weight) offset -= node.children[at++]!.weight;
      node = node.children[at] as TreeNode<Item>;
    }
    let at = 0;
    while (offset >= this.#shape.weightOf(node.items[at] as Item)) {
      offset -= this.#shape.weightOf(node.items[at++] as Item);
    }
    return { item: node.items[at] as Item, offset };
  }

  /** All items in order, from the first one that is not below `start`. */
  cursor(start?: string): TreeCursor<Item> {
    return new TreeCursor(this.#shape, this.#root, start);
  }

  /** A working tree that begins with this state and leaves it alone. */
  edit(): Tree<Item> {
    return new Tree(this.#shape, this.#root, this.size);
  }
}

/** A working tree: what one writer changes and takes snapshots of. */
export class Tree<Item> {
  readonly #shape: TreeShape<Item>;
  #root: TreeNode<Item>;
  #size: number;
  #token: EditToken = {};

  // What the innermost step of an edit leaves for the steps around it.
  #previous: Item | undefined;
  #weightChange = 0;
  #sibling: TreeNode<Item> | undefined;
  #siblingBound = '';

  constructor(shape: TreeShape<Item>, root: TreeNode<Item>, size: number) {
    this.#shape = shape;
    this.#root = root;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** The topmost node, for tests that look at the tree's shape. */
  get node(): TreeNode<Item> {
    return this.#root;
  }

  get(key: string): Item | undefined {
    return findItem(this.#root, this.#shape, key);
  }

  /** Adds the item or puts it in the place of the one with the same key, which is returned. */
  put(item: Item): Item | undefined {
    this.#previous = undefined;
    this.#sibling = undefined;
    const root = this.#insert(this.#root, this.#shape.keyOf(item), item);
    this.#root =
      this.#sibling === undefined
        ? root
        : makeBranch(this.#token, [root, this.#sibling], ['', this.#siblingBound]);
    if (this.#previous === undefined) this.#size++;
    return this.#takePrevious();
  }

  /** Removes the item of that key and returns it; a key that is not there changes nothing. */
  delete(key: string): Item | undefined {
    this.#previous = this.get(key);
    if (this.#previous === undefined) return undefined;
    this.#weightChange = -this.#shape.weightOf(this.#previous);
    let root = this.#remove(this.#root, key);
    while (root instanceof Branch && root.children.length === 1) root = root.children[0]!;
    this.#root = root;
    this.#size--;
    return this.#takePrevious();
  }

  /** The state as it is now. */
  snapshot(): TreeSnapshot<Item> {
    this.#token = {};
    return new TreeSnapshot(this.#shape, this.#root, this.#size);
  }

  #takePrevious(): Item | undefined {
    const previous = this.#previous;
    // Not kept here: it may be the last reference to an object that is gone.
    this.#previous = undefined;
    this.#sibling = undefined;
    return previous;
  }

  #insert(node: TreeNode<Item>, key: string, item: Item): TreeNode<Item> {
    if (node instanceof Leaf) return this.#insertItem(this.#ownLeaf(node), key, item);
    const branch = this.#ownBranch(node);
    const at = childIndex(branch, this.#shape, key);
    branch.children[at] = this.#insert(branch.children[at]!, key, item);
    branch.weight += this.#weightChange;
    const sibling = this.#sibling;
    if (sibling === undefined) return branch;
    branch.children.splice(at + 1, 0, sibling);
    branch.bounds.splice(at + 1, 0, this.#siblingBound);
    this.#sibling = undefined;
    if (branch.children.length > NODE_SIZE_MAX) this.#splitBranch(branch);
    return branch;
  }

  #insertItem(leaf: Leaf<Item>, key: string, item: Item): Leaf<Item> {
    const at = lowerBound(leaf, this.#shape, key);
    const present = leaf.items[at];
    this.#weightChange = this.#shape.weightOf(item);
    if (present !== undefined && this.#shape.keyOf(present) === key) {
      this.#previous = present;
      this.#weightChange -= this.#shape.weightOf(present);
      leaf.items[at] = item;
    } else {
      leaf.items.splice(at, 0, item);
    }
    leaf.weight += this.#weightChange;
    if (leaf.items.length > NODE_SIZE_MAX) this.#splitLeaf(leaf);
    return leaf;
  }

  #splitLeaf(leaf: Leaf<Item>): void {
    const sibling = makeLeaf(this.#token, leaf.items.splice(leaf.items.length >>> 1), this.#shape);
    leaf.weight -= sibling.weight;
    this.#sibling = sibling;
    this.#siblingBound = this.#shape.keyOf(sibling.items[0] as Item);
  }

  #splitBranch(branch: Branch<Item>): void {
    const middle = branch.children.length >>> 1;
    const bounds = branch.bounds.splice(middle);
    const sibling = makeBranch(this.#token, branch.children.splice(middle), bounds);
    branch.weight -= sibling.weight;
    this.#sibling = sibling;
    this.#siblingBound = bounds[0] as string;
  }

  #remove(node: TreeNode<Item>, key: string): TreeNode<Item> {
    if (node instanceof Leaf) {
      const leaf = this.#ownLeaf(node);
      leaf.items.splice(lowerBound(leaf, this.#shape, key), 1);
      leaf.weight += this.#weightChange;
      return leaf;
    }
    const branch = this.#ownBranch(node);
    const at = childIndex(branch, this.#shape, key);
    const child = this.#remove(branch.children[at]!, key);
    branch.children[at] = child;
    branch.weight += this.#weightChange;
    if (sizeOf(child) < NODE_SIZE_MIN && branch.children.length > 1) {
      this.#join(branch, at === 0 ? 0 : at - 1);
    }
    return branch;
  }

  /**
   * Makes one node of the children `at` and `at + 1`, or two even ones where one would overflow.
   */
  #join(branch: Branch<Item>, at: number): void {
    const left = branch.children[at]!;
    const right = branch.children[at + 1]!;
    const [joined, bound] =
      left instanceof Leaf && right instanceof Leaf
        ? this.#joinLeaves(left, right)
        : this.#joinBranches(
            left as Branch<Item>,
            right as Branch<Item>,
            branch.bounds[at + 1] as string,
          );
    branch.children.splice(at, 2, ...joined);
    if (bound === undefined) branch.bounds.splice(at + 1, 1);
    else branch.bounds[at + 1] = bound;
  }

  #joinLeaves(left: Leaf<Item>, right: Leaf<Item>): [TreeNode<Item>[], string | undefined] {
    const items = [...left.items, ...right.items];
    if (items.length <= NODE_SIZE_MAX) {
      return [[new Leaf(this.#token, items, left.weight + right.weight)], undefined];
    }
    const upper = items.splice(items.length >>> 1);
    return [
      [makeLeaf(this.#token, items, this.#shape), makeLeaf(this.#token, upper, this.#shape)],
      this.#shape.keyOf(upper[0] as Item),
    ];
  }

  #joinBranches(
    left: Branch<Item>,
    right: Branch<Item>,
    bound: string,
  ): [TreeNode<Item>[], string | undefined] {
    const children = [...left.children, ...right.children];
    const bounds = [...left.bounds, bound, ...right.bounds.slice(1)];
    if (children.length <= NODE_SIZE_MAX) {
      return [[makeBranch(this.#token, children, bounds)], undefined];
    }
    const middle = children.length >>> 1;
    const upper = makeBranch(this.#token, children.splice(middle), bounds.splice(middle));
    return [[makeBranch(this.#token, children, bounds), upper], upper.bounds[0]];
  }

  #ownLeaf(leaf: Leaf<Item>): Leaf<Item> {
    if (leaf.owner === this.#token) return leaf;
    return new Leaf(this.#token, leaf.items.slice(), leaf.weight);
  }

  #ownBranch(branch: Branch<Item>): Branch<Item> {
    if (branch.owner === this.#token) return branch;
    return new Branch(this.#token, branch.children.slice(), branch.bounds.slice(), branch.weight);
  }
}
