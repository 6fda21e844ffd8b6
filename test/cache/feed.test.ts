/** A cache that follows a storage: filling, freshness, resuming, losing history, and giving up. */

import type { ExecutionContext } from 'ava';
import fc from 'fast-check';

import type { CacheError, WatchCache, WatchCacheOptions } from '../../lib/cache/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { MemoryStorage, StorageError } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';
import {
  cacheTest,
  drain,
  fed,
  isPending,
  keys,
  PREFIX,
  rejects,
  standAlone,
  store,
  turn,
  unstore,
  type Widget,
  widget,
} from './fixture.js';
import { GatedStorage } from './gated-storage.js';

interface Scene {
  readonly storage: GatedStorage;
  readonly clock: ManualClock;
  readonly cache: WatchCache<Widget>;
}

async function scene(
  t: ExecutionContext,
  engine: EngineKind,
  options: WatchCacheOptions = {},
): Promise<Scene> {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  const cache = fed(t, engine, storage, { clock, ...options });
  await cache.ready();
  await turn();
  return { storage, clock, cache };
}

/** Lets the clock go on in steps, with turns of the loop between them. */
async function pass(clock: ManualClock, durationMs: number, stepMs = 1_000): Promise<void> {
  for (let passed = 0; passed < durationMs; passed += stepMs) {
    clock.advance(Math.min(stepMs, durationMs - passed));
    await turn();
  }
}

cacheTest('it is filled page by page, at one revision', async (t, engine) => {
  const storage = new GatedStorage();
  const count = 10_001;
  const value = (index: number): Uint8Array =>
    Buffer.from(JSON.stringify(widget('ns', `w${index}`)));
  for (let index = 0; index < count; index++) {
    await storage.write({ key: `${PREFIX}ns/w${index}`, expected: 0n, value: value(index) });
  }
  const cache = fed(t, engine, storage);
  t.false(cache.isReady);
  t.is(cache.resourceVersion, '0');
  await cache.ready();
  t.is(cache.stats().objects, count);
  t.is(cache.resourceVersion, String(count + 1));
  t.deepEqual(storage.reads, [`list ${PREFIX}@newest`, `list ${PREFIX}@${count + 1}`]);
});

cacheTest('keys beside its prefix are none of its own', async (t, engine) => {
  const storage = new MemoryStorage();
  await storage.write({
    key: '/example.com/widgetshops/ns/a',
    expected: 0n,
    value: Buffer.from('{}'),
  });
  await store(storage, widget('ns', 'a'));
  const cache = fed(t, engine, storage);
  await cache.ready();
  t.deepEqual(keys(await cache.list()), ['ns/a@3']);
});

cacheTest('a type without namespaces lives right below its prefix', async (t, engine) => {
  const storage = new GatedStorage();
  const prefix = '/example.com/racks/';
  const write = async (name: string): Promise<unknown> =>
    storage.write({
      key: prefix + name,
      expected: 0n,
      value: Buffer.from(JSON.stringify(widget('', name))),
    });
  await write('a');
  const cache = standAlone(t, engine, { feed: { storage, prefix, namespaced: false } });
  await cache.ready();
  await write('b');
  const first = await cache.list({ limit: 1 });
  t.is(Buffer.from(first.continue!, 'base64url').toString().includes('"start":"a\\u0000"'), true);
  t.deepEqual(keys(first), ['/a@2']);
  t.deepEqual(keys(await cache.list({ continue: first.continue! })), ['/b@3']);
  t.is((await cache.get('', 'b'))?.resourceVersion, '3');
  storage.reads.length = 0;
  t.deepEqual(keys(await cache.list({ fieldSelector: 'metadata.name=b', limit: 1 })), ['/b@3']);
  t.deepEqual(storage.reads, []);
});

