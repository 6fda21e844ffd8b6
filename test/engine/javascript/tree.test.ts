import assert from 'node:assert/strict';

import test from 'ava';
import fc from 'fast-check';

import {
  Branch,
  Leaf,
  NODE_SIZE_MAX,
  NODE_SIZE_MIN,
} from '../../../lib/engine/javascript/tree-node.js';
import type { TreeNode, TreeShape } from '../../../lib/engine/javascript/tree-node.js';
import { type Tree, TreeSnapshot } from '../../../lib/engine/javascript/tree.js';
import { compareUtf8 } from '../../../lib/object/index.js';

interface Item {
  readonly key: string;
  readonly weight: number;
}

const shape: TreeShape<Item> = {
  keyOf: (item) => item.key,
  compare: compareUtf8,
  weightOf: (item) => item.weight,
};

type Edit =
  | { readonly type: 'put'; readonly key: number; readonly weight: number }
  | { readonly type: 'delete'; readonly key: number }
  | { readonly type: 'delete-range'; readonly key: number; readonly count: number }
  | { readonly type: 'snapshot' };

const KEYS = 600;
const key = fc.nat(KEYS - 1);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('put' as const), key, weight: fc.nat(3) }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('delete-range' as const),
      key,
      count: fc.nat(200),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'snapshot' as const }) },
);

function keyText(number: number): string {
  // Some keys are beyond the basic plane, some just below it.
  const prefix = number % 7 === 0 ? '😀' : number % 11 === 0 ? '\uffee' : 'k';
  return `${prefix}${number}`;
}

function itemsOf(tree: TreeSnapshot<Item>, start?: string): Item[] {
  const cursor = tree.cursor(start);
  const items: Item[] = [];
  for (let item = cursor.next(); item !== undefined; item = cursor.next()) items.push(item);
  assert.equal(cursor.next(), undefined, 'the end is for ever');
  return items;
}

function sorted(model: ReadonlyMap<string, Item>): Item[] {
  return [...model.values()].sort((left, right) =>
    Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)),
  );
}

function check(tree: TreeSnapshot<Item>, model: ReadonlyMap<string, Item>): void {
  const items = sorted(model);
  assert.equal(tree.size, items.length);
  assert.deepEqual(itemsOf(tree), items);
  let before = 0;
  for (const item of items) {
    assert.equal(tree.get(item.key), item);
    assert.equal(tree.rank(item.key), before);
    for (let offset = 0; offset < item.weight; offset++) {
      assert.deepEqual(tree.select(before + offset), { item, offset });
    }
    before += item.weight;
  }
  assert.equal(tree.weight, before);
  assert.equal(tree.select(before), undefined);
  assert.equal(tree.select(-1), undefined);
  assert.equal(tree.get('nobody'), undefined);
}

function applyEdit(edit: Edit, tree: Tree<Item>, model: Map<string, Item>): void {
  if (edit.type === 'put') {
    const item = { key: keyText(edit.key), weight: edit.weight };
    assert.equal(tree.put(item), model.get(item.key));
    model.set(item.key, item);
  } else if (edit.type !== 'snapshot') {
    const count = edit.type === 'delete' ? 1 : edit.count;
    for (let number = edit.key; number < edit.key + count; number++) {
      const text = keyText(number);
      assert.equal(tree.delete(text), model.get(text));
      model.delete(text);
    }
  }
}

test('a tree holds what a map holds, in order, and its snapshots never change', (t) => {
  fc.assert(
    fc.property(fc.nat(KEYS), fc.array(edit, { maxLength: 120, size: 'max' }), (loaded, edits) => {
      const tree = TreeSnapshot.empty(shape).edit();
      const model = new Map<string, Item>();
      for (let number = 0; number < loaded; number++) {
        applyEdit({ type: 'put', key: (number * 131) % KEYS, weight: 1 }, tree, model);
      }
      const kept: [TreeSnapshot<Item>, ReadonlyMap<string, Item>][] = [];
      for (const step of edits) {
        applyEdit(step, tree, model);
        if (step.type === 'snapshot') kept.push([tree.snapshot(), new Map(model)]);
        assert.equal(tree.size, model.size);
      }
      kept.push([tree.snapshot(), model]);
      for (const [snapshot, state] of kept) check(snapshot, state);
    }),
    { numRuns: 40 },
  );
  t.pass();
});

test('an edit of a snapshot leaves the snapshot and the tree that it came from alone', (t) => {
  const tree = TreeSnapshot.empty(shape).edit();
  for (let number = 0; number < 500; number++) tree.put({ key: keyText(number), weight: 1 });
  const snapshot = tree.snapshot();
  const other = snapshot.edit();
  for (let number = 0; number < 500; number += 2) other.delete(keyText(number));
  tree.put({ key: 'new', weight: 1 });
  t.is(itemsOf(snapshot).length, 500);
  t.is(itemsOf(other.snapshot()).length, 250);
  t.is(itemsOf(tree.snapshot()).length, 501);
});

test('a cursor begins at the first key that is not below its start', (t) => {
  const tree = TreeSnapshot.empty(shape).edit();
  const keys = Array.from(
    { length: 300 },
    (_, number) => `k${String(2 * number).padStart(4, '0')}`,
  );
  for (const text of keys) tree.put({ key: text, weight: 1 });
  const snapshot = tree.snapshot();
  for (let number = 0; number <= 600; number++) {
    const start = `k${String(number).padStart(4, '0')}`;
    const expected = keys.filter((text) => text >= start);
    t.is(itemsOf(snapshot, start).length, expected.length);
    t.is(snapshot.cursor(start).next()?.key, expected[0]);
    t.is(snapshot.rank(start), keys.length - expected.length);
  }
});

test('nodes stay within their limits, whatever the order of puts and deletes', (t) => {
  const sizes = (node: TreeNode<Item>, isRoot: boolean): number => {
    const size = node instanceof Leaf ? node.items.length : node.children.length;
    if (size > NODE_SIZE_MAX || (!isRoot && size < NODE_SIZE_MIN)) t.fail(`a node of ${size}`);
    if (node instanceof Leaf) return 1;
    const depths = node.children.map((child) => sizes(child, false));
    t.is(new Set(depths).size, 1, 'all leaves are at one depth');
    return depths[0]! + 1;
  };
  for (const step of [1, 7, 4999]) {
    const tree = TreeSnapshot.empty(shape).edit();
    for (let number = 0; number < 5000; number++) {
      tree.put({ key: `k${(number * step) % 5000}`, weight: 1 });
    }
    t.true(sizes(tree.node, true) <= 3);
    for (let number = 0; number < 4990; number++) tree.delete(`k${(number * 3) % 5000}`);
    t.is(sizes(tree.node, true), 1);
  }
});

test('one write after a snapshot copies one path and no more', (t) => {
  const tree = TreeSnapshot.empty(shape).edit();
  for (let number = 0; number < 100_000; number++) tree.put({ key: `k${number}`, weight: 1 });
  const before = nodesOf(tree.node);
  tree.snapshot();
  tree.put({ key: 'k50000', weight: 1 });
  const after = nodesOf(tree.node);
  const copied = [...after].filter((node) => !before.has(node)).length;
  t.true(copied <= 4, `${copied} nodes were copied`);
});

function nodesOf(root: TreeNode<Item>): Set<TreeNode<Item>> {
  const nodes = new Set([root]);
  for (const node of nodes)
    if (node instanceof Branch) for (const child of node.children) nodes.add(child);
  return nodes;
}
