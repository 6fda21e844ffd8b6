/** A cache without a storage: it assigns the revisions, and checks what it is given. */

import test from 'ava';

import {
  type CacheChange,
  CacheError,
  type CacheErrorCode,
  DEFAULT_HISTORY,
  foundingPreset,
  WatchCache,
  type WatchCacheOptions,
} from '../../lib/cache/index.js';
import { MemoryStorage } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';
import {
  cacheTest,
  drain,
  keys,
  PREFIX,
  rejects,
  standAlone,
  type Widget,
  widget,
} from './fixture.js';

cacheTest('an empty cache is at revision 1, and each change takes the next', async (t, engine) => {
  const cache = standAlone(t, engine);
  t.is(cache.resourceVersion, '1');
  t.true(cache.isReady);
  await cache.ready();
  t.is((await cache.list()).resourceVersion, '1');
  t.deepEqual(cache.apply({ type: 'put', object: widget('ns', 'a') }), ['2']);
  t.deepEqual(
    cache.apply([
      { type: 'put', object: widget('ns', 'b') },
      { type: 'delete', namespace: 'ns', name: 'a' },
      { type: 'delete', namespace: 'ns', name: 'not-there' },
    ]),
    ['3', '4', '5'],
  );
  t.deepEqual(keys(await cache.list()), ['ns/b@3']);
  t.is(cache.resourceVersion, '5');
  t.deepEqual(cache.apply([]), []);
});

cacheTest('objects come as bytes, as JSON text and as values', async (t, engine) => {
  const cache = standAlone(t, engine);
  const text = JSON.stringify(widget('ns', 'a', { value: 1 }));
  const bytes = Buffer.from(text);
  const inputs: CacheChange<Widget>[] = [
    { type: 'put', object: bytes },
    { type: 'put', object: bytes, namespace: 'ns', name: 'a' },
    { type: 'put', object: text },
    { type: 'put', object: widget('ns', 'a', { value: 1 }) },
  ];
  for (const [index, change] of inputs.entries()) {
    const [resourceVersion] = cache.apply(change);
    t.is(resourceVersion, String(index + 2));
    t.deepEqual((await cache.get('ns', 'a'))?.parse(), {
      ...widget('ns', 'a', { value: 1 }),
      metadata: { name: 'a', namespace: 'ns', resourceVersion: String(index + 2) },
    });
  }
  t.is(bytes.toString(), text, 'the bytes stay the caller’s');
});

cacheTest('revisions may be given, and rise', async (t, engine) => {
  const cache = standAlone(t, engine);
  t.deepEqual(cache.apply({ type: 'put', object: widget('ns', 'a'), resourceVersion: '10' }), [
    '10',
  ]);
  t.deepEqual(cache.apply({ type: 'delete', namespace: 'ns', name: 'a' }), ['11']);
  const big = '9007199254740993';
  t.deepEqual(cache.apply({ type: 'put', object: widget('ns', 'a'), resourceVersion: big }), [big]);
  t.is((await cache.get('ns', 'a'))?.resourceVersion, big);
});

interface RefusedChange {
  readonly what: string;
  readonly change: unknown;
  readonly code: CacheErrorCode;
  readonly message: RegExp;
}

const put = (object: unknown, rest: object = {}): unknown => ({ type: 'put', object, ...rest });
const named = (name: string): unknown => put({ metadata: { name } });

