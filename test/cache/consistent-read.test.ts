/**
 * Reads of the newest state over a storage that tells how far it is only when it is asked
 * (KEP-2340), and what becomes of those that are not answered in time.
 */

import test, { type ExecutionContext } from 'ava';

import { WatchCache, type WatchCacheOptions } from '../../lib/cache/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { ManualClock } from '../clock.js';
import { AskedStorage } from './asked-storage.js';
import {
  cacheTest,
  fed,
  isPending,
  keys,
  PREFIX,
  rejects,
  store,
  turn,
  type Widget,
  widget,
} from './fixture.js';

interface Scene {
  readonly storage: AskedStorage;
  readonly clock: ManualClock;
  readonly cache: WatchCache<Widget>;
}

/** A cache of one widget, at revision 2, and its storage. */
async function scene(
  t: ExecutionContext,
  engine: EngineKind,
  options: WatchCacheOptions = {},
): Promise<Scene> {
  const clock = new ManualClock(0);
  const storage = new AskedStorage(() => clock.now());
  await store(storage, widget('ns', 'a'));
  const cache = fed(t, engine, storage, { clock, ...options });
  await cache.ready();
  await turn();
  storage.reads.length = 0;
  return { storage, clock, cache };
}

/** Writes to another type, which the cache's watch says nothing of by itself. */
async function writeElsewhere(storage: AskedStorage, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await storage.write({ key: `/elsewhere/${index}`, expected: 0n, value: Buffer.from('{}') });
  }
}

async function pass(clock: ManualClock, durationMs: number, stepMs: number): Promise<void> {
  for (let passed = 0; passed < durationMs; passed += stepMs) {
    clock.advance(stepMs);
    await turn();
  }
}

cacheTest(
  'what other types have moved on is asked for, and read from the cache',
  async (t, kind) => {
    const { storage, cache } = await scene(t, kind);
    await writeElsewhere(storage, 5);
    const list = await cache.list();
    t.is(list.resourceVersion, '7');
    t.deepEqual(keys(list), ['ns/a@2']);
    t.is((await cache.get('ns', 'a'))?.resourceVersion, '2');
    t.deepEqual(storage.requests, [0], 'the GET had nothing to wait for');
    t.deepEqual(storage.reads, []);
  },
);

