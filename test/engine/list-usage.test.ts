/**
 * What lists cost, counted in objects that are looked at: a page costs the page, wherever it
 * stands, whatever its revision, and however many objects there are beside it.
 */

import type { EngineCache, EngineList, ListQuery, ListUsage } from '../../lib/engine/index.js';
import { engineTest, type TestEngine } from './engines.js';
import { put } from './widget.js';

const NAMESPACES = 10;
const SIZES = [1_000, 20_000] as const;
const RARE = 7;
const LIMIT = 20;

const nameOf = (index: number): string => `w-${String(index).padStart(6, '0')}`;

/** Widgets `w-000000` on, round the namespaces `ns-0` to `ns-9`; a few are on the node `rare`. */
function filled(engine: TestEngine, size: number): EngineCache {
  const cache = engine.create({ indexes: { fields: ['spec.node'], labels: ['tier'] } });
  for (let index = 0; index < size; index++) {
    const isRare = index % Math.floor(size / RARE) === 0 && index > 0;
    const widget = {
      namespace: `ns-${index % NAMESPACES}`,
      name: nameOf(index),
      node: isRare ? 'rare' : 'common',
      labels: { tier: isRare ? 'gold' : 'none', app: `app-${index % 5}` },
    };
    cache.apply([put(widget, BigInt(index + 1))]);
  }
  return cache;
}

function usageOf(list: EngineList): ListUsage {
  while (list.readInto(new Uint8Array(1024 * 1024)) !== 0);
  list.close();
  return list.usage;
}

const start = (size: number, at: number): ListQuery => ({
  start: { namespace: `ns-${at}`, name: nameOf(Math.floor(size / 4)) },
});

for (const [title, query] of [
  ['the first page', () => ({})],
  ['a page in the middle', (size: number) => start(size, 4)],
  ['a page of a namespace', (size: number) => ({ ...start(size, 4), namespace: 'ns-4' })],
] as const) {
  engineTest(`${title} costs the page at any size and revision`, (t, engine) => {
    for (const size of SIZES) {
      const cache = filled(engine, size);
      const page = { ...query(size), limit: LIMIT };
      const expected = { index: '', fetched: LIMIT, returned: LIMIT };
      t.deepEqual(usageOf(cache.list(page)), expected);
      for (const age of [1n, 300n, 499n]) {
        const root = cache.root(BigInt(size) - age);
        t.deepEqual(usageOf(root.list(page)), expected, `${age} events ago`);
        root.close();
      }
      cache.close();
    }
  });
}

engineTest('what an index finds costs what is found', (t, engine) => {
  for (const size of SIZES) {
    const cache = filled(engine, size);
    const byNode: ListQuery = {
      selector: { labels: [], fields: [{ path: 'spec.node', operator: 'Equals', value: 'rare' }] },
    };
    const byTier: ListQuery = {
      selector: { labels: [{ key: 'tier', operator: 'In', values: ['gold'] }], fields: [] },
    };
    const { returned } = usageOf(cache.list(byNode));
    t.true(returned >= RARE - 1 && returned <= RARE + 1);
    t.deepEqual(usageOf(cache.list(byNode)), { index: 'f:spec.node', fetched: returned, returned });
    t.deepEqual(usageOf(cache.list(byTier)), { index: 'l:tier', fetched: returned, returned });
    const page = usageOf(cache.list({ ...byNode, limit: 2 }));
    t.deepEqual(page, { index: 'f:spec.node', fetched: 3, returned: 2 }, 'and one that follows');
    const root = cache.root(BigInt(size) - 100n);
    t.is(usageOf(root.list(byNode)).fetched, usageOf(root.list(byNode)).returned);
    root.close();
    cache.close();
  }
});

engineTest('what is looked at in vain is counted, too', (t, engine) => {
  const cache = filled(engine, 1_000);
  const app: ListQuery = {
    selector: { labels: [{ key: 'app', operator: 'In', values: ['app-3'] }], fields: [] },
  };
  const usage = usageOf(cache.list(app));
  t.is(usage.index, '');
  t.is(usage.returned, 200);
  // One engine passes over most of the others by their signatures.
  t.true(usage.fetched >= 200 && usage.fetched <= 1_000);
  const every: ListQuery = {
    selector: { labels: [{ key: 'app', operator: 'Exists', values: [] }], fields: [] },
  };
  t.deepEqual(usageOf(cache.list(every)), { index: '', fetched: 1_000, returned: 1_000 });
});

engineTest('usage is told as it goes, and of lists that are closed early', (t, engine) => {
  const cache = filled(engine, 1_000);
  const list = cache.list({});
  t.deepEqual([list.usage.returned, list.usage.fetched], [0, 0]);
  t.is(list.readObjects(30).length, 30);
  t.is(list.usage.returned, 30);
  t.true(list.usage.fetched <= 31);
  list.read(1);
  t.is(list.usage.returned, 31);
  list.close();
  t.is(list.usage.returned, 31);
});
