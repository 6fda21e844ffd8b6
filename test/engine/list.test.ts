import type { EngineCache, EngineSelector, ListQuery } from '../../lib/engine/index.js';

import { engineTest, type TestEngine } from './engines.js';
import { listKeys, listText, put, text, type Widget, widgetText } from './widget.js';

// In the order of their keys' UTF-8 bytes: `-` and `.` come before the slash, astral characters
// last.
const WIDGETS: readonly Widget[] = [
  { namespace: 'a-b', name: 'web', labels: { app: 'x' } },
  { namespace: 'a.b', name: 'web', node: 'n1' },
  { namespace: 'a', name: 'api', labels: { app: 'x' }, node: 'n1' },
  { namespace: 'a', name: 'web', labels: { app: 'y' } },
  { namespace: 'a', name: 'ｚ', labels: { app: 'x' } },
  { namespace: 'a', name: '😀', labels: { app: 'x', tier: 'front' } },
  { namespace: 'ab', name: 'web' },
];
const KEYS = WIDGETS.map(({ namespace, name }) => `${namespace}/${name}`);

function filled(engine: TestEngine): EngineCache {
  const cache = engine.create();
  cache.apply([...WIDGETS].reverse().map((widget, index) => put(widget, BigInt(index + 1))));
  return cache;
}

function fields(...terms: [string, 'Equals' | 'NotEquals', string][]): EngineSelector {
  return {
    labels: [],
    fields: terms.map(([path, operator, value]) => ({ path, operator, value })),
  };
}

const APP_X: EngineSelector = {
  labels: [{ key: 'app', operator: 'In', values: ['x'] }],
  fields: [],
};

const QUERIES: readonly { title: string; query: ListQuery; keys: readonly string[] }[] = [
  { title: 'everything', query: {}, keys: KEYS },
  { title: 'a namespace', query: { namespace: 'a' }, keys: KEYS.slice(2, 6) },
  { title: 'a namespace that is not there', query: { namespace: 'c' }, keys: [] },
  { title: 'an object', query: { namespace: 'a', name: 'web' }, keys: ['a/web'] },
  { title: 'an object that is not there', query: { namespace: 'a', name: 'x' }, keys: [] },
  {
    title: 'a name in all namespaces',
    query: { name: 'web' },
    keys: KEYS.filter((key) => key.endsWith('web')),
  },
  { title: 'from a key on', query: { start: { namespace: 'a', name: 'b' } }, keys: KEYS.slice(3) },
  {
    title: 'from a namespace that is not there',
    query: { start: { namespace: 'a.', name: 'z' } },
    keys: KEYS.slice(1),
  },
  {
    title: 'a namespace, from a key before it',
    query: { namespace: 'a', start: { namespace: 'a-b', name: 'x' } },
    keys: KEYS.slice(2, 6),
  },
  {
    title: 'a namespace, from a key behind it',
    query: { namespace: 'a', start: { namespace: 'ab', name: '' } },
    keys: [],
  },
  {
    title: 'an object, from a key behind it',
    query: { namespace: 'a', name: 'api', start: { namespace: 'a', name: 'b' } },
    keys: [],
  },
  {
    title: 'a name, from a key on',
    query: { name: 'web', start: { namespace: 'a', name: 'web' } },
    keys: ['a/web', 'ab/web'],
  },
  { title: 'a label', query: { selector: APP_X }, keys: ['a-b/web', 'a/api', 'a/ｚ', 'a/😀'] },
  {
    title: 'a label in a namespace',
    query: { selector: APP_X, namespace: 'a' },
    keys: ['a/api', 'a/ｚ', 'a/😀'],
  },
  {
    title: 'a field',
    query: { selector: fields(['spec.node', 'Equals', 'n1']) },
    keys: ['a.b/web', 'a/api'],
  },
  {
    title: 'a field that is absent',
    query: { selector: fields(['spec.node', 'Equals', '']), namespace: 'a' },
    keys: KEYS.slice(3, 6),
  },
  {
    title: 'metadata.name',
    query: { selector: fields(['metadata.name', 'Equals', 'api']) },
    keys: ['a/api'],
  },
  {
    title: 'metadata.namespace',
    query: { selector: fields(['metadata.namespace', 'Equals', 'a']) },
    keys: KEYS.slice(2, 6),
  },
  {
    title: 'not that metadata.name',
    query: { selector: fields(['metadata.name', 'NotEquals', 'web']) },
    keys: KEYS.slice(2, 6).filter((key) => key !== 'a/web'),
  },
  {
    title: 'two names at once',
    query: {
      selector: fields(['metadata.name', 'Equals', 'api'], ['metadata.name', 'Equals', 'web']),
    },
    keys: [],
  },
  {
    title: 'a namespace and another one required',
    query: { namespace: 'a', selector: fields(['metadata.namespace', 'Equals', 'ab']) },
    keys: [],
  },
  { title: 'an empty selector', query: { selector: { labels: [], fields: [] } }, keys: KEYS },
  { title: 'a limit of 0, which is none', query: { limit: 0 }, keys: KEYS },
];

