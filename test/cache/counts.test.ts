/** What a cache counts of its events, and what it tells an observer. */

import test from 'ava';

import {
  type CacheObserver,
  type CacheStats,
  WatchCache,
  type WatchList,
} from '../../lib/cache/index.js';
import { StorageError } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';
import {
  cacheTest,
  drain,
  fed,
  rejects,
  standAlone,
  store,
  turn,
  unstore,
  type Widget,
  widget,
} from './fixture.js';
import { GatedStorage } from './gated-storage.js';

function counts({ eventsReceived, eventsDispatched, eventsReplayed }: CacheStats): number[] {
  return [eventsReceived, eventsDispatched, eventsReplayed];
}

cacheTest('a stand-alone cache counts what is written to it', async (t, engine) => {
  const cache = standAlone(t, engine);
  t.deepEqual(counts(cache.stats()), [0, 0, 0]);
  cache.apply(['a', 'b', 'c'].map((name) => ({ type: 'put', object: widget('ns', name) })));
  cache.apply({ type: 'delete', namespace: 'ns', name: 'a' });
  t.deepEqual(counts(cache.stats()), [4, 4, 0]);
  cache.replace([widget('ns', 'z')]);
  t.deepEqual(counts(cache.stats()), [4, 4, 0]);
  cache.apply({ type: 'put', object: widget('ns', 'y') });
  t.deepEqual(counts(cache.stats()), [5, 5, 0]);
});

cacheTest('a fed cache counts events, and progress beside them', async (t, engine) => {
  const storage = new GatedStorage();
  await store(storage, widget('ns', 'a'));
  const clock = new ManualClock();
  const cache = fed(t, engine, storage, { clock });
  await cache.ready();
  await turn();
  t.deepEqual(counts(cache.stats()), [0, 0, 0]);
  await store(storage, widget('ns', 'b'));
  await unstore(storage, 'ns', 'a');
  await storage.write({ key: '/other/x', expected: 0n, value: Buffer.from('{}') });
  t.deepEqual(counts(cache.stats()), [2, 5, 0]);
  storage.endWatches(new StorageError('compacted', 'history is gone'));
  clock.advance(1_000);
  await cache.ready();
  t.deepEqual(counts(cache.stats()), [2, 5, 0], 'a new list is no event');
});

cacheTest('events that bring new watches up to date are counted', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply(['a', 'b', 'c'].map((name) => ({ type: 'put', object: widget('ns', name) })));
  const replayed = (): number => cache.stats().eventsReplayed;
  const fromState = (await cache.watch()).source();
  t.is(replayed(), 0, 'nobody has asked for them');
  t.is(drain(fromState).length, 3);
  t.is(replayed(), 3);
  const fromHistory = (await cache.watch({ resourceVersion: '3' })).source();
  t.is(drain(fromHistory).length, 1);
  t.is(replayed(), 4);
  cache.apply({ type: 'put', object: widget('ns', 'd') });
  t.deepEqual([drain(fromState).length, drain(fromHistory).length], [1, 1]);
  t.is(replayed(), 4, 'both were up to date');
});

test('native: watches of all threads are counted together', async (t) => {
  const cache = standAlone(t, 'native');
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  const attached = new WatchCache<Widget>({ share: cache.share() });
  t.teardown(() => attached.close());
  t.is(drain((await attached.watch()).source()).length, 1);
  t.deepEqual(counts(attached.stats()), [1, 1, 1]);
  t.deepEqual(counts(cache.stats()), [1, 1, 1]);
});

/** Calls, in short. */
function recorder(calls: string[]): CacheObserver {
  const messageOf = (cause: unknown): string => (cause as Error).message;
  return {
    onFilled: (durationMs) => calls.push(`filled ${durationMs}`),
    onFillFailed: (cause) => calls.push(`fill failed: ${messageOf(cause)}`),
    onLost: (cause) => calls.push(`lost: ${messageOf(cause)}`),
    onFreshnessWait: (durationMs) => calls.push(`waited ${durationMs}`),
    onConsistentRead: ({ isAnswered, fallback }) =>
      calls.push(`consistent read ${isAnswered} ${fallback}`),
    onConsistencyCheck: ({ status }) => calls.push(`compared ${status}`),
  };
}

