/** Invariants of a cache's history, of its being filled anew, and of waiting for its storage. */

import fc from 'fast-check';

import { type CacheError, type CacheListOptions, WatchCache } from '../../../lib/cache/index.js';
import type { HistoryLimits } from '../../../lib/engine/index.js';
import { StorageError } from '../../../lib/storage/index.js';
import { isPending, PREFIX, rejects, turn, type Widget } from '../../cache/fixture.js';
import { GatedStorage } from '../../cache/gated-storage.js';
import { plainStep, readPage, show, type Step, steps, VIEWS } from '../../cache/model-checks.js';
import { ManualClock } from '../../clock.js';
import { ToldEvents } from './expected-events.js';
import { FedWorld, invariantTest, openStorage, tryHistories } from './fed-world.js';

const WINDOW_MS = 5_000;
const BY_ENTRIES: HistoryLimits = {
  entriesMin: 4,
  entriesMax: 12,
  windowMs: WINDOW_MS,
  bytesMax: 1 << 20,
};
const BY_BYTES: HistoryLimits = { ...BY_ENTRIES, entriesMax: 1_000, bytesMax: 1_200 };

/** More than either keeps. */
const LAST_STEPS: readonly Step[] = Array.from({ length: 20 }, () => plainStep('blue'));

invariantTest(
  17,
  'sequences of the log rise, and it keeps to its window and its budgets',
  async (t, setting) => {
    const ends = { young: 0, aged: 0, bytes: 0 };
    const pauses = fc.infiniteStream(fc.constantFrom(0, 10, 900, 6_000));
    const check = (history: HistoryLimits, steps: readonly Step[], pauses: Iterator<number>) =>
      FedWorld.with(setting, { history }, async (world) => {
        const { cache, clock } = world;
        // When each event came, since the present generation began.
        let times = new Map<bigint, number>();
        let before = cache.stats();
        for (const step of [...steps, ...LAST_STEPS]) {
          const { revision } = world;
          await world.run([step]);
          const after = cache.stats();
          if (after.generation !== before.generation) times = new Map();
          if (world.revision > revision) times.set(world.revision, clock.now());
          t.true(after.logStart >= before.logStart && after.logEnd >= before.logEnd);
          t.is(after.logEntries, after.logEnd - after.logStart);
          t.true(after.logEntries <= history.entriesMax);
          t.true(after.bytesRetained <= history.bytesMax);
          const oldest = BigInt(after.oldestResourceVersion);
          const lost = [...times].filter(([revision]) => revision <= oldest);
          t.is(after.logEntries, times.size - lost.length);
          const isYoung = lost.some(([, time]) => clock.now() - time <= WINDOW_MS);
          if (isYoung && history === BY_ENTRIES) t.is(after.logEntries, history.entriesMax);
          // Whatever their age, so many stay; only the budget of bytes beats that.
          if (history === BY_ENTRIES) {
            t.true(after.logEntries >= Math.min(history.entriesMin, times.size));
          }
          if (lost.length > 0) ends[history === BY_BYTES ? 'bytes' : isYoung ? 'young' : 'aged']++;
          before = after;
          clock.advance(pauses.next().value as number);
        }
      });
    await tryHistories(setting, [steps, pauses], async (steps, pauses) => {
      for (const history of [BY_ENTRIES, BY_BYTES]) await check(history, steps, pauses);
    });
    t.true(ends.young + ends.aged > 0 && ends.bytes > 0);
  },
);

/** Each with what it asks for; only pages without a selector may be delegated. */
const REQUESTS: readonly CacheListOptions[] = [
  {},
  { resourceVersion: '0' },
  { limit: 2 },
  { resourceVersion: '0', limit: 2 },
  { resourceVersion: '1', resourceVersionMatch: 'Exact', limit: 2 },
  { resourceVersion: '1', resourceVersionMatch: 'NotOlderThan' },
  { labelSelector: 'tier=gold', limit: 2 },
  { fieldSelector: 'spec.color=red' },
  { namespace: 'one', fieldSelector: 'metadata.name=a' },
];

