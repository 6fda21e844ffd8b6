/** A cache is compared with its storage, and filled anew where the two differ. */

import test, { type ExecutionContext } from 'ava';

import { contentHash } from '../../lib/cache/content-hash.js';
import {
  type ConsistencyReport,
  WatchCache,
  type WatchCacheOptions,
} from '../../lib/cache/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { MemoryStorage, type StorageChange } from '../../lib/storage/index.js';
import { LmdbStorage } from '../../lib/storage/lmdb/index.js';
import { ManualClock } from '../clock.js';
import { makeFolder } from '../storage/folder.js';
import {
  cacheTest,
  fed,
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
import { PlantedStorage } from './planted-storage.js';

interface Scene {
  readonly storage: PlantedStorage;
  readonly clock: ManualClock;
  readonly cache: WatchCache<Widget>;
  readonly reports: ConsistencyReport[];
  readonly lost: unknown[];
}

const INTERVAL_MS = 300_000;

/** A cache of the widgets a, b and c, at the revisions 2 to 4. */
async function scene(
  t: ExecutionContext,
  engine: EngineKind,
  options: WatchCacheOptions = {},
): Promise<Scene> {
  const storage = new PlantedStorage();
  const clock = new ManualClock(0);
  const reports: ConsistencyReport[] = [];
  const lost: unknown[] = [];
  for (const name of ['a', 'b', 'c']) await store(storage, widget('ns', name, { value: 1 }));
  const cache = fed(t, engine, storage, {
    clock,
    observer: {
      onConsistencyCheck: (report) => reports.push(report),
      onLost: (cause) => lost.push(cause),
    },
    ...options,
  });
  await cache.ready();
  await turn();
  return { storage, clock, cache, reports, lost };
}

async function settle(): Promise<void> {
  for (let count = 0; count < 10; count++) await turn();
}

interface Planted {
  readonly title: string;
  readonly plant: (change: StorageChange) => StorageChange | undefined;
  /** Makes the change that the cache is told wrongly of. */
  readonly write: (storage: PlantedStorage) => Promise<unknown>;
  readonly difference: Pick<
    NonNullable<ConsistencyReport['difference']>,
    'namespace' | 'name' | 'cached' | 'stored'
  >;
  readonly says: string;
}

const PLANTED: readonly Planted[] = [
  {
    title: 'another value at the same revision',
    plant: (change) => ({
      ...change,
      value: Buffer.from(JSON.stringify(widget('ns', 'b', { value: 9 }))),
    }),
    write: (storage) => store(storage, widget('ns', 'b', { value: 2 })),
    difference: { namespace: 'ns', name: 'b', cached: '5', stored: '5' },
    says: 'the cache has another ns/b at 5 than its storage',
  },
  {
    title: 'a change that is not told',
    plant: () => undefined,
    write: (storage) => store(storage, widget('ns', 'b', { value: 2 })),
    difference: { namespace: 'ns', name: 'b', cached: '3', stored: '5' },
    says: 'the cache has ns/b at 3, its storage at 5',
  },
  {
    title: 'a creation that is not told',
    plant: () => undefined,
    write: (storage) => store(storage, widget('ns', 'bb')),
    difference: { namespace: 'ns', name: 'bb', cached: undefined, stored: '5' },
    says: 'the cache lacks ns/bb, which its storage has',
  },
  {
    title: 'a creation at the end that is not told',
    plant: () => undefined,
    write: (storage) => store(storage, widget('zz', 'a')),
    difference: { namespace: 'zz', name: 'a', cached: undefined, stored: '5' },
    says: 'the cache lacks zz/a, which its storage has',
  },
  {
    title: 'a deletion in the middle that is not told',
    plant: () => undefined,
    write: (storage) => unstore(storage, 'ns', 'a'),
    difference: { namespace: 'ns', name: 'a', cached: '2', stored: undefined },
    says: 'the cache has ns/a, which its storage has not',
  },
  {
    title: 'a deletion at the end that is not told',
    plant: () => undefined,
    write: (storage) => unstore(storage, 'ns', 'c'),
    difference: { namespace: 'ns', name: 'c', cached: '4', stored: undefined },
    says: 'the cache has ns/c, which its storage has not',
  },
];

for (const { title, plant, write, difference, says } of PLANTED) {
  cacheTest(`${title} is found, and the cache filled anew`, async (t, engine) => {
    const { storage, clock, cache, reports, lost } = await scene(t, engine);
    storage.plant = plant;
    await write(storage);
    await turn();
    storage.plant = (change) => change;
    t.is(cache.resourceVersion, '5');
    const { generation } = cache.stats();
    const stream = await cache.watch({ resourceVersion: '4' });

    const report = await cache.checkConsistency();
    t.like(report, { status: 'failure', resourceVersion: '5', difference });
    t.regex(report.difference!.cachedHash, /^[0-9a-f]{64}$/);
    t.not(report.difference!.cachedHash, report.difference!.storedHash);
    t.deepEqual(reports, [report]);
    t.deepEqual(
      lost.map((cause) => (cause as Error).message),
      [says],
    );

    t.is(stream.endReason, 'replaced');
    t.false(cache.isReady);
    const message = `storage is (re)initializing: ${says}`;
    await rejects(t, () => cache.list({ resourceVersion: '0' }), 'not-ready', message);
    await rejects(t, () => cache.snapshot('4'), 'not-ready');
    clock.advance(1_000);
    await cache.ready();
    t.is(cache.stats().generation, generation + 1);
    const { values } = await storage.inner.list(PREFIX);
    t.deepEqual(
      keys(await cache.list()),
      values.map(({ key, revision }) => `${key.slice(PREFIX.length)}@${revision}`),
    );
    t.is((await cache.checkConsistency()).status, 'success');
  });
}

cacheTest('equal ones are told to be', async (t, engine) => {
  const { cache, storage, reports } = await scene(t, engine);
  await store(storage, widget('other', 'a', { labels: { x: 'é', a: '1' }, color: 'red' }));
  await unstore(storage, 'ns', 'b');
  await turn();
  const { generation } = cache.stats();
  const report = await cache.checkConsistency();
  t.deepEqual(report, { status: 'success', objects: 3, resourceVersion: '6', durationMs: 0 });
  t.deepEqual(reports, [report]);
  t.true(cache.isReady);
  t.is(cache.stats().generation, generation);
});

cacheTest('what is written meanwhile is no difference', async (t, engine) => {
  const { cache, storage } = await scene(t, engine);
  for (let index = 0; index < 400; index++) await store(storage, widget('ns', `x${index}`));
  await turn();
  let pages = 0;
  storage.beforeList = async () => {
    pages++;
    await unstore(storage, 'ns', `x${pages}`);
    await store(storage, widget('ns', `y${pages}`));
    await turn();
  };
  const report = await cache.checkConsistency();
  t.like(report, { status: 'success', objects: 403, resourceVersion: '404' });
  t.true(pages >= 2);
});

cacheTest(
  'a type without objects and one without namespaces are compared, too',
  async (t, engine) => {
    const storage = new MemoryStorage();
    const prefix = '/example.com/racks/';
    const feed = { storage, prefix, namespaced: false };
    const cache = standAlone(t, engine, { feed });
    await cache.ready();
    t.like(await cache.checkConsistency(), { status: 'success', objects: 0 });
    const value = Buffer.from(JSON.stringify(widget('', 'a')));
    await storage.write({ key: `${prefix}a`, expected: 0n, value });
    await turn();
    t.like(await cache.checkConsistency(), { status: 'success', objects: 1 });
  },
);

cacheTest('it is compared with a durable store', async (t, engine) => {
  const storage = await LmdbStorage.open({ path: await makeFolder(t) });
  t.teardown(() => storage.close());
  for (let index = 0; index < 300; index++) {
    await store(storage, widget(`ns${index % 7}`, `w${index}`, { value: index }));
  }
  const cache = fed(t, engine, storage);
  await cache.ready();
  t.like(await cache.checkConsistency(), { status: 'success', objects: 300 });
});

cacheTest('pages are bounded in objects and in bytes', async (t, engine) => {
  const { cache, storage } = await scene(t, engine);
  const large = (name: string): Widget =>
    widget('ns', name, { labels: {}, color: 'x'.repeat(300_000) });
  for (let index = 0; index < 20; index++) await store(storage, large(`large${index}`));
  for (let index = 0; index < 500; index++) await store(storage, widget('small', `w${index}`));
  await turn();
  storage.limits.length = 0;
  t.is((await cache.checkConsistency()).status, 'success');
  t.is(storage.limits[0], 16);
  t.true(storage.limits.includes(3), 'three of 300 000 bytes make a page');
  t.is(Math.max(...storage.limits.map((limit) => limit!)), 500);
});

cacheTest('the event loop turns after each slice of a page', async (t, engine) => {
  const { cache, storage } = await scene(t, engine);
  for (let index = 0; index < 1_000; index++) await store(storage, widget('ns', `x${index}`));
  await turn();
  storage.limits.length = 0;
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  t.is((await cache.checkConsistency()).objects, 1_003);
  isOver = true;
  t.true(turns >= 1_003 / 64, `${turns} turns, ${storage.limits.length} pages`);
  t.true(storage.limits.length <= 4, 'pages are larger than slices');
});

cacheTest('it is compared after each period, which has jitter', async (t, engine) => {
  const chances = [0, 0.5, 0.9];
  const random = (): number => chances.shift() ?? 0;
  const options = { random, consistencyCheckIntervalMs: 10_000 };
  const { clock, reports } = await scene(t, engine, options);
  const times: number[] = [];
  while (times.length < 3) {
    clock.advance(250);
    await turn();
    while (times.length < reports.length) times.push(clock.now());
  }
  t.deepEqual(times, [10_000, 22_500, 37_000]);
  t.deepEqual(
    reports.map(({ status }) => status),
    ['success', 'success', 'success'],
  );
});

cacheTest('the period is five minutes, and 0 is never', async (t, engine) => {
  const { clock, reports } = await scene(t, engine);
  clock.advance(INTERVAL_MS - 1);
  await settle();
  t.is(reports.length, 0);
  clock.advance(1);
  await settle();
  t.is(reports.length, 1);
  const never = await scene(t, engine, { consistencyCheckIntervalMs: 0 });
  never.clock.advance(10 * INTERVAL_MS);
  await settle();
  t.is(never.reports.length, 0);
});

cacheTest('what can not be compared says nothing of the cache', async (t, engine) => {
  const { clock, cache, storage, reports } = await scene(t, engine);
  storage.beforeList = () => Promise.reject(new Error('no leader'));
  t.like(await cache.checkConsistency(), { status: 'error', error: { message: 'no leader' } });
  storage.beforeList = async () => {
    await store(storage, widget('ns', 'd'));
    await storage.compact(storage.committedRevision());
  };
  t.like(await cache.checkConsistency(), { status: 'error', error: { code: 'compacted' } });
  storage.beforeList = () => {};
  const { generation } = cache.stats();
  t.true(cache.isReady);
  // Another comparison finds a difference first: the cache that this one looked at is gone.
  storage.plant = () => undefined;
  await store(storage, widget('ns', 'e'));
  await turn();
  storage.plant = (change) => change;
  await cache.checkConsistency();
  t.like(await cache.checkConsistency(), { status: 'error', error: { code: 'not-ready' } });
  clock.advance(1_000);
  await cache.ready();
  t.is(cache.stats().generation, generation + 1);
  t.deepEqual(
    reports.map(({ status }) => status),
    ['error', 'error', 'failure', 'error'],
  );
});

cacheTest('who asks while it is compared gets that report', async (t, engine) => {
  const { cache, reports } = await scene(t, engine);
  const [one, other] = await Promise.all([cache.checkConsistency(), cache.checkConsistency()]);
  t.is(one, other);
  t.is(reports.length, 1);
  t.not(await cache.checkConsistency(), one);
});

cacheTest('a cache that is closed stops comparing', async (t, engine) => {
  const { clock, cache, storage, reports } = await scene(t, engine);
  let release = (): void => {};
  storage.beforeList = () => new Promise((resolve) => void (release = resolve));
  const checking = cache.checkConsistency();
  checking.catch(() => undefined);
  await cache.close();
  release();
  await rejects(t, () => checking, 'closed');
  await rejects(t, () => cache.checkConsistency(), 'closed');
  t.is(reports.length, 0);
  t.is(clock.pending, 0);
});

cacheTest('only a cache that is fed is compared', async (t, engine) => {
  await rejects(t, () => standAlone(t, engine).checkConsistency(), 'invalid-options');
});

test('native: a thread that attached leaves it to the owner', async (t) => {
  const { cache } = await scene(t, 'native');
  const attached = new WatchCache<Widget>({ share: cache.share() });
  t.teardown(() => attached.close());
  await rejects(t, () => attached.checkConsistency(), 'invalid-options');
});

test('parts of objects are hashed with their lengths', (t) => {
  const bytes = Buffer.from('{}');
  const hash = (...rows: readonly (readonly [string, string, bigint, Uint8Array])[]): string =>
    contentHash(
      rows.map(([namespace, name, revision, object]) => ({ namespace, name, revision, object })),
    );
  const rows = [
    hash(['ab', 'c', 1n, bytes]),
    hash(['a', 'bc', 1n, bytes]),
    hash(['a', 'b', 1n, Buffer.from('c{}')]),
    hash(['ab', 'c', 2n, bytes]),
    hash(['ab', 'c', 2n ** 40n, bytes]),
    hash(['ab', 'c', 1n, Buffer.from('[]')]),
    hash(['ab', 'c', 1n, bytes], ['', '', 0n, Buffer.alloc(0)]),
    hash(),
  ];
  t.is(new Set(rows).size, rows.length);
  t.is(rows[0], hash(['ab', 'c', 1n, bytes]));
});
