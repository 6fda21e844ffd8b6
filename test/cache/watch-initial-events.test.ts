/**
 * With what a watch begins, row by row: resourceVersion, sendInitialEvents (KEP-3157) and whether
 * bookmarks are allowed, over a storage that is ahead of its cache.
 */

import type { CacheWatchOptions } from '../../lib/cache/index.js';
import { StorageError } from '../../lib/storage/index.js';
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

interface Row {
  readonly resourceVersion: '' | '0' | '2' | '3';
  readonly sendInitialEvents: boolean | undefined;
  readonly allowBookmarks: boolean;
  /** Whether it waits until the cache, at 2, has what the storage has acknowledged, 3. */
  readonly waits: boolean;
  readonly first: readonly string[];
  /** What follows once the cache is at 4. */
  readonly later: readonly string[];
}

const STATE_2 = ['ADDED ns/b@2'];
const STATE_3 = ['ADDED ns/a@3', 'ADDED ns/b@2'];
const AFTER_2 = ['ADDED ns/a@3', 'DELETED ns/b@4'];
const AFTER_3 = ['DELETED ns/b@4'];

function row(
  resourceVersion: Row['resourceVersion'],
  sendInitialEvents: boolean | undefined,
  allowBookmarks: boolean,
  waits: boolean,
  first: readonly string[],
  later: readonly string[],
): Row {
  return { resourceVersion, sendInitialEvents, allowBookmarks, waits, first, later };
}

const ROWS: readonly Row[] = [
  row('', true, true, true, [...STATE_3, 'INITIAL-END @3'], AFTER_3),
  row('', true, false, true, STATE_3, AFTER_3),
  row('0', true, true, false, [...STATE_2, 'INITIAL-END @2'], AFTER_2),
  row('0', true, false, false, STATE_2, AFTER_2),
  row('2', true, true, false, [...STATE_2, 'INITIAL-END @2'], AFTER_2),
  row('3', true, true, true, [...STATE_3, 'INITIAL-END @3'], AFTER_3),
  row('3', true, false, true, STATE_3, AFTER_3),
  row('', false, true, false, [], AFTER_3),
  row('', false, false, false, [], AFTER_3),
  row('0', false, true, false, [], AFTER_2),
  row('0', false, false, false, [], AFTER_2),
  row('2', false, true, false, [], AFTER_2),
  row('3', false, false, false, [], AFTER_3),
  row('2', undefined, true, false, [], AFTER_2),
  row('3', undefined, true, false, [], AFTER_3),
  row('', undefined, true, true, STATE_3, AFTER_3),
  row('0', undefined, true, false, STATE_2, AFTER_2),
];

for (const { resourceVersion, sendInitialEvents, allowBookmarks, ...expected } of ROWS) {
  const asked = `resourceVersion '${resourceVersion}', sendInitialEvents ${sendInitialEvents}`;
  cacheTest(`row ${asked}, allowBookmarks ${allowBookmarks}`, async (t, engine) => {
    const storage = new GatedStorage();
    await store(storage, widget('ns', 'b'));
    const cache = fed(t, engine, storage);
    await cache.ready();
    storage.hold();
    await store(storage, widget('ns', 'a'));
    const options: CacheWatchOptions = {
      resourceVersion,
      allowBookmarks,
      ...(sendInitialEvents === undefined ? {} : { sendInitialEvents }),
    };
    const opening = cache.watch(options);
    t.is(await isPending(opening), expected.waits);
    if (expected.waits) storage.release();
    const source = (await opening).source();
    t.deepEqual(drain(source), [...expected.first]);
    storage.release();
    await unstore(storage, 'ns', 'b');
    await turn();
    t.deepEqual(drain(source), [...expected.later]);
  });
}

const UNREACHED: readonly CacheWatchOptions[] = [
  { sendInitialEvents: true },
  { sendInitialEvents: true, resourceVersion: '3' },
];

for (const options of UNREACHED) {
  cacheTest(`${JSON.stringify(options)} is refused when 3 s were not enough`, async (t, engine) => {
    const clock = new ManualClock();
    const storage = new GatedStorage();
    await store(storage, widget('ns', 'b'));
    const cache = fed(t, engine, storage, { clock });
    await cache.ready();
    storage.hold();
    await store(storage, widget('ns', 'a'));
    const opening = cache.watch(options);
    await turn();
    clock.advance(2_999);
    t.true(await isPending(opening));
    clock.advance(1);
    const { requested, current } = await rejects(t, () => opening, 'resource-version-too-large');
    t.deepEqual([requested, current], ['3', '2']);
    t.is(cache.stats().watches, 0);
  });
}

for (const sendInitialEvents of [true, false]) {
  cacheTest(
    `a storage that can not tell its revision fails a watch with ${sendInitialEvents}`,
    async (t, engine) => {
      const storage = new GatedStorage();
      const cache = fed(t, engine, storage);
      await cache.ready();
      storage.committed = () => Promise.reject(new StorageError('unavailable', 'no quorum'));
      const opening = cache.watch({ sendInitialEvents });
      await t.throwsAsync(opening, { instanceOf: StorageError, message: 'no quorum' });
      t.is(cache.stats().watches, 0);
    },
  );
}

