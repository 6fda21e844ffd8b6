/** When two lists are the same document, and when nobody can ask for one any more. */

import type { CacheListOptions, WatchCache } from '../../lib/cache/index.js';
import type { BodyIdentity } from '../../lib/request/index.js';
import { MemoryStorage } from '../../lib/storage/index.js';
import { cacheTest, fed, pullText, standAlone, store, type Widget, widget } from './fixture.js';

const NAMES = ['a', 'b', 'c'];

function filled(cache: WatchCache<Widget>): void {
  for (const name of NAMES) {
    cache.apply({ type: 'put', object: widget('ns', name, { labels: { tier: 'x', app: name } }) });
  }
}

async function identity(
  cache: WatchCache<Widget>,
  options: CacheListOptions = {},
  kind = 'WidgetList',
): Promise<BodyIdentity | undefined> {
  const body = (await cache.list(options)).body(kind, 'example.com/v1');
  const found = body.identity?.();
  body.close();
  return found;
}

const keyOf = async (...asked: Parameters<typeof identity>): Promise<string> =>
  (await identity(...asked))!.key;

const OPTIONS: readonly CacheListOptions[] = [
  {},
  { limit: 1 },
  { limit: 2 },
  { namespace: 'ns' },
  { namespace: 'other' },
  { apiVersion: 'example.com/v2' },
  { labelSelector: 'tier=x' },
  { labelSelector: 'tier!=x' },
  { labelSelector: 'app in (a,b)' },
  { fieldSelector: 'metadata.name=a' },
  { fieldSelector: 'metadata.namespace=ns' },
  { fieldSelector: 'spec.color=red' },
  { resourceVersion: '2', resourceVersionMatch: 'Exact' },
  { resourceVersion: '2', limit: 1 },
];

cacheTest('each list is one document, and those of other options are others', async (t, engine) => {
  const cache = standAlone(t, engine);
  filled(cache);
  const keys: string[] = [];
  for (const options of OPTIONS) keys.push(await keyOf(cache, options));
  t.is(new Set(keys).size, keys.length);
  for (const [index, options] of OPTIONS.entries()) t.is(await keyOf(cache, options), keys[index]!);
  t.not(await keyOf(cache, {}, 'GadgetList'), keys[0]);
  const first = await cache.list({ limit: 1 });
  const { continue: token = '' } = first;
  const next = { limit: 1, continue: token };
  first.close();
  t.false(keys.includes(await keyOf(cache, next)));
});

cacheTest('what asks for the same in other words is the same document', async (t, engine) => {
  const cache = standAlone(t, engine);
  filled(cache);
  const same: readonly (readonly CacheListOptions[])[] = [
    [{}, { resourceVersion: '0' }, { resourceVersion: '1' }, { resourceVersion: '0', limit: 1 }],
    [{ limit: 2 }, { limit: 2, resourceVersion: '4' }],
    [{ labelSelector: 'tier=x,app=a' }, { labelSelector: 'app==a, tier in (x)' }],
    [{ labelSelector: 'app in (a,b)' }, { labelSelector: 'app in (b,a)' }],
    [{}, { resourceVersion: '4', resourceVersionMatch: 'Exact' }],
  ];
  for (const group of same) {
    const keys = await Promise.all(group.map((options) => keyOf(cache, options)));
    t.is(new Set(keys).size, 1, JSON.stringify(group));
    const texts = await Promise.all(
      group.map(async (options) => pullText((await cache.list(options)).body('WidgetList', 'v1'))),
    );
    t.is(new Set(texts).size, 1, JSON.stringify(group));
  }
});

cacheTest('a write makes another document; the one before can still be had', async (t, engine) => {
  const cache = standAlone(t, engine);
  filled(cache);
  const before = await identity(cache);
  cache.apply({ type: 'put', object: widget('ns', 'd') });
  t.not(await keyOf(cache), before!.key);
  t.false(before!.isGone());
  const exact = { resourceVersion: '4', resourceVersionMatch: 'Exact' } as const;
  t.is(await keyOf(cache, exact), before!.key);
});

cacheTest('a document that history no longer has is gone', async (t, engine) => {
  const cache = standAlone(t, engine, { history: { entriesMin: 2, entriesMax: 2 } });
  filled(cache);
  const before = (await identity(cache))!;
  for (let count = 0; count < 2; count++) {
    t.false(before.isGone());
    cache.apply({ type: 'put', object: widget('ns', 'a', { value: count }) });
  }
  cache.apply({ type: 'put', object: widget('ns', 'a', { value: 3 }) });
  t.true(before.isGone());
});

cacheTest('a new state is another document, also at the same revision', async (t, engine) => {
  const cache = standAlone(t, engine);
  filled(cache);
  const list = await cache.list();
  const before = (await identity(cache))!;
  cache.replace([widget('ns', 'z')], { resourceVersion: '5' });
  t.true(before.isGone());
  t.is(list.body('WidgetList', 'v1').identity?.(), undefined);
  t.not(await keyOf(cache), before.key);
  const later = (await identity(cache))!;
  await cache.close();
  t.true(later.isGone());
});

cacheTest('documents of two caches are two', async (t, engine) => {
  const [one, other] = [standAlone(t, engine), standAlone(t, engine)];
  filled(one);
  filled(other);
  t.not(await keyOf(one), await keyOf(other));
});

cacheTest('what the storage answers is no document that comes again', async (t, engine) => {
  const storage = new MemoryStorage();
  for (const name of NAMES) await store(storage, widget('ns', name));
  const cache = fed(t, engine, storage);
  await cache.ready();
  t.truthy(await identity(cache));
  const exact = { resourceVersion: '3', resourceVersionMatch: 'Exact' } as const;
  t.is(await identity(cache, exact), undefined);
  const table = await cache.list();
  t.deepEqual(
    Array.from(table.objects(), ({ name }) => name),
    NAMES,
  );
});
