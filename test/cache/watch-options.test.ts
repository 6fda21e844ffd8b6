/**
 * What WATCH means for every resourceVersion, row by row of upstream's table, and whom it refuses.
 */

import type { CacheErrorCode, CacheWatchOptions } from '../../lib/cache/index.js';
import { ManualClock } from '../clock.js';
import {
  cacheTest,
  drain,
  fed,
  isPending,
  rejects,
  standAlone,
  store,
  turn,
  unstore,
  widget,
} from './fixture.js';
import { GatedStorage } from './gated-storage.js';

cacheTest('row unset: the state, once it is fresh, then changes', async (t, engine) => {
  const storage = new GatedStorage();
  await store(storage, widget('ns', 'b'));
  const cache = fed(t, engine, storage);
  await cache.ready();
  storage.hold();
  await store(storage, widget('ns', 'a'));
  const opening = cache.watch();
  t.true(await isPending(opening));
  storage.release();
  const stream = await opening;
  t.is(stream.resourceVersion, '3');
  const source = stream.source();
  t.deepEqual(drain(source), ['ADDED ns/a@3', 'ADDED ns/b@2'], 'in key order');
  await unstore(storage, 'ns', 'b');
  t.deepEqual(drain(source), ['DELETED ns/b@4']);
});

cacheTest('row 0: the state as the cache has it, at once', async (t, engine) => {
  const storage = new GatedStorage();
  await store(storage, widget('ns', 'b'));
  const cache = fed(t, engine, storage);
  await cache.ready();
  storage.hold();
  await store(storage, widget('ns', 'a'));
  const source = (await cache.watch({ resourceVersion: '0' })).source();
  t.deepEqual(drain(source), ['ADDED ns/b@2']);
  storage.release();
  await turn();
  t.deepEqual(drain(source), ['ADDED ns/a@3']);
});

cacheTest('row N: changes above N', async (t, engine) => {
  const cache = standAlone(t, engine);
  for (const name of ['a', 'b', 'c']) cache.apply({ type: 'put', object: widget('ns', name) });
  const source = (await cache.watch({ resourceVersion: '2' })).source();
  t.deepEqual(drain(source), ['ADDED ns/b@3', 'ADDED ns/c@4']);
});

cacheTest('row N in the future: silence until N, then changes', async (t, engine) => {
  const cache = standAlone(t, engine);
  const source = (await cache.watch({ resourceVersion: '3' })).source();
  for (const name of ['a', 'b', 'c']) cache.apply({ type: 'put', object: widget('ns', name) });
  t.deepEqual(drain(source), ['ADDED ns/c@4']);
});

cacheTest('row N older than the history: expired, with the oldest', async (t, engine) => {
  const cache = standAlone(t, engine, { history: { windowMs: 0, entriesMin: 2, entriesMax: 2 } });
  for (const name of ['a', 'b', 'c', 'd']) cache.apply({ type: 'put', object: widget('ns', name) });
  const oldest = cache.stats().oldestResourceVersion;
  const error = await rejects(
    t,
    () => cache.watch({ resourceVersion: '1' }),
    'expired',
    `too old resource version: 1 (${oldest})`,
  );
  t.is(error.requested, '1');
  t.is(error.current, oldest);
  await t.notThrowsAsync(cache.watch({ resourceVersion: oldest }));
});

interface ScopeRow {
  readonly options: CacheWatchOptions;
  readonly events: readonly string[];
}

