/** Invariants of the state that a watch begins with, and of the bookmark that ends it. */

import fc from 'fast-check';

import { isPending } from '../../cache/fixture.js';
import { steps, VIEWS } from '../../cache/model-checks.js';
import { eventsAfter, initialEvents, ToldEvents } from './expected-events.js';
import { FedWorld, invariantTest, tryHistories } from './fed-world.js';

const takes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });

invariantTest(
  4,
  'a watch of the state begins with exactly the state, in key order, then goes on',
  async (t, setting) => {
    await tryHistories(setting, [steps, steps, takes], (before, after, counts) =>
      FedWorld.with(setting, {}, async (world) => {
        for (const step of before) {
          await world.write([step]);
          const least = world.revision;
          const streams = await Promise.all(VIEWS.map((view) => world.cache.watch(view)));
          for (const [index, stream] of streams.entries()) {
            const revision = BigInt(stream.resourceVersion);
            t.true(revision >= least);
            const told = new ToldEvents(stream);
            told.take();
            const expected = initialEvents(world.states.get(revision)!, VIEWS[index]!);
            t.deepEqual(told.events, expected);
            for (const event of told.events) {
              t.true(BigInt(event.match(/@(\d+) /)![1]!) <= revision);
            }
            stream.close();
          }
        }
        // Drained bit by bit, while it is written.
        await world.settle();
        const streams = await Promise.all(VIEWS.map((view) => world.cache.watch(view)));
        const told = streams.map((stream) => new ToldEvents(stream));
        const { revision, state } = world;
        const rest = after.map((step) => ({ ...step, replace: false }));
        for (const count of counts) {
          for (const one of told) one.take(count);
          await world.run(rest.splice(0, count));
        }
        for (const [index, view] of VIEWS.entries()) {
          told[index]!.take();
          const expected = [...initialEvents(state, view), ...eventsAfter(world, view, revision)];
          t.deepEqual(told[index]!.events, expected);
          streams[index]!.close();
        }
      }),
    );
  },
);

const freshness = fc.constantFrom('newest', 'any', 'later');

invariantTest(
  4,
  'the bookmark that ends initial events has the revision that they are the state of',
  async (t, setting) => {
    await tryHistories(
      setting,
      [steps, steps, takes, freshness],
      (before, after, counts, freshness) =>
        FedWorld.with(setting, {}, async (world) => {
          await world.run(before);
          const { cache } = world;
          if (freshness === 'newest') await world.write(after.splice(0, 3));
          // A revision that is still to come is waited for.
          const least = freshness === 'later' ? world.revision + 1n : world.revision;
          const resourceVersion = { newest: '', any: '0', later: least.toString() }[freshness]!;
          const opening = Promise.all(
            VIEWS.map((view) =>
              cache.watch({
                ...view,
                resourceVersion,
                sendInitialEvents: true,
                allowBookmarks: true,
              }),
            ),
          );
          if (freshness === 'later') {
            t.true(await isPending(opening));
            await world.writeElsewhere();
          }
          const streams = await opening;
          const told = streams.map((stream) => new ToldEvents(stream));
          const rest = after.map((step) => ({ ...step, replace: false }));
          for (const count of counts) {
            for (const one of told) one.take(count);
            await world.run(rest.splice(0, count));
          }
          for (const [index, view] of VIEWS.entries()) {
            const one = told[index]!;
            one.take();
            t.is(one.ends.length, 1);
            const [{ revision, events }] = one.ends as [(typeof one.ends)[0]];
            if (freshness !== 'any') t.true(revision >= least);
            const initial = initialEvents(world.states.get(revision)!, view);
            t.is(events, initial.length);
            t.deepEqual(one.events, [...initial, ...eventsAfter(world, view, revision)]);
            for (const event of initial) t.true(BigInt(event.match(/@(\d+) /)![1]!) <= revision);
            streams[index]!.close();
          }
        }),
    );
  },
);

invariantTest(
  22,
  'the end of the initial events is told once, to those who asked for both',
  async (t, setting) => {
    const minutes = fc.integer({ min: 0, max: 3 });
    const asked = [true, false].flatMap((sendInitialEvents) =>
      [true, false].map((allowBookmarks) => ({ sendInitialEvents, allowBookmarks })),
    );
    await tryHistories(setting, [steps, steps, minutes], (before, after, count) =>
      FedWorld.with(setting, {}, async (world) => {
        await world.run(before);
        const options = [...asked, { allowBookmarks: true }, {}];
        const streams = await Promise.all(options.map((one) => world.cache.watch(one)));
        const told = streams.map((stream) => new ToldEvents(stream));
        await world.run(after.map((step) => ({ ...step, replace: false })));
        for (const one of told) one.take();
        for (let minute = 0; minute < count; minute++) {
          world.clock.advance(61_500);
          for (const one of told) one.take();
        }
        for (const [index, one] of options.entries()) {
          const { ends, bookmarks } = told[index]!;
          const both = 'sendInitialEvents' in one && one.sendInitialEvents && one.allowBookmarks;
          t.is(ends.length, both ? 1 : 0);
          t.is(bookmarks.length, 'allowBookmarks' in one && one.allowBookmarks ? count : 0);
          streams[index]!.close();
        }
      }),
    );
  },
);