const REFUSED: readonly RefusedChange[] = [
  { what: 'no JSON', change: put('{'), code: 'invalid-object', message: /^change 1: / },
  { what: 'an array', change: put('[]'), code: 'invalid-object', message: /^change 1: / },
  { what: 'a number', change: put(5), code: 'invalid-object', message: /but a number$/ },
  { what: 'null', change: put(null), code: 'invalid-object', message: /but null$/ },
  { what: 'nothing', change: put(undefined), code: 'invalid-object', message: /but a undefined$/ },
  {
    what: 'a value that is no JSON',
    change: put({ metadata: { name: 'x' }, big: 1n }),
    code: 'invalid-object',
    message: /can't be made JSON/,
  },
  {
    what: 'no name',
    change: put({ metadata: {} }),
    code: 'invalid-object',
    message: /^change 1: metadata\.name is missing$/,
  },
  {
    what: 'a name with a slash',
    change: named('a/b'),
    code: 'invalid-object',
    message: /metadata\.name 'a\/b' may not contain '\/'/,
  },
  { what: 'a name ..', change: named('..'), code: 'invalid-object', message: /may not be '\.\.'/ },
  { what: 'a name with NUL', change: named('a\0'), code: 'invalid-object', message: /NUL/ },
  {
    what: 'a namespace with a slash',
    change: put({ metadata: { name: 'a', namespace: 'b/c' } }),
    code: 'invalid-object',
    message: /metadata\.namespace 'b\/c'/,
  },
  {
    what: 'another name than the given one',
    change: put({ metadata: { name: 'a' } }, { name: 'b' }),
    code: 'invalid-object',
    message: /its name is given as 'b', but metadata\.name is 'a'/,
  },
  {
    what: 'bytes with another name than the given one',
    change: put(Buffer.from('{"metadata":{"name":"a"}}'), { name: 'b' }),
    code: 'invalid-object',
    message: /./,
  },
  {
    what: 'a revision that does not rise',
    change: put({ metadata: { name: 'a' } }, { resourceVersion: '2' }),
    code: 'revision-not-rising',
    message: /^change 1: resourceVersion 2 is not above the last one, 2$/,
  },
  {
    what: 'a malformed revision',
    change: put({ metadata: { name: 'a' } }, { resourceVersion: 'x' }),
    code: 'invalid-resource-version',
    message: /^change 1: invalid resource version: 'x'/,
  },
  {
    what: 'a negative TTL',
    change: put({ metadata: { name: 'a' } }, { ttlSeconds: -1 }),
    code: 'invalid-options',
    message: /^change 1: ttlSeconds/,
  },
  {
    what: 'a deletion without a name',
    change: { type: 'delete' },
    code: 'invalid-object',
    message: /metadata\.name is missing/,
  },
  {
    what: 'another type',
    change: { type: 'patch' },
    code: 'invalid-object',
    message: /neither 'put' nor 'delete'/,
  },
  {
    what: 'nothing in it',
    change: null,
    code: 'invalid-object',
    message: /^change 1: it is neither a put nor a delete but null$/,
  },
];

for (const { what, change, code, message } of REFUSED) {
  cacheTest(`a batch with ${what} is refused whole`, async (t, engine) => {
    const cache = standAlone(t, engine);
    const good = { type: 'put' as const, object: widget('ns', 'good') };
    const batch = [good, change as CacheChange<Widget>];
    const error = await rejects(t, () => cache.apply(batch), code, message);
    t.is(error.index, 1);
    t.is(cache.resourceVersion, '1');
    t.deepEqual(keys(await cache.list()), []);
    t.deepEqual(cache.apply(good), ['2'], 'and the cache goes on');
  });
}

cacheTest('replace keeps the revisions that objects carry', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply({ type: 'put', object: widget('ns', 'old') });
  const stream = await cache.watch();
  const carried = JSON.stringify({
    metadata: { namespace: 'ns', name: 'a', resourceVersion: '7' },
  });
  t.is(cache.replace([carried, widget('ns', 'b')]), '7');
  t.deepEqual(keys(await cache.list()), ['ns/a@7', 'ns/b@7']);
  t.is(cache.replace([carried, widget('ns', 'b')], { resourceVersion: '20' }), '20');
  t.deepEqual(keys(await cache.list()), ['ns/a@7', 'ns/b@20']);
  await t.throwsAsync(stream[Symbol.asyncIterator]().next(), { instanceOf: CacheError });
  t.is(stream.endReason, 'replaced');
  t.is((await cache.watch({ resourceVersion: '20' })).resourceVersion, '20');
  await rejects(t, () => cache.watch({ resourceVersion: '19' }), 'expired');
});

cacheTest('a replacement that can not be is refused whole', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply({ type: 'put', object: widget('ns', 'old') });
  const carried = JSON.stringify({ metadata: { name: 'a', resourceVersion: '7' } });
  const carriesText = JSON.stringify({ metadata: { name: 'a', resourceVersion: 'x' } });
  const cases: readonly (readonly [CacheErrorCode, () => unknown])[] = [
    ['revision-not-rising', () => cache.replace([], { resourceVersion: '2' })],
    ['revision-not-rising', () => cache.replace([carried], { resourceVersion: '6' })],
    ['invalid-resource-version', () => cache.replace([], { resourceVersion: '-' })],
    ['invalid-object', () => cache.replace([carriesText])],
    ['invalid-object', () => cache.replace([widget('ns', 'new'), '{}'])],
    ['invalid-object', () => cache.replace([widget('ns', 'twice'), widget('ns', 'twice')])],
  ];
  for (const [code, act] of cases) await rejects(t, act, code);
  t.deepEqual(keys(await cache.list()), ['ns/old@2']);
});

