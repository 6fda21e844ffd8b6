/**
 * The nodes of the ordered tree (tree.ts): a B+-tree whose items are in the leaves.
 *
 *              [ – | m ]            a branch: lower bounds of its children, the first one unused
 *              /       \
 *        [a c f]       [m p x]      leaves: items in key order
 *
 * Invariants:
 *  1. A bound is above every key of the children before it and not above any key of its own child.
 *     It need not be a key that exists.
 *  2. `weight` is the sum of the weights of all items below the node.
 *  3. A node is changed only by the edit that owns it; every other node is immutable for ever.
 *  4. Nodes hold NODE_SIZE_MIN to NODE_SIZE_MAX entries, the root excepted.
 */

/**
 * Entries of a node. A write copies one node a level: 64 keeps 10^5 objects in four levels, so that
 * a version of the tree costs about 2 KiB.
 */
export const NODE_SIZE_MAX = 64;

/** Below this a node is joined with its neighbour. A quarter, so that nodes do not flap. */
export const NODE_SIZE_MIN: number = NODE_SIZE_MAX / 4;

/** How a tree reads its items: their key, the order of keys, and what an item counts for. */
export interface TreeShape<Item> {
  keyOf(item: Item): string;
  compare(left: string, right: string): number;
  weightOf(item: Item): number;
}

/** Identity of the edit that may change a node in place. */
export type EditToken = object;

export class Leaf<Item> {
  readonly owner: EditToken;
  readonly items: Item[];
  weight: number;

  constructor(owner: EditToken, items: Item[], weight: number) {
    this.owner = owner;
    this.items = items;
    this.weight = weight;
  }
}

export class Branch<Item> {
  readonly owner: EditToken;
  readonly children: TreeNode<Item>[];
  readonly bounds: string[];
  weight: number;

  constructor(owner: EditToken, children: TreeNode<Item>[], bounds: string[], weight: number) {
    this.owner = owner;
    this.children = children;
    this.bounds = bounds;
    this.weight = weight;
  }
}

export type TreeNode<Item> = Leaf<Item> | Branch<Item>;

/** Number of entries: items of a leaf, children of a branch. */
export function sizeOf<Item>(node: TreeNode<Item>): number {
  return node instanceof Leaf ? node.items.length : node.children.length;
}

/** Index of the first item whose key is not below `key`; the leaf's size where there is none. */
export function lowerBound<Item>(leaf: Leaf<Item>, shape: TreeShape<Item>, key: string): number {
  let low = 0;
  let high = leaf.items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (shape.compare(shape.keyOf(leaf.items[middle] as Item), key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the child under which `key` belongs. */
export function childIndex<Item>(
  branch: Branch<Item>,
  shape: TreeShape<Item>,
  key: string,
): number {
  let low = 1;
  let high = branch.bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (shape.compare(branch.bounds[middle] as string, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The item of that key, or `undefined`. */
export function findItem<Item>(
  root: TreeNode<Item>,
  shape: TreeShape<Item>,
  key: string,
): Item | undefined {
  let node = root;
  while (node instanceof Branch)
    node = node.children[childIndex(node, shape, key)] as TreeNode<Item>;
  const item = node.items[lowerBound(node, shape, key)];
  return item !== undefined && shape.keyOf(item) === key ? item : undefined;
}

/** A leaf of these items. */
export function makeLeaf<Item>(
  owner: EditToken,
  items: Item[],
  shape: TreeShape<Item>,
): Leaf<Item> {
  let weight = 0;
  for (const item of items) weight += shape.weightOf(item);
  return new Leaf(owner, items, weight);
}

/** A branch of these children. */
export function makeBranch<Item>(
  owner: EditToken,
  children: TreeNode<Item>[],
  bounds: string[],
): Branch<Item> {
  let weight = 0;
  for (const child of children) weight += child.weight;
  return new Branch(owner, children, bounds, weight);
}