for (const { title, query, keys } of QUERIES) {
  engineTest(`a list has exactly the objects of its scope, in order: ${title}`, (t, engine) => {
    const cache = filled(engine);
    const list = cache.list(query);
    t.deepEqual(listKeys(list), keys);
    t.deepEqual([list.last, list.remaining], [undefined, undefined]);
    const bytes = cache.list(query);
    const expected = keys.map((key) => {
      const at = KEYS.indexOf(key);
      return widgetText(WIDGETS[at]!, BigInt(WIDGETS.length - at));
    });
    t.is(listText(bytes), `[${expected.join(',')}]`);
  });
}

const PAGES: readonly {
  title: string;
  query: ListQuery;
  keys: readonly string[];
  last: string | undefined;
  remaining: number | undefined;
}[] = [
  {
    title: 'the first page',
    query: { limit: 3 },
    keys: KEYS.slice(0, 3),
    last: 'a/api',
    remaining: 4,
  },
  {
    title: 'a page of exactly all',
    query: { limit: 7 },
    keys: KEYS,
    last: undefined,
    remaining: 0,
  },
  {
    title: 'a page larger than all',
    query: { limit: 70 },
    keys: KEYS,
    last: undefined,
    remaining: 0,
  },
  {
    title: 'the second page',
    query: { limit: 3, start: { namespace: 'a', name: 'api\0' } },
    keys: KEYS.slice(3, 6),
    last: 'a/😀',
    remaining: 1,
  },
  {
    title: 'a namespace',
    query: { namespace: 'a', limit: 3 },
    keys: KEYS.slice(2, 5),
    last: 'a/ｚ',
    remaining: 1,
  },
  {
    title: 'all of a namespace',
    query: { namespace: 'a', limit: 4 },
    keys: KEYS.slice(2, 6),
    last: undefined,
    remaining: 0,
  },
  {
    title: 'a namespace from before it',
    query: { namespace: 'a', limit: 2, start: { namespace: 'a', name: '' } },
    keys: KEYS.slice(2, 4),
    last: 'a/web',
    remaining: 2,
  },
  {
    title: 'a namespace from behind it',
    query: { namespace: 'a', limit: 2, start: { namespace: 'b', name: '' } },
    keys: [],
    last: undefined,
    remaining: 0,
  },
  {
    title: 'a name in all namespaces',
    query: { name: 'web', limit: 2 },
    keys: ['a-b/web', 'a.b/web'],
    last: 'a.b/web',
    remaining: 2,
  },
  {
    title: 'a selector, and more behind the page',
    query: { selector: APP_X, limit: 2 },
    keys: ['a-b/web', 'a/api'],
    last: 'a/api',
    remaining: undefined,
  },
  {
    title: 'a selector, and only others behind the page',
    query: { selector: APP_X, limit: 4 },
    keys: ['a-b/web', 'a/api', 'a/ｚ', 'a/😀'],
    last: 'a/😀',
    remaining: undefined,
  },
  {
    title: 'a selector, and nothing behind the page',
    query: { selector: APP_X, namespace: 'a', limit: 3 },
    keys: ['a/api', 'a/ｚ', 'a/😀'],
    last: undefined,
    remaining: undefined,
  },
  {
    title: 'a selector that does not fill the page',
    query: { selector: APP_X, limit: 5 },
    keys: ['a-b/web', 'a/api', 'a/ｚ', 'a/😀'],
    last: undefined,
    remaining: undefined,
  },
];

for (const { title, query, keys, last, remaining } of PAGES) {
  engineTest(`a page knows its last object and what follows: ${title}`, (t, engine) => {
    const list = filled(engine).list(query);
    const lastKey =
      list.last === undefined ? undefined : `${list.last.namespace}/${list.last.name}`;
    t.deepEqual([lastKey, list.remaining], [last, remaining]);
    t.deepEqual(listKeys(list), keys);
  });
}

engineTest(
  'chunks are about as long as asked, joined by commas, and never without an object',
  (t, engine) => {
    const cache = filled(engine);
    const sizes = WIDGETS.map((widget, at) => widgetText(widget, BigInt(7 - at)).length);
    const one = cache.list({});
    const chunks: string[] = [];
    for (let chunk = one.read(1); chunk !== undefined; chunk = one.read(1))
      chunks.push(text(chunk)!);
    t.is(chunks.length, WIDGETS.length, 'one object each when none fits');
    t.true(chunks[0]!.startsWith('{') && chunks.slice(1).every((chunk) => chunk.startsWith(',{')));
    t.is(one.read(1), undefined);
    const two = cache.list({});
    t.is(two.read(sizes[0]! + 1 + sizes[1]!)?.length, sizes[0]! + 1 + sizes[1]!);
    t.is(two.read(sizes[2]! + 1)?.length, 1 + Buffer.byteLength(widgetText(WIDGETS[2]!, 5n)));
    t.is(cache.list({ namespace: 'none' }).read(100), undefined);
  },
);