invariantTest(19, 'a cache that is not filled answers nothing of its own', async (t, setting) => {
  let [delegated, refused] = [0, 0];
  const requests = fc.array(fc.constantFrom(...REQUESTS), { minLength: 1, maxLength: 6 });
  await tryHistories(setting, [steps, requests, fc.boolean()], (steps, requests, first) =>
    FedWorld.with(setting, {}, async (world) => {
      const { cache, storage } = world;
      const failures = Array.from({ length: 3 }, () => new StorageError('unavailable', 'away'));
      if (!first) await world.run(steps.map((step) => ({ ...step, replace: false })));
      storage.endWatches(new StorageError('compacted', 'lost'));
      t.false(cache.isReady);
      for (const options of [...requests, {}, { limit: 2 }]) {
        const { length } = storage.reads;
        try {
          const { lines, resourceVersion } = await readPage(cache, options);
          t.true(storage.reads.length > length, 'the storage was asked');
          const revision = BigInt(resourceVersion);
          t.deepEqual(lines, show(world.states.get(revision)!, {}).slice(0, options.limit));
          delegated++;
        } catch (error) {
          t.is((error as CacheError).code, 'not-ready', String(error));
          t.true((error as CacheError).retryAfterSeconds! >= 1);
          refused++;
        }
      }
      await rejects(t, () => cache.watch(), 'not-ready');
      await rejects(t, () => cache.snapshot(), 'not-ready');
      storage.listFailures.push(...failures);
      for (const failure of failures) {
        world.clock.advance(31_000);
        await turn();
        t.false(cache.isReady, failure.message);
      }
      await world.refill();
      t.deepEqual((await readPage(cache, {})).lines, show(world.state, {}));
    }),
  );
  t.true(delegated > 0 && refused > 0);
});

invariantTest(20, 'a new list ends every watch, and none begins before it', async (t, setting) => {
  await tryHistories(setting, [steps, steps], (before, after) =>
    FedWorld.with(setting, {}, async (world) => {
      const { cache } = world;
      await world.run(before);
      const streams = await Promise.all(
        VIEWS.flatMap((view) => [
          cache.watch({ ...view, allowBookmarks: true }),
          cache.watch({ ...view, resourceVersion: cache.stats().oldestResourceVersion }),
        ]),
      );
      const told = streams.map((stream) => new ToldEvents(stream));
      for (const one of told.slice(0, 4)) one.take(2);
      const { generation } = cache.stats();
      await world.loseHistory();
      t.true(cache.stats().generation > generation);
      const listed = world.revision;
      t.is(BigInt(cache.stats().oldestResourceVersion), listed);
      await world.run(after);
      for (const [index, stream] of streams.entries()) {
        t.is(stream.endReason, 'replaced');
        const { length } = told[index]!.events;
        told[index]!.take();
        t.is(told[index]!.events.length, length, 'nothing follows the end');
      }
      for (const revision of world.states.keys()) {
        if (revision >= listed) continue;
        const resourceVersion = revision.toString();
        await rejects(t, () => cache.watch({ resourceVersion }), 'expired');
      }
      t.is(cache.stats().watches, 0);
    }),
  );
});

invariantTest(24, 'progress alone lets reads go on, and moves bookmarks', async (t, setting) => {
  const rounds = fc.integer({ min: 1, max: 5 });
  await tryHistories(setting, [steps, rounds], (steps, rounds) =>
    FedWorld.with(setting, {}, async (world) => {
      const { cache, clock, storage } = world;
      await world.run(steps.map((step) => ({ ...step, replace: false })));
      const { logEnd } = cache.stats();
      const resourceVersion = world.revision.toString();
      const stream = await cache.watch({ resourceVersion, allowBookmarks: true });
      const told = new ToldEvents(stream);
      for (let round = 0; round < rounds; round++) {
        storage.hold();
        await world.writeElsewhere();
        const list = readPage(cache, {});
        t.true(await isPending(list));
        storage.release();
        const page = await list;
        t.is(page.resourceVersion, world.revision.toString());
        t.deepEqual(page.lines, show(world.state, {}));
        clock.advance(61_500);
        told.take();
        t.is(told.bookmarks.at(-1), world.revision);
      }
      t.deepEqual([told.events, told.bookmarks.length], [[], rounds]);
      t.is(cache.stats().logEnd, logEnd, 'no event was made');
      stream.close();
    }),
  );
});

invariantTest(19, 'one that was never filled refuses or asks its storage', async (t, setting) => {
  const clock = new ManualClock();
  const { storage: inner, discard } = await openStorage(setting.storage, clock);
  const storage = new GatedStorage({ inner });
  storage.listFailures.push(new StorageError('unavailable', 'away'));
  const feed = { storage, prefix: PREFIX, namespaced: true };
  const cache = new WatchCache<Widget>({ engine: setting.engine, clock, random: () => 0, feed });
  await turn();
  for (const options of REQUESTS.filter(({ fieldSelector }) => fieldSelector === undefined)) {
    const isPage = options.limit !== undefined && options.labelSelector === undefined;
    const { length } = storage.reads;
    if (isPage) t.deepEqual((await readPage(cache, options)).lines, []);
    else await rejects(t, () => cache.list(options), 'not-ready');
    t.is(storage.reads.length > length, isPage);
  }
  await cache.close();
  await discard();
});
