/** Stand-alone caches that are filled late: not ready before, and when they are suspended. */

import test from 'ava';

import { WatchCache } from '../../lib/cache/index.js';
import { MemoryStorage } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';
import {
  cacheTest,
  fed,
  keys,
  rejects,
  serialCacheTest,
  standAlone,
  widget,
  type Widget,
} from './fixture.js';

cacheTest(
  'a pending cache refuses reads and changes until the first replace',
  async (t, engine) => {
    const clock = new ManualClock();
    const cache = standAlone(t, engine, { pending: true, clock });
    t.false(cache.isReady);
    const ready = cache.ready();
    await rejects(t, () => cache.list(), 'not-ready');
    await rejects(t, () => cache.list({ limit: 1 }), 'not-ready');
    await rejects(t, () => cache.get('team', 'a'), 'not-ready');
    await rejects(t, () => cache.watch(), 'not-ready');
    t.throws(() => cache.snapshot(), { code: 'not-ready' });
    t.throws(() => cache.apply({ type: 'put', object: widget('team', 'a') }), {
      code: 'not-ready',
    });

    t.is(
      cache.replace([widget('team', 'a')], { resourceVersion: '1700000000000000' }),
      '1700000000000000',
    );
    await ready;
    t.deepEqual(keys(await cache.list()), ['team/a@1700000000000000']);
    t.deepEqual(cache.apply({ type: 'put', object: widget('team', 'b') }), ['1700000000000001']);
  },
);

cacheTest('a suspended cache tells why, and ends its watches', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock });
  cache.apply({ type: 'put', object: widget('team', 'a') });
  const stream = await cache.watch();
  cache.suspend(new Error('the source is gone'));
  t.is(stream.endReason, 'replaced');
  clock.advance(30_000);
  const error = await t.throwsAsync(() => cache.list(), {
    code: 'not-ready',
    message: /the source is gone$/,
  });
  t.is((error as { retryAfterSeconds?: number }).retryAfterSeconds, 6);
  cache.replace([]);
  t.deepEqual(keys(await cache.list()), []);
});

cacheTest('the cause of a cache that was never filled may be told later', async (t, engine) => {
  const cache = standAlone(t, engine, { pending: true });
  await t.throwsAsync(() => cache.list(), { message: 'storage is (re)initializing' });
  cache.suspend(new Error('no route to host'));
  await t.throwsAsync(() => cache.list(), {
    message: 'storage is (re)initializing: no route to host',
  });
});

cacheTest('a cache is suspended by whom it is filled by', async (t, engine) => {
  const storage = new MemoryStorage();
  const cache = fed(t, engine, storage);
  t.throws(() => cache.suspend(), { code: 'invalid-options' });
  const closed = standAlone(t, engine);
  await closed.close();
  t.throws(() => closed.suspend(), { code: 'closed' });
  t.throws(() => closed.replace([]), { code: 'closed' });
  await storage.close();
});

test('native: threads that attached are told, and read by the same rules', async (t) => {
  const cache = standAlone(t, 'native', { pending: true, namespaced: false });
  const attached = new WatchCache<Widget>({ share: cache.share() });
  t.teardown(() => attached.close());
  t.false(attached.isReady);
  await rejects(t, () => attached.list(), 'not-ready');
  t.throws(() => attached.suspend(), { code: 'invalid-options' });
  cache.replace([widget('', 'a')]);
  t.true(attached.isReady);
  t.is((await attached.get('team', 'a'))?.name, 'a');
  cache.suspend(new Error('gone'));
  t.false(attached.isReady);
});

cacheTest('a feed decides itself about namespaces and readiness', (t, engine) => {
  const feed = { storage: new MemoryStorage(), prefix: '/a/', namespaced: true };
  for (const option of [{ pending: true }, { namespaced: true }]) {
    t.throws(() => standAlone(t, engine, { feed, ...option }), { code: 'invalid-options' });
  }
});

cacheTest('of a cache without namespaces a namespace is not asked for', async (t, engine) => {
  const cache = standAlone(t, engine, { namespaced: false });
  cache.apply({ type: 'put', object: widget('', 'a') });
  t.is((await cache.get('team', 'a'))?.name, 'a');
  t.deepEqual(keys(await cache.list({ namespace: 'team' })), ['/a@2']);
});

serialCacheTest(
  'who waits for a cache keeps the process alive until the wait is over',
  async (t, engine) => {
    const cache = standAlone(t, engine, { pending: true });
    const before = timers();
    const aborter = new AbortController();
    const waits = [cache.ready(), cache.settled()];
    const given = cache.ready(aborter.signal);
    t.is(timers(), before + 1);
    aborter.abort();
    await t.throwsAsync(given, { code: 'aborted' });
    t.is(timers(), before + 1);
    cache.replace([]);
    await Promise.all(waits);
    t.is(timers(), before);
  },
);

function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}