for (const { title, query } of [
  { title: 'everything', query: {} },
  { title: 'a selector', query: { selector: APP_X } },
  { title: 'a page in another version', query: { limit: 3, apiVersion: 'example.com/v1beta1' } },
  { title: 'nothing', query: { namespace: 'none' } },
] satisfies readonly { title: string; query: ListQuery }[]) {
  engineTest(`a list in the caller's memory has the bytes of any other: ${title}`, (t, engine) => {
    const cache = filled(engine);
    const expected = listText(cache.list(query));
    for (const size of [1, 200, 333, 450, 10_000]) {
      const list = cache.list(query);
      let read = '';
      for (let target = new Uint8Array(size); ;) {
        const written = list.readInto(target);
        if (written === 0) break;
        if (written < 0) {
          t.true(-written > target.length);
          target = new Uint8Array(-written);
        } else {
          read += Buffer.from(target.buffer, 0, written).toString();
        }
      }
      t.is(`[${read}]`, expected);
      t.is(list.readInto(new Uint8Array(0)), 0, 'the end stays the end');
      t.is(list.read(10), undefined);
    }
  });
}

engineTest(
  "the caller's memory takes as many whole objects as fit, and no byte more",
  (t, engine) => {
    const cache = filled(engine);
    const sizes = WIDGETS.map((widget, at) =>
      Buffer.byteLength(widgetText(widget, BigInt(7 - at))),
    );
    const [first, second, third] = sizes as [number, number, number];
    const list = cache.list({});
    const small = new Uint8Array(first - 1).fill(7);
    t.is(list.readInto(small), -first);
    t.true(
      small.every((byte) => byte === 7),
      'nothing was written',
    );
    const target = new Uint8Array(first + 1 + second + third).fill(7);
    t.is(list.readInto(target), first + 1 + second, 'the third one lacks its comma');
    t.true(
      target.subarray(first + 1 + second).every((byte) => byte === 7),
      'nothing is written behind the end',
    );
    t.is(list.readInto(new Uint8Array(third)), -(third + 1), 'with the comma that leads it');
    t.is(list.readInto(target.subarray(0, third + 1)), third + 1, 'exactly');
    t.true(text(target.subarray(0, third + 1))?.startsWith(',{'));
  },
);

engineTest('a list may be read in both ways, and one by one between', (t, engine) => {
  const cache = filled(engine);
  const expected = listText(cache.list({ namespace: 'a' }));
  const list = cache.list({ namespace: 'a' });
  const target = new Uint8Array(1000);
  let read = '';
  t.is(list.readInto(new Uint8Array(1)) < 0, true);
  read += text(list.read(1));
  const [object] = list.readObjects(1);
  read += `,${text(object?.object)}`;
  read += text(target.subarray(0, list.readInto(target.subarray(0, 300))));
  read += text(list.read(1000)) ?? '';
  t.is(`[${read}]`, expected);
});

engineTest('a closed list writes nothing', (t, engine) => {
  const list = filled(engine).list({});
  list.close();
  t.throws(() => list.readInto(new Uint8Array(1000)), { code: 'closed' });
});

engineTest('a list holds its root until it was read to the end or closed', (t, engine) => {
  const cache = filled(engine);
  const before = cache.stats().roots;
  const read = cache.list({ namespace: 'a' });
  const closed = cache.list({});
  const page = cache.list({ limit: 2 });
  const whole = cache.list({});
  const written = cache.list({});
  const empty = cache.list({ namespace: 'none' });
  t.is(cache.stats().roots, before + 6);
  t.is(empty.readInto(new Uint8Array(1)), 0);
  t.is(cache.stats().roots, before + 5, 'of nothing');
  written.readInto(new Uint8Array(1_000_000));
  t.is(cache.stats().roots, before + 4, 'with the last bytes');
  whole.read(1_000_000);
  t.is(cache.stats().roots, before + 3, 'with its last chunk');
  t.is(read.readObjects(4).length, 4);
  t.is(cache.stats().roots, before + 2);
  t.is(page.readObjects(10).length, 2);
  t.is(cache.stats().roots, before + 1);
  closed.read(10);
  closed.close();
  t.is(cache.stats().roots, before);
});

engineTest('a list in progress is not touched by what is written meanwhile', (t, engine) => {
  const cache = engine.create({ history: { entriesMin: 0, entriesMax: 1 } });
  const widgets = Array.from({ length: 500 }, (_, index) => ({
    namespace: 'a',
    name: `w${String(index).padStart(3, '0')}`,
  }));
  cache.apply(widgets.map((widget, index) => put(widget, BigInt(index + 1))));
  const expected = listText(cache.list({}));
  const list = cache.list({});
  let read = text(list.read(2000))!;
  let revision = 500n;
  for (const widget of widgets) {
    cache.apply([put({ ...widget, value: 7 }, ++revision)]);
    if (revision % 9n === 0n) read += text(list.read(500)) ?? '';
  }
  t.true(cache.stats().bytesRetained > 0);
  t.is(`[${read}${listText(list).slice(1, -1)}]`, expected);
  cache.trim();
  t.is(cache.stats().bytesRetained, widgetText(widgets[0]!, 500n).length);
});
