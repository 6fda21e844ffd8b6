/** What a list gives: scopes, pages, documents, and how it is read. */

import type { CacheListOptions } from '../../lib/cache/index.js';
import {
  cacheTest,
  fed,
  keys,
  pullText,
  rejects,
  standAlone,
  store,
  turn,
  widget,
} from './fixture.js';
import { GatedStorage } from './gated-storage.js';

cacheTest('a document is made of bytes: head, objects, newline', async (t, engine) => {
  const cache = standAlone(t, engine);
  const document = async (options: CacheListOptions, maxBytes?: number): Promise<string> =>
    pullText((await cache.list(options)).body('WidgetList', 'example.com/v1'), maxBytes);
  t.is(
    await document({}),
    '{"kind":"WidgetList","apiVersion":"example.com/v1",' +
      '"metadata":{"resourceVersion":"1"},"items":[]}\n',
  );
  cache.apply(['a', 'b', 'c'].map((name) => ({ type: 'put', object: widget('ns', name) })));
  const object = (name: string, revision: number): string =>
    '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"' +
    `${name}","namespace":"ns","resourceVersion":"${revision}"},"spec":{}}`;
  const page = await cache.list({ limit: 2 });
  const { continue: token } = page;
  t.is(
    pullText(page.body('WidgetList', 'example.com/v1')),
    '{"kind":"WidgetList","apiVersion":"example.com/v1",' +
      `"metadata":{"resourceVersion":"4","continue":"${token}","remainingItemCount":1},` +
      `"items":[${object('a', 2)},${object('b', 3)}]}\n`,
  );
  const whole = await document({});
  for (const maxBytes of [1, 100, 250]) t.is(await document({}, maxBytes), whole);
});

cacheTest('a document comes in chunks of 256 KiB at most', async (t, engine) => {
  const cache = standAlone(t, engine);
  const color = 'r'.repeat(1_000);
  cache.replace(Array.from({ length: 1_000 }, (_, index) => widget('ns', `w${index}`, { color })));
  const body = (await cache.list()).body('WidgetList', 'example.com/v1');
  t.false(body.flushHeaders);
  const sizes: number[] = [];
  let text = '';
  for (let pulled = body.pull(1 << 20); pulled.type === 'chunks'; pulled = body.pull(1 << 20)) {
    for (const chunk of pulled.chunks) {
      sizes.push(chunk.length);
      text += Buffer.from(chunk).toString();
    }
  }
  t.true(sizes.every((size) => size <= 256 * 1024));
  t.true(sizes.length < 8);
  t.is((JSON.parse(text) as { items: unknown[] }).items.length, 1_000);
  t.deepEqual(body.pull(1), { type: 'end' });
  let called = false;
  body.onReadable(() => void (called = true));
  await turn();
  t.true(called);
});

cacheTest('a document of a list that was given up ends', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  const { roots } = cache.stats();
  const body = (await cache.list()).body('WidgetList', 'example.com/v1');
  body.close();
  body.close();
  t.deepEqual(body.pull(100), { type: 'end' });
  t.is(cache.stats().roots, roots);
});

cacheTest('a kind that JSON would have to escape is refused', async (t, engine) => {
  const list = await standAlone(t, engine).list();
  for (const [kind, apiVersion] of [
    ['a"', 'v1'],
    ['A', 'v1"'],
    ['A', 'v\n'],
  ] as const) {
    t.throws(() => list.body(kind, apiVersion), { instanceOf: TypeError });
  }
  t.notThrows(() => list.body('A', 'v1'));
});

cacheTest('a list is read once, and lets its state go', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply(['a', 'b'].map((name) => ({ type: 'put', object: widget('ns', name) })));
  const { roots } = cache.stats();
  const list = await cache.list();
  t.deepEqual(
    list.items().map(({ metadata }) => metadata.name),
    ['a', 'b'],
  );
  const again: readonly (() => unknown)[] = [
    () => list.items(),
    () => list.objects(),
    () => list.body('WidgetList', 'v1'),
  ];
  for (const read of again) await rejects(t, read, 'closed');
  const left = await cache.list();
  for (const object of left.objects()) if (object.name === 'a') break;
  const closed = await cache.list();
  closed.close();
  closed[Symbol.dispose]();
  await rejects(t, () => closed.items(), 'closed');
  t.is(cache.stats().roots, roots);
});