cacheTest('while it is filled, the storage answers what it can', async (t, engine) => {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  for (const name of ['a', 'b', 'c']) await store(storage, widget('ns', name));
  storage.listFailures.push(new StorageError('unavailable', 'no leader'));
  const cache = fed(t, engine, storage, { clock });
  await turn();
  t.false(cache.isReady);
  t.is((await cache.get('ns', 'a'))?.resourceVersion, '2');
  t.is((await cache.get('ns', 'a', { resourceVersion: '3' }))?.resourceVersion, '2');
  t.is(await cache.get('ns', 'x'), undefined);
  await rejects(
    t,
    () => cache.get('ns', 'a', { resourceVersion: '9' }),
    'resource-version-too-large',
  );
  const page = await cache.list({ limit: 2 });
  t.deepEqual(keys(page), ['ns/a@2', 'ns/b@3']);
  t.deepEqual(keys(await cache.list({ limit: 2, continue: page.continue! })), ['ns/c@4']);
  t.deepEqual(keys(await cache.list({ resourceVersion: '0', limit: 1 })), ['ns/a@2']);
  t.deepEqual(keys(await cache.list({ resourceVersion: '3', limit: 9 })), ['ns/a@2', 'ns/b@3']);
  await rejects(
    t,
    () => cache.list({ resourceVersion: '9', limit: 9 }),
    'resource-version-too-large',
  );
  const refused: readonly (() => unknown)[] = [
    () => cache.list(),
    () => cache.list({ resourceVersion: '0' }),
    () => cache.list({ limit: 1, labelSelector: 'a=b' }),
    () => cache.watch(),
    () => cache.watch({ resourceVersion: '3' }),
    () => cache.snapshot(),
    () => cache.getObject('ns', 'a'),
    () => cache.eventsSince('ns', '1'),
  ];
  const message = 'storage is (re)initializing: no leader';
  for (const call of refused) await rejects(t, call, 'not-ready', message);
  await pass(clock, 1_000);
  t.true(cache.isReady);
  t.deepEqual(keys(await cache.list()), ['ns/a@2', 'ns/b@3', 'ns/c@4']);
});

cacheTest('the advised pause grows with the absence', async (t, engine) => {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  for (let count = 0; count < 50; count++) {
    storage.listFailures.push(new StorageError('unavailable', 'no leader'));
  }
  const cache = fed(t, engine, storage, { clock });
  const pauses: (number | undefined)[] = [];
  for (const seconds of [0, 30, 15, 12, 100]) {
    await pass(clock, seconds * 1_000, 500);
    pauses.push((await rejects(t, () => cache.list(), 'not-ready')).retryAfterSeconds);
  }
  t.deepEqual(pauses, [1, 6, 14, 30, 30]);
});