cacheTest('an object deletes itself once when its time is over', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock });
  cache.apply({ type: 'put', object: widget('ns', 'a'), ttlSeconds: 10 });
  const source = (await cache.watch({ resourceVersion: '2' })).source();
  clock.advance(9_900);
  t.deepEqual(drain(source), []);
  clock.advance(200);
  t.deepEqual(drain(source), ['DELETED ns/a@3']);
  clock.advance(100_000);
  t.deepEqual(drain(source), []);
  t.is(cache.resourceVersion, '3');
  t.is(await cache.get('ns', 'a'), undefined);
});

cacheTest('a newer version has its own time, or none', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock });
  const again = (name: string, ttlSeconds?: number): void =>
    void cache.apply({
      type: 'put',
      object: widget('ns', name),
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    });
  for (const name of ['renewed', 'kept', 'deleted', 'left']) again(name, 10);
  clock.advance(5_000);
  again('renewed', 10);
  again('kept');
  cache.apply({ type: 'delete', namespace: 'ns', name: 'deleted' });
  clock.advance(6_000);
  t.deepEqual(keys(await cache.list()), ['ns/kept@7', 'ns/renewed@6']);
  clock.advance(10_000);
  t.deepEqual(keys(await cache.list()), ['ns/kept@7']);
});

cacheTest('a cache may have a time to live for all, which 0 lifts', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock, ttlSeconds: 60 });
  cache.replace([widget('ns', 'old')]);
  cache.apply([
    { type: 'put', object: widget('ns', 'a') },
    { type: 'put', object: widget('ns', 'b'), ttlSeconds: 0 },
    { type: 'put', object: widget('ns', 'c'), ttlSeconds: 100 },
  ]);
  clock.advance(60_100);
  t.deepEqual(keys(await cache.list()), ['ns/b@4', 'ns/c@5']);
});

cacheTest('a replaced cache forgets the times of what was there', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock });
  cache.apply({ type: 'put', object: widget('ns', 'a'), ttlSeconds: 10 });
  cache.replace([widget('ns', 'a')]);
  clock.advance(20_000);
  t.deepEqual(keys(await cache.list()), ['ns/a@3']);
});

cacheTest('nothing waits for versions that are gone', (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock });
  const { pending } = clock;
  const object = widget('ns', 'a');
  const ends: readonly (() => unknown)[] = [
    () => cache.apply({ type: 'put', object }),
    () => cache.apply({ type: 'delete', namespace: 'ns', name: 'a' }),
    () => cache.replace([]),
  ];
  for (const end of ends) {
    cache.apply({ type: 'put', object, ttlSeconds: 3_600 });
    t.is(clock.pending, pending + 1);
    end();
    t.is(clock.pending, pending);
  }
});

cacheTest('the founding calls: add an event, events since, one object', (t, engine) => {
  const cache = WatchCache.founding<Widget>({ engine, clock: new ManualClock() });
  t.teardown(() => cache.close());
  const first = cache.addEvent('one', 'a', { type: 'ADDED', object: widget('one', 'a') });
  cache.addEvent('two', 'x', { type: 'ADDED', object: widget('two', 'x') });
  cache.addEvent('one', 'a', { type: 'MODIFIED', object: widget('one', 'a', { value: 2 }) });
  cache.addEvent('one', 'a', { type: 'DELETED' });
  const show = (since: string): string[] =>
    cache
      .eventsSince('one', since)
      .map(({ type, resourceVersion, object }) => `${type} ${object.name}@${resourceVersion}`);
  t.deepEqual(show('0'), ['ADDED a@2', 'MODIFIED a@4', 'DELETED a@5']);
  t.deepEqual(show(first), ['MODIFIED a@4', 'DELETED a@5']);
  t.deepEqual(show('5'), []);
  t.deepEqual(show('99'), []);
  t.is(cache.eventsSince('one', '4')[0]?.object.parse().spec?.value, 2);
  t.is(cache.getObject('one', 'a'), undefined);
  t.is(cache.getObject('two', 'x')?.parse().metadata.name, 'x');
  t.is(cache.stats().watches, 0);
});

