/**
 * Shards of lists and watches: objects with uids in every form, divided at random. All shards
 * together have every object once, in pages and in initial events too, and a watch of one is told
 * of what comes into it and leaves it.
 */

import fc from 'fast-check';

import type { EngineCache, EngineScope } from '../../lib/engine/index.js';
import { isInShard, type ShardField, type ShardSelector } from '../../lib/object/index.js';
import { engineTest } from './engines.js';
import { drainAll, listKeys, remove } from './widget.js';

const NAMESPACES = ['', 'a', 'b-c', 'é'];
const OBJECTS = 40;
const ALL = 2n ** 64n;

interface Thing {
  readonly namespace: string;
  readonly name: string;
  /** Absent: none. */
  readonly uid: string | undefined;
  readonly app: string;
}

/** With members around the uid that a reader of it has to pass. */
function source({ namespace, name, uid, app }: Thing): Uint8Array {
  const metadata = {
    name,
    ...(namespace === '' ? {} : { namespace }),
    labels: { app },
    resourceVersion: '7',
    selfLink: '/a"b\\',
    tags: [{ uid: 'inner' }, ['}', null, -1.5]],
    ...(uid === undefined ? {} : { uid }),
    zone: true,
  };
  return Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Thing', metadata }));
}

const thing: fc.Arbitrary<Thing> = fc.record({
  namespace: fc.constantFrom(...NAMESPACES),
  name: fc.integer({ min: 0, max: OBJECTS }).map((number) => `t-${number}`),
  uid: fc.option(fc.uuid(), { nil: undefined, freq: 6 }),
  app: fc.constantFrom('x', 'y'),
});

/** Shards that have everything between them. */
const shards: fc.Arbitrary<readonly ShardSelector[]> = fc
  .record({
    field: fc.constantFrom<ShardField>('object.metadata.uid', 'object.metadata.namespace'),
    cuts: fc.uniqueArray(fc.bigInt({ min: 1n, max: ALL - 1n }), { maxLength: 5 }),
    count: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ field, cuts, count }) => {
    const bounds = [0n, ...cuts.sort((a, b) => (a < b ? -1 : 1)), ALL];
    const ranges = bounds.slice(1).map((end, index) => ({ start: bounds[index]!, end }));
    return Array.from({ length: count }, (_, shard) => ({
      field,
      ranges: ranges.filter((_range, index) => index % count === shard),
    })).filter((selector) => selector.ranges.length > 0);
  });

function scopeOf(shard: ShardSelector, rest: Partial<EngineScope> = {}): EngineScope {
  return { ...rest, selector: { labels: [], fields: [], ...rest.selector, shard } };
}

function pagesOf(cache: EngineCache, scope: EngineScope): readonly string[] {
  const keys: string[] = [];
  for (let start: { namespace: string; name: string } | undefined; ;) {
    const list = cache.list({ ...scope, limit: 3, ...(start === undefined ? {} : { start }) });
    const { last, remaining } = list;
    if (remaining !== undefined) throw new Error('what follows is not counted');
    keys.push(...listKeys(list));
    if (last === undefined) return keys;
    start = { namespace: last.namespace, name: `${last.name}\0` };
  }
}

engineTest('shards divide the objects of lists and initial events', (t, engine) => {
  fc.assert(
    fc.property(fc.array(thing, { maxLength: 60 }), shards, (things, selectors) => {
      const cache = engine.create();
      const objects = new Map<string, Thing>();
      things.forEach((each, index) => {
        const { namespace, name } = each;
        const revision = BigInt(index + 1);
        cache.apply([{ type: 'put', namespace, name, object: source(each), revision }]);
        objects.set(`${namespace}/${name}`, each);
      });
      const app: EngineScope = {
        namespace: 'a',
        selector: { labels: [{ key: 'app', operator: 'In', values: ['x'] }], fields: [] },
      };
      const found: string[] = [];
      for (const shard of selectors) {
        const valueOf = ({ namespace, uid = '' }: Thing): string =>
          shard.field === 'object.metadata.uid' ? uid : namespace;
        const keys = listKeys(cache.list(scopeOf(shard)));
        found.push(...keys);
        t.true(keys.every((key) => isInShard(shard, valueOf(objects.get(key)!))));
        t.deepEqual(pagesOf(cache, scopeOf(shard)), keys);
        const watch = cache.watch({ ...scopeOf(shard), from: { type: 'state' }, wake: () => {} });
        t.deepEqual(
          drainAll(watch).map((event) => event.split(' ')[1]),
          keys,
        );
        watch.close();
        t.deepEqual(
          listKeys(cache.list(scopeOf(shard, app))),
          keys.filter((key) => {
            const { namespace, app: value } = objects.get(key)!;
            return namespace === 'a' && value === 'x';
          }),
        );
      }
      const all = listKeys(cache.list({}));
      t.deepEqual([...found].sort(), [...all].sort());
      cache.close();
    }),
    { numRuns: 40 },
  );
});

engineTest(
  'a watch of a shard is told of its objects alone, and of what changes sides',
  (t, engine) => {
    const cache = engine.create();
    const upper = 'a';
    const lower = 'foobar';
    const field = 'object.metadata.uid';
    const shard: ShardSelector = { field, ranges: [{ start: 0x90n << 56n, end: ALL }] };
    t.deepEqual(
      [upper, lower].map((uid) => isInShard(shard, uid)),
      [true, false],
    );
    const watch = cache.watch({
      ...scopeOf(shard),
      from: { type: 'after', revision: 0n },
      wake: () => {},
    });
    const replayed = (): string[] =>
      drainAll(
        cache.watch({ ...scopeOf(shard), from: { type: 'after', revision: 0n }, wake: () => {} }),
      );
    const put = (name: string, uid: string, revision: bigint): void => {
      const object = source({ namespace: 'a', name, uid, app: 'x' });
      cache.apply([{ type: 'put', namespace: 'a', name, object, revision }]);
    };
    put('one', upper, 1n);
    put('two', lower, 2n);
    put('one', upper, 3n);
    put('one', lower, 4n);
    put('two', upper, 5n);
    cache.apply([remove('a', 'one', 6n), remove('a', 'two', 7n)]);
    const events = [
      'ADDED a/one 1',
      'MODIFIED a/one 3',
      'DELETED a/one 4',
      'ADDED a/two 5',
      'DELETED a/two 7',
    ];
    t.deepEqual(drainAll(watch), events);
    t.deepEqual(replayed(), events);
    cache.close();
  },
);