cacheTest('order is that of the whole key, byte by byte', async (t, engine) => {
  const cache = standAlone(t, engine);
  const names = [
    ['team', 'a'],
    ['team-a', 'z'],
    ['team', 'b.c'],
    ['team', 'b'],
    ['team', 'ä'],
    ['team', '𐍈'],
    ['team', 'ﬀ'],
    ['a', 'z'],
  ] as const;
  cache.replace(names.map(([namespace, name]) => widget(namespace, name)));
  const expected = names
    .map((key) => key.join('/'))
    .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  const found: string[] = [];
  let token: string | undefined;
  do {
    const page = await cache.list({
      limit: 3,
      ...(token === undefined ? {} : { continue: token }),
    });
    token = page.continue;
    found.push(...Array.from(page.objects(), (object) => `${object.namespace}/${object.name}`));
  } while (token !== undefined);
  t.deepEqual(found, expected);
});

cacheTest('with a selector more may follow, and nothing is counted', async (t, engine) => {
  const cache = standAlone(t, engine);
  const object = (name: string, tier: string): unknown => widget('ns', name, { labels: { tier } });
  cache.replace([object('a', 'gold'), object('b', 'gold'), object('c', 'tin')] as never[]);
  const first = await cache.list({ labelSelector: 'tier=gold', limit: 2 });
  t.is(first.remainingItemCount, undefined);
  t.is(keys(first).length, 2);
  const second = await cache.list({ labelSelector: 'tier=gold', continue: first.continue! });
  t.deepEqual(keys(second), [], 'the last page may be empty');
  t.is(second.continue, undefined);
});

for (const [where, resourceVersion] of [
  ['the cache', ''],
  ['its history', '6'],
  ['the storage', '3'],
] as const) {
  cacheTest(`a required metadata.name makes one object of it, from ${where}`, async (t, engine) => {
    const storage = new GatedStorage();
    for (const name of ['a', 'ab']) await store(storage, widget('one', name));
    await store(storage, widget('two', 'a'));
    const cache = fed(t, engine, storage);
    await cache.ready();
    for (const name of ['a', 'b']) await store(storage, widget('one', name, { value: 2 }));
    await cache.list();
    const exact = { resourceVersion, resourceVersionMatch: 'Exact' as const };
    const at = resourceVersion === '' ? {} : exact;
    const list = async (options: CacheListOptions): Promise<string[]> => {
      const result = await cache.list({ ...options, ...at, limit: 1 });
      t.is(result.continue, undefined);
      t.is(result.remainingItemCount, undefined);
      return Array.from(result.objects(), (object) => `${object.namespace}/${object.name}`);
    };
    const fieldSelector = 'metadata.name=a';
    t.deepEqual(await list({ namespace: 'one', fieldSelector }), ['one/a']);
    t.deepEqual(
      await list({ fieldSelector: `${fieldSelector},metadata.namespace=one` }),
      ['one/a'],
      'the namespace may come from the selector',
    );
    t.deepEqual(await list({ namespace: 'one', fieldSelector: 'metadata.name=x' }), []);
    t.deepEqual(
      await list({ namespace: 'one', fieldSelector: `${fieldSelector},spec.color=red` }),
      [],
    );
    t.deepEqual(await list({ namespace: 'o', fieldSelector }), [], 'no prefixes of namespaces');
  });
}

