/**
 * Exact revisions and pages out of a fed cache's history (KEP-4988): what they give, where they
 * come from, how long they can be had, and what they cost.
 */

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';

import { WatchCache, type WatchCacheOptions } from '../../lib/cache/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { StorageError } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';
import {
  cacheTest,
  fed,
  keys,
  PREFIX,
  pullText,
  rejects,
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
  const cache = fed(t, engine, storage, { clock, consistencyCheckIntervalMs: 0, ...options });
  await cache.ready();
  await turn();
  storage.reads.length = 0;
  return { storage, clock, cache };
}

const exactly = (revision: bigint | number) =>
  ({ resourceVersion: String(revision), resourceVersionMatch: 'Exact' }) as const;

/** What the cache has listed of its storage. */
const lists = (storage: GatedStorage): readonly string[] =>
  storage.reads.filter((read) => read.startsWith('list'));

async function writeElsewhere(storage: GatedStorage, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const key = `/elsewhere/${storage.inner.committedRevision()}`;
    await storage.write({ key, expected: 0n, value: Buffer.from('{}') });
  }
}

cacheTest('every revision of the history is what the storage had at it', async (t, kind) => {
  const write = fc.record({
    namespace: fc.constantFrom('a', 'b', 'elsewhere'),
    name: fc.constantFrom('x', 'y', 'z'),
    value: fc.nat(1_000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 60 }), async (writes) => {
      const { storage, cache } = await scene(t, kind);
      for (const { namespace, name, value } of writes) {
        if (namespace === 'elsewhere') await writeElsewhere(storage, 1);
        else if (value % 4 > 0) await store(storage, widget(namespace, name, { value }));
        else await unstore(storage, namespace, name).catch(() => undefined);
      }
      await turn();
      const newest = await storage.inner.committedRevision();
      storage.reads.length = 0;
      for (let revision = 1n; revision <= newest; revision++) {
        const list = await cache.list(exactly(revision));
        const { values } = await storage.inner.list(PREFIX, { revision });
        t.is(list.resourceVersion, String(revision));
        t.deepEqual(
          keys(list),
          values.map((value) => `${value.key.slice(PREFIX.length)}@${value.revision}`),
        );
      }
      t.deepEqual(lists(storage), [], 'all of it came from the cache');
      await cache.close();
    }),
    { numRuns: 20 },
  );
});

cacheTest('a past revision is the same bytes whenever it is read', async (t, kind) => {
  const { storage, cache } = await scene(t, kind);
  for (const name of ['a', 'b', 'c']) await store(storage, widget('ns', name, { value: 1 }));
  await turn();
  const document = async (): Promise<string> =>
    pullText((await cache.list(exactly(4))).body('WidgetList', 'example.com/v1'));
  const before = await document();
  for (let value = 2; value < 40; value++) await store(storage, widget('ns', 'a', { value }));
  await unstore(storage, 'ns', 'b');
  await turn();
  t.is(await document(), before);
});

cacheTest('what history has dropped comes from the storage', async (t, kind) => {
  const history = { windowMs: 0, entriesMin: 2, entriesMax: 2 };
  const { storage, cache } = await scene(t, kind, { history });
  for (const name of ['a', 'b', 'c', 'd']) await store(storage, widget('ns', name));
  await turn();
  t.deepEqual(keys(await cache.list(exactly(4))), ['ns/a@2', 'ns/b@3', 'ns/c@4']);
  t.deepEqual(lists(storage), []);
  t.deepEqual(keys(await cache.list(exactly(2))), ['ns/a@2']);
  t.deepEqual(lists(storage), [`list ${PREFIX}@2`]);
});

cacheTest('what was before a new list comes from the storage', async (t, kind) => {
  const { storage, clock, cache } = await scene(t, kind);
  for (const name of ['a', 'b']) await store(storage, widget('ns', name));
  await turn();
  storage.endWatches(new StorageError('compacted', 'history is gone'));
  clock.advance(1_000);
  await cache.ready();
  storage.reads.length = 0;
  t.deepEqual(keys(await cache.list(exactly(3))), ['ns/a@2', 'ns/b@3']);
  t.deepEqual(lists(storage), []);
  t.deepEqual(keys(await cache.list(exactly(2))), ['ns/a@2']);
  t.deepEqual(lists(storage), [`list ${PREFIX}@2`]);
});