cacheTest('the founding cache keeps 1 000 events and objects for an hour', async (t, engine) => {
  const clock = new ManualClock();
  const cache = WatchCache.founding<Widget>({ engine, clock });
  t.teardown(() => cache.close());
  const add = (count: number): void => {
    for (let index = 0; index < count; index++) {
      cache.addEvent('ns', 'a', { type: 'MODIFIED', object: widget('ns', 'a', { value: index }) });
    }
  };
  add(1_000);
  t.is(cache.eventsSince('ns', '0').length, 1_000);
  add(1);
  const error = await rejects(t, () => cache.eventsSince('ns', '0'), 'expired');
  t.is(error.message, `too old resource version: 1 (${error.current})`);
  t.is(cache.eventsSince('ns', error.current!).length, 1_000);
  cache.addEvent('ns', 'b', { type: 'ADDED', object: widget('ns', 'b'), ttlSeconds: 7_200 });
  clock.advance(3_600_100);
  t.is(cache.getObject('ns', 'a'), undefined);
  t.is(cache.getObject('ns', 'b')?.name, 'b');
  t.is(foundingPreset.ttlSeconds, 3_600);
});

const OPTIONS: readonly (readonly [option: string, options: unknown])[] = [
  ['shardCount', { shardCount: 0 }],
  ['shardCount', { shardCount: 1.5 }],
  ['fields', { fields: 'spec.color' }],
  ['fields', { fields: [''] }],
  ['indexes.fields', { fields: ['spec.color'], indexes: { fields: ['spec.size'] } }],
  ['indexes.fields', { fields: ['a'], indexes: { fields: ['a', 'a'] } }],
  ['indexes.labels', { indexes: { labels: 'app' } }],
  ['indexes.labels', { indexes: { labels: ['app', 'app'] } }],
  ['indexes.labels', { indexes: { labels: [''] } }],
  ['freshnessTimeoutMs', { freshnessTimeoutMs: -1 }],
  ['history.entriesMax', { history: { entriesMax: Number.NaN } }],
  ['history.entriesMax', { history: { entriesMin: 10, entriesMax: 5 } }],
  ['history.windowMs', { history: { windowMs: -1 } }],
  ['ttlSeconds', { ttlSeconds: Number.POSITIVE_INFINITY }],
  ['feed.prefix', { feed: { storage: new MemoryStorage(), prefix: '/a', namespaced: true } }],
  ['ttlSeconds', { ttlSeconds: 1, feed: { storage: new MemoryStorage(), prefix: '/a/' } }],
];

for (const [option, options] of OPTIONS) {
  test(`option ${option} is checked: ${describe(options)}`, (t) => {
    const make = (): unknown => new WatchCache(options as WatchCacheOptions);
    const error = t.throws(make, { instanceOf: CacheError });
    t.is(error.code, 'invalid-options');
    t.true(error.message.includes(option), error.message);
  });
}

const INDEXES: readonly (readonly [indexes: WatchCacheOptions['indexes'], entries: number])[] = [
  [undefined, 2],
  [{ fields: [] }, 0],
  [{ fields: ['spec.color'], labels: ['app'] }, 3],
  [{ labels: ['app', 'tier'] }, 5],
];

for (const [indexes, entries] of INDEXES) {
  cacheTest(`what is indexed is what options say: ${describe(indexes)}`, (t, engine) => {
    const fields = ['spec.color', 'spec.size'];
    const cache = standAlone(t, engine, { fields, ...(indexes === undefined ? {} : { indexes }) });
    const labels = { app: 'x', tier: 'y' };
    const put = (name: string, metadata: object, spec: object): void => {
      cache.apply({
        type: 'put',
        object: { metadata: { namespace: 'ns', name, ...metadata }, spec },
      });
    };
    put('a', { labels }, { color: 'red' });
    put('b', { labels: { app: 'z' } }, { size: '' });
    put('c', {}, { size: 'xl' });
    t.is(cache.stats().indexEntries, entries);
    cache.replace([]);
    t.is(cache.stats().indexEntries, 0);
  });
}

