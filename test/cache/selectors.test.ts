/** Selectors of ten thousand terms: each engine, and the storage, select what the terms say. */

import type { CacheListOptions } from '../../lib/cache/index.js';
import { MemoryStorage } from '../../lib/storage/index.js';
import {
  cacheTest,
  drain,
  fed,
  keys,
  standAlone,
  store,
  turn,
  type Widget,
  widget,
} from './fixture.js';

const COUNT = 10_000;

const many = (term: (index: number) => string): string =>
  Array.from({ length: COUNT }, (_, index) => term(index)).join(',');

const WIDGETS: readonly Widget[] = [
  widget('ns', 'a', { labels: { app: 'web', num: '20000', tier: 'x' }, color: 'red' }),
  widget('ns', 'b', { labels: { app: 'v7', num: '5' }, color: 'v7' }),
  widget('ns', 'k7', { labels: { k7: '', app: 'web' } }),
  widget('ns', 'z'),
];

interface Row {
  readonly says: string;
  readonly options: CacheListOptions;
  readonly names: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    says: 'keys that may not be there',
    options: { labelSelector: many((index) => `!k${index}`) },
    names: ['a', 'b', 'z'],
  },
  {
    says: 'values that may not be there, one by one',
    options: { labelSelector: many((index) => `app!=v${index}`) },
    names: ['a', 'k7', 'z'],
  },
  {
    says: 'values that may not be there, in a list',
    options: { labelSelector: `app notin (${many((index) => `v${index}`)})` },
    names: ['a', 'k7', 'z'],
  },
  {
    says: 'values of which one must be there',
    options: { labelSelector: `app in (${many((index) => `v${index}`)})` },
    names: ['b'],
  },
  {
    says: 'lists of values that have one in common',
    options: { labelSelector: many((index) => `app in (web,v${index})`) },
    names: ['a', 'k7'],
  },
  {
    says: 'bounds',
    options: { labelSelector: many((index) => `num>${index}`) },
    names: ['a'],
  },
  {
    says: 'keys that must all be there',
    options: { labelSelector: many((index) => `k${index}`) },
    names: [],
  },
  {
    says: 'a contradiction',
    options: { labelSelector: `${many((index) => `app!=v${index}`)},app=v7` },
    names: [],
  },
  {
    says: 'values that a field may not have',
    options: { fieldSelector: many((index) => `spec.color!=v${index}`) },
    names: ['a', 'k7', 'z'],
  },
  {
    says: 'names that may not be',
    options: { fieldSelector: many((index) => `metadata.name!=k${index}`) },
    names: ['a', 'b', 'z'],
  },
  {
    says: 'a value that a field must have, many times over',
    options: { fieldSelector: many(() => 'spec.color=red') },
    names: ['a'],
  },
  {
    says: 'values that no field can have at once',
    options: { fieldSelector: `${many(() => 'spec.color=red')},spec.color=v7` },
    names: [],
  },
  {
    says: 'a field that is not there, which is empty',
    options: { fieldSelector: many((index) => (index === 0 ? 'spec.color=' : 'spec.color!=x')) },
    names: ['k7', 'z'],
  },
];

const named = (list: Parameters<typeof keys>[0]): string[] =>
  keys(list).map((key) => key.replace(/^ns\/|@.*$/g, ''));

cacheTest('a list of ten thousand terms has what meets them all', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply(WIDGETS.map((object) => ({ type: 'put', object })));
  for (const { says, options, names } of ROWS) {
    t.deepEqual(named(await cache.list(options)), [...names], says);
    const page = await cache.list({ ...options, limit: 1 });
    t.deepEqual(named(page), names.slice(0, 1), says);
  }
});

cacheTest('the storage selects by ten thousand terms as the cache does', async (t, engine) => {
  const storage = new MemoryStorage();
  for (const object of WIDGETS) await store(storage, object);
  const resourceVersion = (await storage.committedRevision()).toString();
  await store(storage, widget('ns', 'zz'));
  const cache = fed(t, engine, storage);
  await cache.ready();
  for (const { says, options, names } of ROWS) {
    const list = await cache.list({ ...options, resourceVersion, resourceVersionMatch: 'Exact' });
    t.deepEqual(named(list), [...names], says);
  }
});

cacheTest('a watch of ten thousand terms is told of what meets them all', async (t, engine) => {
  const cache = standAlone(t, engine);
  for (const { says, options, names } of ROWS) {
    cache.replace([]);
    const stream = await cache.watch(options);
    const source = stream.source();
    cache.apply(WIDGETS.map((object) => ({ type: 'put', object })));
    await turn();
    const added = drain(source).map((event) => event.replace(/^ADDED ns\/|@.*$/g, ''));
    t.deepEqual(added, [...names], says);
    source.close();
  }
});