cacheTest('what the storage has compacted is gone, whatever history has', async (t, kind) => {
  const { storage, cache } = await scene(t, kind);
  for (const name of ['a', 'b', 'c', 'd']) await store(storage, widget('ns', name));
  await turn();
  const { continue: token } = await cache.list({ ...exactly(3), limit: 1 });
  await storage.compact(4n);
  await rejects(t, () => cache.list(exactly(3)), 'expired');
  const error = await rejects(t, () => cache.list({ continue: token! }), 'continue-expired');
  t.deepEqual(keys(await cache.list({ continue: error.continue! })), [
    'ns/b@3',
    'ns/c@4',
    'ns/d@5',
  ]);
  t.is((await cache.list(exactly(4))).resourceVersion, '4');
  t.deepEqual(lists(storage), []);
});

cacheTest('the newest state of a quiet type survives compaction', async (t, kind) => {
  const { storage, clock, cache } = await scene(t, kind);
  for (const name of ['a', 'b', 'c']) await store(storage, widget('ns', name));
  await turn();
  const first = await cache.list({ limit: 1 });
  await writeElsewhere(storage, 50);
  await storage.compact(4n);
  // Idle for long: history is trimmed, too.
  for (let count = 0; count < 20; count++) clock.advance(15_000);
  await turn();
  t.deepEqual(keys(await cache.list({ continue: first.continue!, limit: 1 })), ['ns/b@3']);
  await storage.compact(54n);
  t.deepEqual(keys(await cache.list(exactly(54))), ['ns/a@2', 'ns/b@3', 'ns/c@4']);
  const page = await cache.list({ limit: 2 });
  t.is(page.resourceVersion, '54');
  t.deepEqual(keys(await cache.list({ continue: page.continue! })), ['ns/c@4']);
  t.deepEqual(lists(storage), []);
});

cacheTest('versions that only history keeps are told, and bounded', async (t, kind) => {
  const bytesMax = 200_000;
  const { storage, cache } = await scene(t, kind, { history: { bytesMax } });
  const large = (value: number): Widget => widget('ns', 'a', { value, color: 'x'.repeat(10_000) });
  const live = (): number => cache.stats().bytesLive;
  let highest = 0;
  for (let value = 0; value < 100; value++) {
    await store(storage, large(value));
    await turn();
    const { bytesRetained } = cache.stats();
    t.true(bytesRetained <= bytesMax, `${bytesRetained} bytes after ${value} writes`);
    highest = Math.max(highest, bytesRetained);
  }
  t.true(highest > bytesMax - 2 * live(), 'the budget is used');
  // What somebody holds is kept beyond it, and told, until it is let go.
  const { roots } = cache.stats();
  const snapshot = cache.snapshot();
  t.is(cache.stats().roots, roots + 1);
  for (let value = 0; value < 30; value++) await store(storage, large(-value - 1));
  await turn();
  t.is(snapshot.get('ns', 'a')?.parse().spec?.value, 99);
  snapshot.close();
  await store(storage, large(0));
  await turn();
  t.is(cache.stats().roots, roots);
  t.true(cache.stats().bytesRetained <= bytesMax);
});

test('native: a thread that attached refuses what the owner’s storage has compacted', async (t) => {
  const { storage, clock, cache } = await scene(t, 'native');
  for (const name of ['a', 'b', 'c', 'd']) await store(storage, widget('ns', name));
  await turn();
  const attached = new WatchCache<Widget>({ share: cache.share(), clock });
  t.teardown(() => attached.close());
  t.deepEqual(keys(await attached.list(exactly(3))), ['ns/a@2', 'ns/b@3']);
  await storage.compact(4n);
  // The owner looks when something comes in, and every 15 s.
  clock.advance(15_000);
  await rejects(t, () => attached.list(exactly(3)), 'expired');
  t.is((await attached.list(exactly(4))).resourceVersion, '4');
  await storage.compact(5n);
  await store(storage, widget('ns', 'e'));
  await turn();
  await rejects(t, () => attached.list(exactly(4)), 'expired');
});