cacheTest('an observer is told of filling and of loss', async (t, engine) => {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  const calls: string[] = [];
  storage.listFailures.push(new Error('no leader'), new Error('no leader'));
  const cache = fed(t, engine, storage, { clock, observer: recorder(calls) });
  for (let count = 0; count < 4; count++) {
    await turn();
    clock.advance(100);
  }
  await cache.ready();
  storage.endWatches(new StorageError('compacted', 'history is gone'));
  clock.advance(200);
  await cache.ready();
  await cache.checkConsistency();
  t.deepEqual(calls, [
    'fill failed: no leader',
    'fill failed: no leader',
    'filled 0',
    'lost: history is gone',
    'filled 0',
    'compared success',
  ]);
});

cacheTest('an observer is told how long reads wait, and of newest lists', async (t, engine) => {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  const calls: string[] = [];
  const cache = fed(t, engine, storage, { clock, observer: recorder(calls) });
  await cache.ready();
  await turn();
  const told = (): string[] => calls.splice(0);
  told();
  await cache.list();
  t.deepEqual(told(), ['waited 0', 'consistent read true false']);
  await cache.get('ns', 'a');
  t.deepEqual(told(), ['waited 0']);
  await cache.list({ resourceVersion: '1' });
  t.deepEqual(told(), ['waited 0']);
  await cache.list({ resourceVersion: '0' });
  await cache.get('ns', 'a', { resourceVersion: '0' });
  t.deepEqual(told(), []);

  storage.hold();
  await store(storage, widget('ns', 'a'));
  const list = cache.list();
  await turn();
  clock.advance(700);
  storage.release();
  await list;
  t.deepEqual(told(), ['waited 700', 'consistent read true false']);

  storage.hold();
  await store(storage, widget('ns', 'b'));
  const late = cache.list();
  const tooLate = cache.list({ resourceVersion: '3' });
  tooLate.catch(() => undefined);
  await turn();
  clock.advance(3_000);
  await late;
  await rejects(t, () => tooLate, 'resource-version-too-large');
  t.deepEqual(told().sort(), ['consistent read true true', 'waited 3000', 'waited 3000']);

  storage.committed = () => Promise.reject(new StorageError('unavailable', 'no leader'));
  await t.throwsAsync(() => cache.list(), { code: 'unavailable' });
  t.deepEqual(told(), ['consistent read false false']);
});

cacheTest('an observer is told of lists in the form of a watch', async (t, engine) => {
  const clock = new ManualClock();
  const lists: WatchList[] = [];
  const cache = standAlone(t, engine, {
    clock,
    observer: { onWatchList: (list) => lists.push(list) },
  });
  cache.apply(['a', 'b'].map((name) => ({ type: 'put', object: widget('ns', name) })));
  const asked = { apiVersion: 'v2', namespace: 'ns', name: undefined };
  const stream = await cache.watch({
    apiVersion: 'v2',
    namespace: 'ns',
    sendInitialEvents: true,
    allowBookmarks: true,
  });
  clock.advance(250);
  t.is(lists.length, 0, 'nothing was taken yet');
  t.deepEqual(drain(stream.source()), ['ADDED ns/a@2', 'ADDED ns/b@3', 'INITIAL-END @3']);
  t.deepEqual(lists, [{ ...asked, durationMs: 250 }]);
  drain((await cache.watch({ sendInitialEvents: true })).source());
  t.is(lists.length, 1, 'without bookmarks nobody is told where they end');
});

cacheTest('an observer is told of lists that are refused', async (t, engine) => {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  const calls: string[] = [];
  const observer = recorder(calls);
  const cache = fed(t, engine, storage, { clock, observer, freshnessFallback: 'refuse' });
  await cache.ready();
  await turn();
  storage.hold();
  await store(storage, widget('ns', 'a'));
  calls.length = 0;
  const late = cache.list();
  late.catch(() => undefined);
  await turn();
  clock.advance(3_000);
  await rejects(t, () => late, 'not-fresh');
  t.deepEqual(calls, ['waited 3000', 'consistent read false skipped']);
});