cacheTest('lists, snapshots and watches take shard selectors', async (t, engine) => {
  const cache = standAlone(t, engine);
  // Hashes 0xaf… and 0x85….
  for (const uid of ['a', 'foobar']) {
    const object = JSON.stringify({ metadata: { namespace: 'ns', name: uid, uid } });
    cache.apply({ type: 'put', object });
  }
  const range = "shardRange(object.metadata.uid, '0x9000000000000000', '0x10000000000000000')";
  const ranges = [{ start: 0x90n << 56n, end: 2n ** 64n }];
  for (const shardSelector of [range, { field: 'object.metadata.uid', ranges } as const]) {
    const list = await cache.list({ shardSelector });
    t.is(list.shardSelector, range);
    t.deepEqual(
      [...list.objects()].map(({ name }) => name),
      ['a'],
    );
    using snapshot = cache.snapshot();
    t.is([...snapshot.list({ shardSelector }).objects()].length, 1);
    const watch = await cache.watch({ shardSelector });
    for await (const event of watch) {
      t.is(event.type === 'BOOKMARK' ? undefined : event.object.name, 'a');
      break;
    }
  }
  t.is((await cache.list()).shardSelector, undefined);
  await rejects(t, () => cache.list({ shardSelector: 'shardRange()' }), 'invalid-selector');
  const none = { field: 'object.metadata.uid', ranges: [] } as const;
  await rejects(t, () => cache.watch({ shardSelector: none }), 'invalid-selector');
});

test('an engine that is not there is refused with its reason', (t) => {
  t.throws(() => new WatchCache({ engine: 'steam' as 'native' }), { code: 'engine-unavailable' });
});

cacheTest('a history shorter than the default’s least is given', (t, engine) => {
  const cache = standAlone(t, engine, { history: { entriesMax: 5 } });
  t.true(DEFAULT_HISTORY.entriesMin > 5);
  for (let index = 0; index < 20; index++) cache.apply({ type: 'put', object: widget('ns', 'a') });
  t.is(cache.stats().logEntries, 5);
});

cacheTest('an idle cache drops history that has grown too old', (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock, history: { entriesMin: 2 } });
  for (let index = 0; index < 20; index++) cache.apply({ type: 'put', object: widget('ns', 'a') });
  t.is(cache.stats().logEntries, 20);
  clock.advance(120_000);
  t.is(cache.stats().logEntries, 2);
});

cacheTest('a fed cache is not written to', async (t, engine) => {
  const storage = new MemoryStorage();
  const cache = standAlone(t, engine, { feed: { storage, prefix: PREFIX, namespaced: true } });
  await cache.ready();
  const writes: readonly (() => unknown)[] = [
    () => cache.apply({ type: 'delete', namespace: 'ns', name: 'a' }),
    () => cache.replace([]),
    () => cache.addEvent('ns', 'a', { type: 'DELETED' }),
  ];
  for (const write of writes) await rejects(t, write, 'invalid-options', /fed by a storage/);
});

cacheTest('a closed cache ends everything and refuses the rest', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock });
  cache.apply({ type: 'put', object: widget('ns', 'a'), ttlSeconds: 60 });
  const stream = await cache.watch({ timeoutMs: 60_000, allowBookmarks: true });
  const waiting = cache.get('ns', 'a', { resourceVersion: '99' });
  await cache[Symbol.asyncDispose]();
  await cache.close();
  await rejects(t, () => waiting, 'closed');
  t.is(stream.endReason, 'closed');
  t.is(clock.pending, 0, 'no timer is left');
  t.false(cache.isReady);
  const calls: readonly (() => unknown)[] = [
    () => cache.get('ns', 'a'),
    () => cache.list(),
    () => cache.list({ limit: 1 }),
    () => cache.watch(),
    () => cache.snapshot(),
    () => cache.apply({ type: 'delete', namespace: 'ns', name: 'a' }),
    () => cache.replace([]),
    () => cache.eventsSince('ns', '0'),
    () => cache.getObject('ns', 'a'),
    () => cache.ready(),
  ];
  for (const call of calls) await rejects(t, call, 'closed', 'apiserver cacher is stopped');
  t.is(cache.stats().watches, 0);
});

function describe(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part instanceof MemoryStorage ? '…' : part,
  );
}