cacheTest('attempts to fill it double their pauses up to half a minute', async (t, engine) => {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  const failure = new StorageError('unavailable', 'no leader');
  for (let count = 0; count < 20; count++) storage.listFailures.push(failure);
  fed(t, engine, storage, { clock, random: () => 1 });
  const start = clock.now();
  const times: number[] = [];
  let seen = 0;
  while (times.length < 12) {
    await turn();
    for (; seen < storage.reads.length; seen++) times.push(clock.now() - start);
    clock.advance(50);
  }
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  t.deepEqual(gaps, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
});

cacheTest('ready waits, can be aborted, and rejects when the cache closes', async (t, engine) => {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  storage.listFailures.push(new StorageError('unavailable', 'no leader'));
  const cache = fed(t, engine, storage, { clock });
  const abort = new AbortController();
  const aborted = cache.ready(abort.signal);
  const waiting = cache.ready();
  t.true(await isPending(waiting));
  abort.abort();
  await rejects(t, () => aborted, 'aborted');
  await rejects(t, () => cache.ready(abort.signal), 'aborted');
  t.true(await isPending(waiting));
  await pass(clock, 1_000);
  await waiting;
  const other = fed(t, engine, storage, { clock });
  const never = other.ready();
  await other.close();
  await rejects(t, () => never, 'closed');
});

cacheTest(
  'a value that is no object keeps it from being ready, and is named',
  async (t, engine) => {
    const storage = new GatedStorage();
    const clock = new ManualClock();
    await storage.write({ key: `${PREFIX}stray`, expected: 0n, value: Buffer.from('{}') });
    const cache = fed(t, engine, storage, { clock });
    await turn();
    const error = await rejects(t, () => cache.list(), 'not-ready');
    t.regex(error.message, /storage key \/example\.com\/widgets\/stray is not of the form/);
    await storage.write({ key: `${PREFIX}stray`, expected: 2n, value: null });
    await pass(clock, 2_000);
    t.true(cache.isReady);
  },
);

cacheTest('writes to other types unblock reads and move bookmarks', async (t, engine) => {
  const { storage, clock, cache } = await scene(t, engine);
  const stream = await cache.watch({ allowBookmarks: true });
  const source = stream.source();
  t.deepEqual(drain(source), []);
  const key = '/example.com/others/ns/a';
  for (let index = 0; index < 5; index++) {
    const current = await storage.get(key);
    await storage.write({
      key,
      expected: current?.revision ?? 0n,
      value: Buffer.from(`{"n":${index}}`),
    });
  }
  t.is((await cache.list()).resourceVersion, '6');
  clock.advance(61_000);
  t.deepEqual(drain(source), ['BOOKMARK @6']);
});

cacheTest('what was acknowledged is in every later read', async (t, engine) => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const write = fc.record({ name, value: fc.nat(1_000), turns: fc.nat(2) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(write, { maxLength: 8 }), { maxLength: 4 }),
      async (jobs) => {
        const storage = new MemoryStorage();
        const cache = fed(t, engine, storage);
        await cache.ready();
        // Each job owns its namespace, so that it knows what it has acknowledged.
        const run = async (
          job: readonly { name: string; value: number; turns: number }[],
          ns: number,
        ) => {
          const namespace = `ns${ns}`;
          const mine = new Map<string, string>();
          for (const { name, value, turns } of job) {
            const isDelete = value % 5 === 0 && mine.has(name);
            const revision = isDelete
              ? await unstore(storage, namespace, name)
              : await store(storage, widget(namespace, name, { value }));
            if (isDelete) mine.delete(name);
            else mine.set(name, revision);
            const list = await cache.list({ namespace });
            t.true(BigInt(list.resourceVersion) >= BigInt(revision));
            const listed = Array.from(list.objects(), (object) => object.name);
            t.deepEqual(listed, [...mine.keys()].sort());
            t.is((await cache.get(namespace, name))?.resourceVersion, mine.get(name));
            for (let count = 0; count < turns; count++) await turn();
          }
        };
        await Promise.all(jobs.map(run));
        await cache.close();
        await storage.close();
      },
    ),
    { numRuns: 25 },
  );
});

cacheTest('a storage watch that ends is resumed, and nobody notices', async (t, engine) => {
  const { storage, clock, cache } = await scene(t, engine);
  const { generation } = cache.stats();
  const stream = await cache.watch();
  const source = stream.source();
  await store(storage, widget('ns', 'a'));
  await pass(clock, 5_000);
  storage.endWatches(new StorageError('unavailable', 'connection lost'));
  await store(storage, widget('ns', 'b'));
  await turn();
  t.true(cache.isReady);
  t.deepEqual(drain(source), ['ADDED ns/a@2', 'ADDED ns/b@3']);
  t.deepEqual(storage.watchedFrom, [1n, 2n]);
  t.is(cache.stats().generation, generation);
  t.is(stream.endReason, undefined);
});

cacheTest('a watch that ends again and again is resumed with pauses', async (t, engine) => {
  const { storage, clock, cache } = await scene(t, engine);
  const failure = new StorageError('unavailable', 'no leader');
  for (let count = 0; count < 3; count++) storage.watchFailures.push(failure);
  storage.endWatches(failure);
  await turn();
  t.is(storage.watchedFrom.length, 1, 'not at once');
  await pass(clock, 2_000, 50);
  t.is(storage.watchedFrom.length, 5);
  t.true(cache.isReady);
  await store(storage, widget('ns', 'a'));
  t.deepEqual(keys(await cache.list()), ['ns/a@2']);
});

cacheTest('a storage that stays away makes it not ready', async (t, engine) => {
  const { storage, clock, cache } = await scene(t, engine);
  const stream = await cache.watch();
  const failure = new StorageError('unavailable', 'no leader');
  for (let count = 0; count < 200; count++) storage.watchFailures.push(failure);
  for (let count = 0; count < 5; count++) storage.listFailures.push(failure);
  storage.endWatches(failure);
  await pass(clock, 20_000);
  t.true(cache.isReady, 'reads of what there is go on');
  await pass(clock, 60_000);
  t.false(cache.isReady);
  t.is(stream.endReason, 'replaced');
  storage.watchFailures.length = 0;
  storage.listFailures.length = 0;
  await store(storage, widget('ns', 'a'));
  await pass(clock, 31_000);
  t.true(cache.isReady);
  t.deepEqual(keys(await cache.list()), ['ns/a@2']);
});

