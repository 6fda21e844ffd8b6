/** Invariants of what a watch tells: all of it, once, in order, and nothing that was not asked. */

import fc from 'fast-check';

import { cacheTest, pullText, rejects, standAlone, turn, widget } from '../../cache/fixture.js';
import { checkWatches, plainStep, steps, type View, VIEWS } from '../../cache/model-checks.js';
import { eventsAfter, framesTold, initialEvents, ToldEvents } from './expected-events.js';
import { FedWorld, invariantTest, tryHistories } from './fed-world.js';

const TYPE = { apiVersion: 'example.com/v1', kind: 'Widget' };

const entriesMax = fc.constantFrom(3, 10, 1_000);
const takes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });

const history = (entries: number): { entriesMin: number; entriesMax: number } => ({
  entriesMin: 1,
  entriesMax: entries,
});

invariantTest(3, 'a list and the events after it are every later state', async (t, setting) => {
  await tryHistories(setting, [steps, entriesMax], (steps, entries) =>
    FedWorld.with(setting, { history: history(entries) }, async (world) => {
      await world.run(steps);
      await checkWatches(t, world);
    }),
  );
});

invariantTest(
  5,
  'revisions rise, and a bookmark is neither behind nor ahead of an event',
  async (t, setting) => {
    const bookmarks: bigint[] = [];
    await tryHistories(setting, [fc.array(steps, { minLength: 2, maxLength: 3 })], (histories) =>
      FedWorld.with(setting, {}, async (world) => {
        const stream = await world.cache.watch({ resourceVersion: '1', allowBookmarks: true });
        const source = stream.source();
        let reached = 1n;
        const look = (): void => {
          for (;;) {
            const drained = source.drain(3);
            if (drained.type !== 'events') return;
            for (const { type, object } of drained.events) {
              const revision = BigInt(object.resourceVersion);
              if (type !== 'BOOKMARK') t.true(revision > reached);
              else {
                t.true(revision >= reached);
                bookmarks.push(revision);
              }
              reached = revision;
            }
          }
        };
        for (const steps of histories) {
          await world.run(steps.map((step) => ({ ...step, replace: false })));
          // Due, while events wait in front of it.
          world.clock.advance(61_500);
          await world.write(steps.slice(0, 2));
          look();
          await turn();
        }
        await world.settle();
        look();
        t.true(
          reached >=
            BigInt(
              eventsAfter(world, {}, 1n)
                .at(-1)
                ?.match(/@(\d+)/)?.[1] ?? 1,
            ),
        );
        stream.close();
      }),
    );
    t.true(bookmarks.length > 0);
  },
);

invariantTest(6, 'a stream skips nothing before its end', async (t, setting) => {
  let cut = 0;
  await tryHistories(setting, [steps, steps, takes], (before, after, counts) =>
    FedWorld.with(setting, { history: history(6) }, async (world) => {
      await world.run(before);
      const { cache, revision } = world;
      const opened = await Promise.all(
        VIEWS.map(async (view) => {
          const initial = initialEvents(world.state, view);
          const ofState = await cache.watch(view);
          const ofChanges = await cache.watch({ ...view, resourceVersion: revision.toString() });
          return [
            { view, stream: ofState, told: new ToldEvents(ofState), initial },
            { view, stream: ofChanges, told: new ToldEvents(ofChanges), initial: [] },
          ];
        }),
      );
      const streams = opened.flat();
      const history = [...after];
      for (const count of counts) {
        await world.run(history.splice(0, 1 + count));
        for (const { told } of streams) told.take(count);
      }
      // More than history keeps.
      await world.run([...history, ...Array.from({ length: 8 }, () => plainStep('red'))]);
      for (const { view, stream, told, initial } of streams) {
        told.take();
        const expected = [...initial, ...eventsAfter(world, view, revision)];
        t.deepEqual(told.events, expected.slice(0, told.events.length));
        if (stream.endReason === undefined) t.is(told.events.length, expected.length);
        else cut++;
        // Nothing follows the end.
        const { length } = told.events;
        if (told.isOver) told.take();
        t.is(told.events.length, length);
        stream.close();
      }
    }),
  );
  t.true(cut > 0, 'some were too slow');
});

invariantTest(
  7,
  'a watch replays exactly what follows its revision, or is refused',
  async (t, setting) => {
    await tryHistories(setting, [steps, entriesMax], (steps, entries) =>
      FedWorld.with(setting, { history: history(entries) }, async (world) => {
        await world.run(steps);
        const { cache } = world;
        const oldest = BigInt(cache.stats().oldestResourceVersion);
        for (const revision of world.states.keys()) {
          const resourceVersion = revision.toString();
          if (revision < oldest) {
            const message = `too old resource version: ${revision} (${oldest})`;
            await rejects(t, () => cache.watch({ resourceVersion }), 'expired', message);
            continue;
          }
          for (const view of VIEWS) {
            const expected = eventsAfter(world, view, revision);
            const stream = await cache.watch({ ...view, resourceVersion });
            const told = new ToldEvents(stream);
            told.take();
            t.deepEqual(told.events, expected);
            stream.close();
          }
        }
      }),
    );
  },
);