const SCOPES: readonly ScopeRow[] = [
  { options: { namespace: 'one' }, events: ['one/a', 'one/b'] },
  { options: { name: 'a' }, events: ['one/a', 'two/a'] },
  { options: { namespace: 'one', name: 'a' }, events: ['one/a'] },
  { options: { labelSelector: 'tier=gold' }, events: ['one/b'] },
  {
    options: { labelSelector: [{ key: 'tier', operator: 'DoesNotExist', values: [] }] },
    events: ['one/a', 'two/a'],
  },
  { options: { fieldSelector: 'metadata.name=a' }, events: ['one/a', 'two/a'] },
  { options: { fieldSelector: 'metadata.namespace=two' }, events: ['two/a'] },
  { options: { fieldSelector: 'metadata.namespace!=two' }, events: ['one/a', 'one/b'] },
  { options: { fieldSelector: 'spec.color=red' }, events: ['two/a'] },
  { options: { namespace: 'one', fieldSelector: 'metadata.namespace=two' }, events: [] },
  { options: { name: 'a', fieldSelector: 'metadata.name=b' }, events: [] },
];

for (const { options, events } of SCOPES) {
  cacheTest(`a watch of ${JSON.stringify(options)} and the list of it`, async (t, engine) => {
    const cache = standAlone(t, engine);
    const since = cache.resourceVersion;
    cache.apply([
      { type: 'put', object: widget('one', 'a') },
      { type: 'put', object: widget('one', 'b', { labels: { tier: 'gold' } }) },
      { type: 'put', object: widget('two', 'a', { color: 'red' }) },
    ]);
    const name = /ADDED (\S+)@/;
    for (const resourceVersion of ['', since]) {
      const source = (await cache.watch({ ...options, resourceVersion })).source();
      t.deepEqual(
        drain(source).map((event) => name.exec(event)?.[1]),
        [...events],
      );
    }
    if (options.name !== undefined) return;
    const { namespace, labelSelector, fieldSelector } = options;
    const list = await cache.list({
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    });
    t.deepEqual(
      Array.from(list.objects(), (object) => `${object.namespace}/${object.name}`),
      [...events],
    );
  });
}

cacheTest('leaving the selector is DELETED, with the last matching version', async (t, engine) => {
  const cache = standAlone(t, engine);
  const put = (labels: Record<string, string>, value: number): void =>
    void cache.apply({ type: 'put', object: widget('ns', 'p', { labels, value }) });
  const stream = await cache.watch({ labelSelector: 'app=x', resourceVersion: '1' });
  put({ app: 'y' }, 1);
  put({ app: 'x' }, 2);
  put({ app: 'x' }, 3);
  put({ app: 'z' }, 4);
  cache.apply({ type: 'delete', namespace: 'ns', name: 'p' });
  put({ app: 'x' }, 5);
  cache.apply({ type: 'delete', namespace: 'ns', name: 'p' });
  const drained = stream.source().drain(100);
  t.is(drained.type, 'events');
  if (drained.type !== 'events') return;
  t.deepEqual(
    drained.events.map((event) => {
      if (event.type === 'BOOKMARK') return [];
      const { metadata, spec } = event.object.parse();
      return [event.type, event.object.resourceVersion, metadata.resourceVersion, spec?.value];
    }),
    [
      ['ADDED', '3', '3', 2],
      ['MODIFIED', '4', '4', 3],
      ['DELETED', '5', '5', 3],
      ['ADDED', '7', '7', 5],
      ['DELETED', '8', '8', 5],
    ],
  );
});

interface RefusedRow {
  readonly options: CacheWatchOptions;
  readonly code: CacheErrorCode;
  readonly message: string | RegExp;
}

const REFUSED: readonly RefusedRow[] = [
  {
    options: { resourceVersion: 'x1' },
    code: 'invalid-resource-version',
    message: /^invalid resource version: 'x1'/,
  },
  { options: { labelSelector: 'a in (' }, code: 'invalid-selector', message: /./ },
  { options: { fieldSelector: 'metadata.name' }, code: 'invalid-selector', message: /./ },
  {
    options: { fieldSelector: 'spec.size=1' },
    code: 'field-not-supported',
    message: 'field label not supported: spec.size',
  },
  { options: { timeoutMs: -1 }, code: 'invalid-options', message: /timeoutMs/ },
  { options: { timeoutMs: Number.NaN }, code: 'invalid-options', message: /timeoutMs/ },
  {
    options: { namespace: 7 as unknown as string },
    code: 'invalid-options',
    message: 'namespace is not a string but a number',
  },
  { options: { signal: AbortSignal.abort() }, code: 'aborted', message: /aborted/ },
];