cacheTest('lost history leads to a new list and ends all watches', async (t, engine) => {
  const { storage, clock, cache } = await scene(t, engine);
  await store(storage, widget('ns', 'a'));
  await store(storage, widget('ns', 'b'));
  await turn();
  const { generation } = cache.stats();
  const stream = await cache.watch({ resourceVersion: '2' });
  const next = stream[Symbol.asyncIterator]();
  t.is((await next.next()).value?.object.resourceVersion, '3');
  storage.hold();
  await unstore(storage, 'ns', 'a');
  await store(storage, widget('ns', 'c'));
  await storage.compact(5n);
  storage.endWatches(new StorageError('compacted', 'history is gone'));
  t.false(cache.isReady);
  t.is(stream.endReason, 'replaced');
  const error = (await t.throwsAsync(next.next())) as CacheError;
  t.is(error.code, 'expired');
  const waiting = cache.ready();
  await pass(clock, 1_000);
  await waiting;
  storage.release();
  t.is(cache.stats().generation, generation + 1);
  t.deepEqual(keys(await cache.list()), ['ns/b@3', 'ns/c@5']);
  await rejects(
    t,
    () => cache.watch({ resourceVersion: '4' }),
    'expired',
    /^too old resource version: 4 \(5\)/,
  );
  t.is((await cache.watch({ resourceVersion: '5' })).resourceVersion, '5');
});

cacheTest('a change that can not be applied leads to a new list', async (t, engine) => {
  const { storage, clock, cache } = await scene(t, engine);
  const key = `${PREFIX}ns/a`;
  await storage.write({ key, expected: 0n, value: Buffer.from('no JSON') });
  await turn();
  t.false(cache.isReady);
  t.is(storage.watches, 0);
  await storage.write({ key, expected: 2n, value: Buffer.from(JSON.stringify(widget('ns', 'a'))) });
  await pass(clock, 2_000);
  t.deepEqual(keys(await cache.list()), ['ns/a@3']);
});

cacheTest('a read that waits while history is lost is answered afterwards', async (t, engine) => {
  const { storage, clock, cache } = await scene(t, engine);
  storage.hold();
  await store(storage, widget('ns', 'a'));
  const get = cache.get('ns', 'a');
  const list = cache.list();
  await turn();
  storage.endWatches(new StorageError('compacted', 'history is gone'));
  await pass(clock, 500, 50);
  t.is((await get)?.resourceVersion, '2');
  t.deepEqual(keys(await list), ['ns/a@2']);
});

cacheTest('an expiry of the storage is one DELETED', async (t, engine) => {
  const clock = new ManualClock();
  const storage = new MemoryStorage({ clock });
  const cache = fed(t, engine, storage, { clock });
  await cache.ready();
  await store(storage, widget('ns', 'a'), 10);
  const source = (await cache.watch({ resourceVersion: '2' })).source();
  await pass(clock, 20_000);
  t.deepEqual(drain(source), ['DELETED ns/a@3']);
  t.is((await cache.list()).resourceVersion, '3');
});

cacheTest('closing lets go of the storage, which stays open', async (t, engine) => {
  const { storage, clock, cache } = await scene(t, engine);
  t.is(storage.watches, 1);
  await cache.close();
  t.is(storage.watches, 0);
  t.is(clock.pending, 0);
  await t.notThrowsAsync(store(storage, widget('ns', 'a')));
});

cacheTest('closing while it is being filled leaves nothing behind', async (t, engine) => {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  await fed(t, engine, storage, { clock }).close();
  await turn();
  t.is(storage.watches, 0);
  storage.listFailures.push(new StorageError('unavailable', 'no leader'));
  const failing = fed(t, engine, storage, { clock });
  await turn();
  await failing.close();
  t.is(clock.pending, 0);
});