cacheTest('no initial events and a revision that history has lost: expired', async (t, engine) => {
  const cache = standAlone(t, engine, { history: { windowMs: 0, entriesMin: 2, entriesMax: 2 } });
  for (const name of ['a', 'b', 'c', 'd']) cache.apply({ type: 'put', object: widget('ns', name) });
  const lost = { resourceVersion: '1', allowBookmarks: true } as const;
  await rejects(t, () => cache.watch({ ...lost, sendInitialEvents: false }), 'expired');
  const source = (await cache.watch({ ...lost, sendInitialEvents: true })).source();
  const state = ['ADDED ns/a@2', 'ADDED ns/b@3', 'ADDED ns/c@4', 'ADDED ns/d@5'];
  t.deepEqual(drain(source), [...state, 'INITIAL-END @5'], 'the state needs no history');
});

const SCOPES: readonly (readonly [options: CacheWatchOptions, ...names: string[]])[] = [
  [{ namespace: 'one' }, 'one/a', 'one/b'],
  [{ namespace: 'one', name: 'b' }, 'one/b'],
  [{ namespace: 'one', fieldSelector: 'metadata.name=b' }, 'one/b'],
  [{ labelSelector: 'tier=gold' }, 'one/b'],
  [{ fieldSelector: 'spec.color=red' }, 'two/a'],
  [{ namespace: 'none' }],
  [{ namespace: 'one', name: 'none' }],
];

for (const [scope, ...names] of SCOPES) {
  cacheTest(`the initial events of ${JSON.stringify(scope)} and their end`, async (t, engine) => {
    const cache = standAlone(t, engine);
    cache.apply([
      { type: 'put', object: widget('one', 'a') },
      { type: 'put', object: widget('one', 'b', { labels: { tier: 'gold' } }) },
      { type: 'put', object: widget('two', 'a', { color: 'red' }) },
      { type: 'put', object: widget('two', 'z') },
    ]);
    const options = { ...scope, sendInitialEvents: true, allowBookmarks: true };
    const source = (await cache.watch(options)).source();
    const [end, ...events] = drain(source).reverse();
    t.is(end, 'INITIAL-END @5', 'at the revision of the whole cache');
    t.deepEqual(
      events.reverse().map((event) => event.replace(/@.*/, '')),
      names.map((name) => `ADDED ${name}`),
    );
  });
}

cacheTest('one bookmark ends the initial events, those after it are plain', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock, random: () => 0 });
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  const stream = await cache.watch({ sendInitialEvents: true, allowBookmarks: true });
  const source = stream.source();
  t.deepEqual(drain(source), ['ADDED ns/a@2', 'INITIAL-END @2']);
  for (let minute = 0; minute < 2; minute++) {
    clock.advance(61_000);
    t.deepEqual(drain(source), ['BOOKMARK @2']);
  }
});

cacheTest('a consumer that is slow gets the end behind the last object', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock, random: () => 0 });
  for (const name of ['a', 'b', 'c', 'd']) cache.apply({ type: 'put', object: widget('ns', name) });
  const stream = await cache.watch({ sendInitialEvents: true, allowBookmarks: true });
  const source = stream.source();
  const next = (): unknown => {
    const drained = source.drain(1);
    if (drained.type !== 'events') return drained.type;
    return drained.events.map(({ type, object, ...rest }) => [type, object.resourceVersion, rest]);
  };
  t.deepEqual(next(), [['ADDED', '2', {}]]);
  cache.apply({ type: 'delete', namespace: 'ns', name: 'd' });
  clock.advance(61_000);
  t.deepEqual(next(), [['ADDED', '3', {}]]);
  t.deepEqual(next(), [['ADDED', '4', {}]]);
  const last: unknown[] = [];
  for (let events = next(); events !== 'wait'; events = next()) last.push(...(events as []));
  t.deepEqual(last, [
    ['ADDED', '5', {}],
    ['BOOKMARK', '5', { isInitialEventsEnd: true }],
    ['DELETED', '6', {}],
    ['BOOKMARK', '6', {}],
  ]);
});

cacheTest('watches from the future are refused after 3 s where asked for', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock, refuseFutureWatches: true });
  const late = cache.watch({ resourceVersion: '3' });
  const reached = cache.watch({ resourceVersion: '2' });
  const present = await cache.watch({ resourceVersion: '1' });
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  t.deepEqual(drain((await reached).source()), []);
  t.deepEqual(drain(present.source()), ['ADDED ns/a@2']);
  clock.advance(3_000);
  const { requested, current } = await rejects(t, () => late, 'resource-version-too-large');
  t.deepEqual([requested, current], ['3', '2']);
});

cacheTest('sendInitialEvents is true, false or absent', async (t, engine) => {
  const cache = standAlone(t, engine);
  const sendInitialEvents = 'true' as unknown as boolean;
  const message = 'sendInitialEvents is neither true nor false: true';
  await rejects(t, () => cache.watch({ sendInitialEvents }), 'invalid-options', message);
});
