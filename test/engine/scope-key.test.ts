import test from 'ava';

import type { EngineScope } from '../../lib/engine/index.js';
import { scopeKey } from '../../lib/engine/scope-key.js';
import type { ShardField } from '../../lib/object/index.js';

test('scopes that differ in the order of their terms alone have one key', (t) => {
  const app = { key: 'app', operator: 'In', values: ['x', 'y'] } as const;
  const tier = { key: 'tier', operator: 'Exists', values: [] } as const;
  const node = { path: 'spec.node', operator: 'Equals', value: 'n1' } as const;
  const name = { path: 'metadata.name', operator: 'NotEquals', value: 'w' } as const;
  t.is(
    scopeKey({ selector: { labels: [app, tier], fields: [node, name] } }),
    scopeKey({
      selector: { labels: [tier, { ...app, values: ['y', 'x'] }], fields: [name, node] },
    }),
  );
  t.is(scopeKey({}), scopeKey({ selector: { labels: [], fields: [] } }));
});

const DIFFERENT: readonly (readonly [string, EngineScope, EngineScope])[] = [
  ['every namespace and the empty one', {}, { namespace: '' }],
  ['a namespace and a name', { namespace: 'a' }, { name: 'a' }],
  ['namespaces and names of the same letters', place('ab', 'c'), place('a', 'bc')],
  ['a name and an apiVersion', { name: 'v1' }, { apiVersion: 'v1' }],
  ['one value and two', labels('In', ['a,b']), labels('In', ['a', 'b'])],
  ['values with delimiters of their own', labels('In', ['1:a']), labels('In', ['a', ''])],
  ['operators', labels('In', ['a']), labels('NotIn', ['a'])],
  ['a shard and everything', {}, shard('object.metadata.uid', 1n)],
  ['shards', shard('object.metadata.uid', 1n), shard('object.metadata.uid', 2n)],
  ['what shards go by', shard('object.metadata.uid', 1n), shard('object.metadata.namespace', 1n)],
];

for (const [title, left, right] of DIFFERENT) {
  test(`scopes that select or serve something else have another key: ${title}`, (t) => {
    t.not(scopeKey(left), scopeKey(right));
  });
}

function place(namespace: string, name: string): EngineScope {
  return { namespace, name };
}

function shard(field: ShardField, end: bigint): EngineScope {
  return { selector: { labels: [], fields: [], shard: { field, ranges: [{ start: 0n, end }] } } };
}

function labels(operator: 'In' | 'NotIn', values: readonly string[]): EngineScope {
  return { selector: { labels: [{ key: 'app', operator, values }], fields: [] } };
}