cacheTest('a rare object is found in the storage with few reads', async (t, engine) => {
  const storage = new GatedStorage();
  for (let index = 0; index < 200; index++) await store(storage, widget('ns', `w${index}`));
  await store(storage, widget('ns', 'x', { color: 'red' }));
  const revision = String(await storage.committedRevision());
  await store(storage, widget('ns', 'y'));
  const cache = fed(t, engine, storage);
  await cache.ready();
  storage.reads.length = 0;
  const options = { resourceVersion: revision, limit: 1, fieldSelector: 'spec.color=red' };
  const list = await cache.list(options);
  t.deepEqual(keys(list), [`ns/x@${revision}`]);
  t.is(list.continue, undefined);
  t.true(storage.reads.length <= 8, `${storage.reads.length} reads`);
});

cacheTest('the storage filters, pages and renders like the cache', async (t, engine) => {
  const storage = new GatedStorage();
  for (let index = 0; index < 30; index++) {
    const rest = { labels: { rare: String(index % 15) }, color: index % 2 ? 'red' : 'blue' };
    await store(
      storage,
      widget(index < 20 ? 'one' : 'two', `w${String(index).padStart(2, '0')}`, rest),
    );
  }
  const cache = fed(t, engine, storage);
  await cache.ready();
  const queries: readonly CacheListOptions[] = [
    {},
    { namespace: 'one' },
    { labelSelector: 'rare=3' },
    { labelSelector: 'rare in (1,2,14),rare!=2' },
    { fieldSelector: 'spec.color=red' },
    { fieldSelector: 'metadata.namespace=two,metadata.name!=w25' },
    { namespace: 'two', labelSelector: '!rare' },
    { apiVersion: 'example.com/v2', labelSelector: 'rare=4' },
    { limit: 7 },
    { limit: 1, labelSelector: 'rare=3' },
    { limit: 2, namespace: 'one', fieldSelector: 'spec.color=blue' },
  ];
  // The newest state, which the cache has, then changes, then more of them than its history keeps.
  const revision = cache.resourceVersion;
  const read = async (reader: typeof cache): Promise<string[]> => {
    const texts: string[] = [];
    for (const query of queries) {
      let token: string | undefined;
      do {
        const exact = { resourceVersion: revision, resourceVersionMatch: 'Exact' as const };
        const page = await reader.list({
          ...query,
          ...(token === undefined ? exact : { continue: token }),
        });
        token = page.continue;
        const { remainingItemCount: _count, ...head } = page;
        texts.push(
          JSON.stringify(head),
          ...page.items<object>().map((item) => JSON.stringify(item)),
        );
      } while (token !== undefined);
    }
    return texts;
  };
  const fromCache = await read(cache);
  await store(storage, widget('one', 'w00', { value: 1 }));
  await store(storage, widget('one', 'w000'));
  const late = fed(t, engine, storage);
  await late.ready();
  storage.reads.length = 0;
  t.deepEqual(await read(late), fromCache);
  t.true(storage.reads.length > queries.length);
  t.true(storage.reads.every((entry) => entry.endsWith(`@${revision}`)));
});

cacheTest('however a list is left, it lets its state go', async (t, engine) => {
  const cache = standAlone(t, engine);
  // More than are fetched at once.
  for (let index = 100; index < 400; index++) {
    cache.apply({ type: 'put', object: widget('ns', `w-${index}`) });
  }
  for (const resourceVersion of ['', '0', '295']) {
    const options: CacheListOptions =
      resourceVersion === '295'
        ? { resourceVersion, resourceVersionMatch: 'Exact' }
        : { resourceVersion };
    // The history remembers an old state that it had to make.
    (await cache.list(options)).close();
    const idle = cache.stats().roots;
    const [left, read, closed, pulled, dropped] = await Promise.all(
      [0, 1, 2, 3, 4].map(() => cache.list(options)),
    );
    t.is(cache.stats().roots, idle + 5);
    for (const object of left!.objects()) {
      t.is(object.name, 'w-100');
      break;
    }
    t.true(read!.items().length > 290);
    closed!.close();
    await pullText(pulled!.body('WidgetList', 'example.com/v1'));
    const body = dropped!.body('WidgetList', 'example.com/v1');
    body.pull(1);
    body.close();
    t.is(cache.stats().roots, idle);
  }
});