invariantTest(
  8,
  'leaving the selector and the end are DELETED, as it last was, at the event’s revision',
  async (t, setting) => {
    await tryHistories(setting, [steps], (steps) =>
      FedWorld.with(setting, {}, async (world) => {
        const streams = await Promise.all(
          VIEWS.map((view) => world.cache.watch({ ...view, resourceVersion: '1' })),
        );
        const sources = streams.map((stream) => stream.frames(TYPE));
        await world.run(steps.map((step) => ({ ...step, replace: false })));
        for (const [index, view] of VIEWS.entries()) {
          const told = framesTold(pullText(sources[index]!));
          t.deepEqual(told, eventsAfter(world, view, 1n));
          streams[index]!.close();
        }
      }),
    );
  },
);

invariantTest(18, 'nothing is left of streams, whichever way they end', async (t, setting) => {
  const ways = fc.constantFrom('close', 'abort', 'timeout', 'leave', 'lose');
  await tryHistories(setting, [steps, fc.array(ways, { minLength: 1, maxLength: 40 })], (s, ends) =>
    FedWorld.with(setting, {}, async (world) => {
      await world.run(s);
      const { cache, clock } = world;
      const before = { ...cache.stats(), timers: clock.pending };
      for (const [index, way] of ends.entries()) {
        const aborter = new AbortController();
        const view = VIEWS[index % VIEWS.length]!;
        const stream = await cache.watch({
          ...view,
          allowBookmarks: index % 2 === 0,
          signal: aborter.signal,
          ...(way === 'timeout' ? { timeoutMs: 900 } : {}),
        });
        if (way === 'leave') await stream[Symbol.asyncIterator]().return?.();
        if (way === 'close') stream.close();
        if (way === 'abort') aborter.abort();
        if (way === 'timeout') clock.advance(900);
        if (way === 'lose') await world.loseHistory();
        t.not(stream.endReason, undefined, way);
      }
      const { watches, watchGroups, roots } = cache.stats();
      t.deepEqual([watches, watchGroups], [0, 0]);
      // A history that was lost may have held one.
      t.true(roots <= before.roots);
      t.is(clock.pending, before.timers);
    }),
  );
});

/** Every value of the index that watches ask by. */
const COLORS: readonly View[] = [
  { fieldSelector: 'spec.color=red' },
  { fieldSelector: 'spec.color=blue' },
  { namespace: 'one', fieldSelector: 'spec.color=red' },
];

invariantTest(21, 'a watch by an index hears of the old value and the new', async (t, setting) => {
  let moved = 0;
  await tryHistories(setting, [steps], (steps) =>
    FedWorld.with(setting, {}, async (world) => {
      const streams = await Promise.all(
        COLORS.map((view) => world.cache.watch({ ...view, resourceVersion: '1' })),
      );
      const told = streams.map((stream) => new ToldEvents(stream));
      const history = [...steps, plainStep('red'), plainStep('blue')];
      await world.run(history.map((step) => ({ ...step, replace: false })));
      for (const [index, view] of COLORS.entries()) {
        told[index]!.take();
        t.deepEqual(told[index]!.events, eventsAfter(world, view, 1n));
        moved += told[index]!.events.filter((event) => event.startsWith('DELETED')).length;
        streams[index]!.close();
      }
    }),
  );
  t.true(moved > 0);
});

invariantTest(22, 'bookmarks come to those who asked, and to nobody else', async (t, setting) => {
  let bookmarks = 0;
  const minutes = fc.integer({ min: 1, max: 4 });
  await tryHistories(setting, [steps, minutes], (steps, count) =>
    FedWorld.with(setting, {}, async (world) => {
      const streams = await Promise.all(
        [true, false].map((allowBookmarks) =>
          world.cache.watch({ resourceVersion: '1', allowBookmarks }),
        ),
      );
      const [asked, others] = streams.map((stream) => new ToldEvents(stream));
      await world.run(steps.map((step) => ({ ...step, replace: false })));
      for (let minute = 0; minute < count; minute++) {
        world.clock.advance(61_500);
        for (const told of [asked!, others!]) told.take();
      }
      t.is(asked!.bookmarks.length, count);
      t.is(others!.bookmarks.length, 0);
      t.deepEqual(asked!.events, others!.events);
      t.is(asked!.bookmarks.at(-1), world.revision);
      bookmarks += count;
      for (const stream of streams) stream.close();
    }),
  );
  t.true(bookmarks > 0);
});

cacheTest('invariant 18: ten thousand streams leave no memory behind', async (t, engine) => {
  const cache = standAlone(t, engine);
  const objects = Array.from({ length: 50 }, (_, at) => widget('one', `w${at}`, { color: 'red' }));
  cache.apply(objects.map((object) => ({ type: 'put', object })));
  const { roots: before } = cache.stats();
  const round = async (): Promise<number> => {
    for (let count = 0; count < 2_500; count++) {
      const view = { ...VIEWS[count % VIEWS.length], fieldSelector: `metadata.name=w${count}` };
      const stream = await cache.watch(view);
      const told = new ToldEvents(stream);
      told.take(1 + (count % 3));
      stream.close();
    }
    await turn();
    const { watches, watchGroups, roots } = cache.stats();
    t.deepEqual([watches, watchGroups, roots], [0, 0, before]);
    return cache.stats().bytesReserved;
  };
  const first = await round();
  for (let count = 0; count < 3; count++) t.is(await round(), first);
});