cacheTest('it is asked every 100 ms while reads wait, however many they are', async (t, kind) => {
  const { storage, clock, cache } = await scene(t, kind);
  storage.isAnswering = false;
  await writeElsewhere(storage, 1);
  const reads = Array.from({ length: 50 }, () => cache.list());
  await turn();
  await pass(clock, 1_040, 10);
  t.deepEqual(storage.requests, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
  storage.isAnswering = true;
  await pass(clock, 60, 10);
  t.deepEqual(
    (await Promise.all(reads)).map(({ resourceVersion }) => resourceVersion),
    reads.map(() => '3'),
  );
  t.is(storage.requests.length, 12);
  await pass(clock, 10_000, 500);
  t.is(storage.requests.length, 12, 'nobody waits any more');
});

cacheTest('reads that come one after the other do not ask more often', async (t, kind) => {
  const { storage, clock, cache } = await scene(t, kind);
  for (let round = 0; round < 5; round++) {
    await storage.write({ key: `/other/${round}`, expected: 0n, value: Buffer.from('{}') });
    const read = cache.list();
    await pass(clock, 50, 10);
    await pass(clock, 50, 10);
    t.is((await read).resourceVersion, String(3 + round));
  }
  const gaps = storage.requests.slice(1).map((time, index) => time - storage.requests[index]!);
  t.true(
    gaps.every((gap) => gap >= 100),
    gaps.join(),
  );
});

cacheTest('who waits for a revision that is to come has it asked for, too', async (t, kind) => {
  const { storage, clock, cache } = await scene(t, kind);
  const early = cache.get('ns', 'a', { resourceVersion: '4' });
  const exact = cache.list({ resourceVersion: '4', resourceVersionMatch: 'Exact' });
  t.true(await isPending(early));
  await writeElsewhere(storage, 2);
  await pass(clock, 200, 50);
  t.is((await early)?.resourceVersion, '2');
  t.is((await exact).resourceVersion, '4');
  const late = cache.list({ resourceVersion: '9' });
  late.catch(() => undefined);
  await pass(clock, 3_000, 50);
  await rejects(t, () => late, 'resource-version-too-large', /: 9, current: 4$/);
  const asked = storage.requests.length;
  await pass(clock, 5_000, 500);
  t.is(storage.requests.length, asked);
});

cacheTest('a storage watch that is resumed is asked at once', async (t, kind) => {
  const { storage, clock, cache } = await scene(t, kind);
  clock.advance(5_000);
  storage.isAnswering = false;
  await writeElsewhere(storage, 1);
  const read = cache.list();
  await turn();
  clock.advance(30);
  storage.isAnswering = true;
  storage.endWatches();
  await turn();
  t.is((await read).resourceVersion, '3');
  t.deepEqual(storage.requests, [5_000, 5_030]);
});

cacheTest('a cache that is closed asks nobody', async (t, kind) => {
  const { storage, clock, cache } = await scene(t, kind);
  storage.isAnswering = false;
  await writeElsewhere(storage, 1);
  const read = cache.list();
  await turn();
  await cache.close();
  await rejects(t, () => read, 'closed');
  t.is(clock.pending, 0);
});

cacheTest('who gives up does not wait for a storage that says nothing', async (t, kind) => {
  const { storage, cache } = await scene(t, kind);
  storage.isTelling = false;
  const abort = new AbortController();
  const { signal } = abort;
  const reads = [cache.list({ signal }), cache.get('ns', 'a', { signal }), cache.watch({ signal })];
  for (const read of reads) t.true(await isPending(read));
  abort.abort();
  for (const read of reads) await rejects(t, () => read, 'aborted');
});

cacheTest('a read that is late is answered by the storage', async (t, kind) => {
  const { storage, clock, cache } = await scene(t, kind);
  storage.isAnswering = false;
  await writeElsewhere(storage, 1);
  const list = cache.list();
  const get = cache.get('ns', 'a');
  await turn();
  await pass(clock, 3_000, 500);
  t.is((await list).resourceVersion, '3');
  t.is((await get)?.resourceVersion, '2');
  t.deepEqual(storage.reads, [`list ${PREFIX}@newest`, `get ${PREFIX}ns/a`]);
});

cacheTest('a list that is late is refused where the storage is to be spared', async (t, kind) => {
  const { storage, clock, cache } = await scene(t, kind, { freshnessFallback: 'refuse' });
  storage.isAnswering = false;
  await writeElsewhere(storage, 1);
  const list = cache.list({ limit: 1 });
  list.catch(() => undefined);
  const get = cache.get('ns', 'a');
  const notOlder = cache.list({ resourceVersion: '3' });
  notOlder.catch(() => undefined);
  await turn();
  await pass(clock, 3_000, 500);
  const message = 'Timeout: Too large resource version: 3, current: 2';
  const error = await rejects(t, () => list, 'not-fresh', message);
  t.like(error, { requested: '3', current: '2', retryAfterSeconds: 1 });
  t.is((await get)?.resourceVersion, '2', 'one key costs the storage little');
  await rejects(t, () => notOlder, 'resource-version-too-large');
  t.deepEqual(storage.reads, [`get ${PREFIX}ns/a`]);
});

cacheTest('who answers late reads is one of two', (t, kind) => {
  t.throws(() => new WatchCache({ engine: kind, freshnessFallback: 'cache' as never }), {
    code: 'invalid-options',
    message: 'option freshnessFallback must be storage or refuse',
  });
});

test('native: a thread that attached has the owner ask', async (t) => {
  const { storage, clock, cache } = await scene(t, 'native');
  const attached = new WatchCache<Widget>({ share: cache.share(), clock });
  t.teardown(() => attached.close());
  await writeElsewhere(storage, 1);
  t.is((await attached.list()).resourceVersion, '3');
  t.is(storage.requests.length, 1);
  clock.advance(200);
  await storage.write({ key: '/elsewhere/x', expected: 0n, value: Buffer.from('{}') });
  t.is((await attached.list({ resourceVersion: '4' })).resourceVersion, '4');
  t.is(storage.requests.length, 2);
});