for (const { options, code, message } of REFUSED) {
  const { signal, ...shown } = options;
  cacheTest(
    `a watch ${signal ? 'aborted before' : JSON.stringify(shown)} is refused`,
    async (t, e) => {
      const cache = standAlone(t, e);
      await rejects(t, () => cache.watch(options), code, message);
      t.is(cache.stats().watches, 0);
    },
  );
}

cacheTest('a watch that can not get fresh is refused after 3 s', async (t, engine) => {
  const clock = new ManualClock();
  const storage = new GatedStorage();
  const cache = fed(t, engine, storage, { clock });
  await cache.ready();
  storage.hold();
  await store(storage, widget('ns', 'a'));
  const opening = cache.watch();
  await turn();
  clock.advance(3_000);
  await rejects(t, () => opening, 'resource-version-too-large');
});

cacheTest('a watch that waits to be fresh can be aborted', async (t, engine) => {
  const storage = new GatedStorage();
  const cache = fed(t, engine, storage);
  await cache.ready();
  storage.hold();
  await store(storage, widget('ns', 'a'));
  const abort = new AbortController();
  const opening = cache.watch({ signal: abort.signal });
  await turn();
  abort.abort(new Error('enough'));
  const error = await rejects(t, () => opening, 'aborted');
  t.is((error.cause as Error).message, 'enough');
});

cacheTest('a cache counts the watches that it has ended, by reason', async (t, engine) => {
  const history = { windowMs: 0, entriesMin: 1, entriesMax: 1 };
  const cache = standAlone(t, engine, { history });
  const slow = (await cache.watch()).source();
  for (const name of ['a', 'b', 'c']) cache.apply({ type: 'put', object: widget('ns', name) });
  t.deepEqual(slow.drain(9), { type: 'end', reason: 'expired' });
  t.deepEqual(cache.stats().watchesTerminated, { expired: 1, replaced: 0 });
  const lost = (await cache.watch()).source();
  const left = await cache.watch();
  left.close();
  cache.replace([]);
  t.deepEqual(lost.drain(9), { type: 'end', reason: 'replaced' });
  t.deepEqual(cache.stats().watchesTerminated, { expired: 1, replaced: 1 });
});

cacheTest('bookmarks and the deadline run on the clock of the cache', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock, random: () => 0 });
  const stream = await cache.watch({ allowBookmarks: true, timeoutMs: 130_000 });
  const silent = await cache.watch();
  const source = stream.source();
  t.deepEqual(drain(source), []);
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  clock.advance(60_000);
  t.deepEqual(drain(source), ['ADDED ns/a@2', 'BOOKMARK @2']);
  clock.advance(60_000);
  t.deepEqual(drain(source), ['BOOKMARK @2']);
  clock.advance(8_000);
  t.deepEqual(drain(source), ['BOOKMARK @2'], 'two seconds before the end');
  clock.advance(2_000);
  t.deepEqual(source.drain(1), { type: 'end', reason: 'timeout' });
  t.deepEqual(drain(silent.source()), ['ADDED ns/a@2']);
  t.is(cache.stats().watches, 1);
});

cacheTest('the stream of another version is served in it', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  const apiVersion = 'example.com/v2';
  const { value } = await (await cache.watch({ apiVersion }))[Symbol.asyncIterator]().next();
  t.is(value?.type === 'ADDED' ? value.object.parse().apiVersion : undefined, apiVersion);
  t.is((await cache.get('ns', 'a', { apiVersion }))?.parse().apiVersion, apiVersion);
  t.is((await cache.list({ apiVersion })).items()[0]?.apiVersion, apiVersion);
});
