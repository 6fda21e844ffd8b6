/** GET: which version of an object is good enough, and where it comes from. */

import { StorageError } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';
import {
  cacheTest,
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

cacheTest('unset: the newest acknowledged, from the cache', async (t, engine) => {
  const storage = new GatedStorage();
  const cache = fed(t, engine, storage);
  await cache.ready();
  storage.hold();
  await store(storage, widget('ns', 'a'));
  storage.reads.length = 0;
  const answer = cache.get('ns', 'a');
  t.true(await isPending(answer));
  storage.release();
  const object = await answer;
  t.is(object?.resourceVersion, '2');
  t.is(object?.namespace, 'ns');
  t.is(object?.name, 'a');
  t.deepEqual(storage.reads, [], 'the storage was not asked');
});

cacheTest('0: what there is, at once', async (t, engine) => {
  const storage = new GatedStorage();
  const cache = fed(t, engine, storage);
  await cache.ready();
  storage.hold();
  await store(storage, widget('ns', 'a'));
  t.is(await cache.get('ns', 'a', { resourceVersion: '0' }), undefined);
});

cacheTest('N: not older than N', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock });
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  t.is((await cache.get('ns', 'a', { resourceVersion: '1' }))?.resourceVersion, '2');
  const later = cache.get('ns', 'a', { resourceVersion: '3' });
  t.true(await isPending(later));
  cache.apply({ type: 'put', object: widget('ns', 'a', { value: 2 }) });
  t.is((await later)?.resourceVersion, '3');
  const never = cache.get('ns', 'a', { resourceVersion: '9' });
  clock.advance(3_000);
  await rejects(
    t,
    () => never,
    'resource-version-too-large',
    'Timeout: Too large resource version: 9, current: 3',
  );
});

cacheTest('a malformed resourceVersion is refused', async (t, engine) => {
  const cache = standAlone(t, engine);
  for (const resourceVersion of ['x', '-1', '1.0', '0x1', ' 1', '99999999999999999999']) {
    await rejects(
      t,
      () => cache.get('ns', 'a', { resourceVersion }),
      'invalid-resource-version',
      /^invalid resource version/,
    );
  }
});

cacheTest('an object that was deleted is gone', async (t, engine) => {
  const storage = new GatedStorage();
  const cache = fed(t, engine, storage);
  await store(storage, widget('ns', 'a'));
  await cache.ready();
  t.is((await cache.get('ns', 'a'))?.resourceVersion, '2');
  await unstore(storage, 'ns', 'a');
  t.is(await cache.get('ns', 'a'), undefined);
});

cacheTest('where nothing is to wait for, no turn of the loop is waited for', async (t, engine) => {
  const storage = new GatedStorage();
  await store(storage, widget('ns', 'a'));
  const cache = fed(t, engine, storage);
  await cache.ready();
  let turned = false;
  setImmediate(() => void (turned = true));
  t.is((await cache.get('ns', 'a'))?.name, 'a');
  t.is((await cache.list()).resourceVersion, '2');
  t.is((await cache.watch()).resourceVersion, '2');
  t.false(turned);
});

cacheTest('a revision that is promised later is waited for', async (t, engine) => {
  const storage = new GatedStorage();
  await store(storage, widget('ns', 'a'));
  const cache = fed(t, engine, storage);
  await cache.ready();
  storage.committed = () => Promise.resolve(2n);
  t.is((await cache.get('ns', 'a'))?.name, 'a');
  storage.committed = () => Promise.reject(new StorageError('unavailable', 'no leader'));
  await t.throwsAsync(cache.get('ns', 'a'), { instanceOf: StorageError, message: 'no leader' });
});

cacheTest('when the cache does not get fresh in time, the storage answers', async (t, engine) => {
  const clock = new ManualClock();
  const storage = new GatedStorage();
  await store(storage, widget('ns', 'a', { labels: { tier: 'gold' } }));
  const cache = fed(t, engine, storage, { clock });
  await cache.ready();
  storage.hold();
  await store(storage, widget('ns', 'b', { color: 'red' }));
  const get = cache.get('ns', 'b', { apiVersion: 'example.com/v2' });
  const list = cache.list({ fieldSelector: 'spec.color=red' });
  const page = cache.list({ limit: 1 });
  await turn();
  clock.advance(3_000);
  const object = await get;
  t.is(object?.resourceVersion, '3');
  t.deepEqual(object?.parse(), {
    ...widget('ns', 'b', { color: 'red' }),
    apiVersion: 'example.com/v2',
    metadata: { name: 'b', namespace: 'ns', resourceVersion: '3' },
  });
  t.is((await list).resourceVersion, '3');
  t.deepEqual(
    (await list).items().map(({ metadata }) => metadata.name),
    ['b'],
  );
  t.deepEqual(
    (await page).items().map(({ metadata }) => metadata.name),
    ['a'],
  );
  t.truthy((await page).continue);
});

cacheTest('a wait can be aborted, and leaves nothing behind', async (t, engine) => {
  const clock = new ManualClock();
  const storage = new GatedStorage();
  const cache = fed(t, engine, storage, { clock });
  await cache.ready();
  storage.hold();
  await store(storage, widget('ns', 'a'));
  const timers = clock.pending;
  const abort = new AbortController();
  const { signal } = abort;
  const waits = [
    cache.get('ns', 'a', { signal }),
    cache.list({ signal }),
    cache.list({ resourceVersion: '3', resourceVersionMatch: 'Exact', signal }),
  ];
  await turn();
  t.is(clock.pending, timers + 1, 'all waits share a timer');
  abort.abort();
  for (const wait of waits) await rejects(t, () => wait, 'aborted');
  t.is(clock.pending, timers);
  await rejects(t, () => cache.get('ns', 'a', { signal }), 'aborted');
  await rejects(t, () => cache.list({ signal }), 'aborted');
});

cacheTest(
  'a signal that is made on demand is made only for a read that waits',
  async (t, engine) => {
    const storage = new GatedStorage();
    const cache = fed(t, engine, storage, { clock: new ManualClock() });
    await cache.ready();
    await store(storage, widget('ns', 'a'));
    const abort = new AbortController();
    let made = 0;
    const signal = (): AbortSignal => {
      made++;
      return abort.signal;
    };
    await cache.get('ns', 'a', { signal });
    await cache.get('ns', 'a', { signal, resourceVersion: '0' });
    storage.hold();
    const resourceVersion = await store(storage, widget('ns', 'b'));
    const before = made;
    const waits = [
      cache.get('ns', 'b', { signal }),
      cache.get('ns', 'b', { signal, resourceVersion }),
    ];
    await turn();
    t.is(made, before + 2);
    abort.abort();
    for (const wait of waits) await rejects(t, () => wait, 'aborted');
  },
);
