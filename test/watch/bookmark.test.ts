import test from 'ava';
import fc from 'fast-check';

import { BookmarkScheduler, type BookmarkTarget, type EventSource } from '../../lib/watch/index.js';
import { ManualClock } from '../clock.js';
import { engineTest } from '../engine/engines.js';
import { rig } from './fixture.js';

function target(clock: ManualClock, deadline?: number): BookmarkTarget & { times: number[] } {
  const times: number[] = [];
  const start = clock.now();
  return { deadline, times, bookmarkDue: () => times.push((clock.now() - start) / 1_000) };
}

test('a stream without a deadline is offered a bookmark a minute', (t) => {
  const clock = new ManualClock(0);
  const scheduler = new BookmarkScheduler(clock, () => 0);
  const stream = target(clock);
  scheduler.add(stream);
  clock.advance(200_000);
  t.deepEqual(stream.times, [60, 120, 180]);
});

test('the last bookmark comes two seconds before the deadline', (t) => {
  const clock = new ManualClock(0);
  const scheduler = new BookmarkScheduler(clock, () => 0);
  const stream = target(clock, 100_000);
  scheduler.add(stream);
  clock.advance(200_000);
  t.deepEqual(stream.times, [60, 98]);
  t.is(scheduler.size, 0);
  t.is(clock.pending, 0);
});

test('a stream that ends within two seconds is offered none', (t) => {
  const clock = new ManualClock(0);
  const scheduler = new BookmarkScheduler(clock, () => 0);
  scheduler.add(target(clock, 2_000));
  t.is(scheduler.size, 0);
  t.is(clock.pending, 0);
});

test('with any jitter a bookmark is less than 1 s early and at most 1.25 s late', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 5_000 }),
      (randoms, startMs) => {
        const clock = new ManualClock(startMs);
        let index = 0;
        const random = (): number => randoms[index++ % randoms.length] as number;
        const scheduler = new BookmarkScheduler(clock, random);
        const streams = [target(clock), target(clock, startMs + 90_000)];
        for (const stream of streams) scheduler.add(stream);
        clock.advance(130_000);
        const [endless, ending] = streams.map(({ times }) => times);
        return (
          endless?.length === 2 &&
          endless[0]! > 59 &&
          endless[0]! <= 61.25 &&
          ending?.length === 2 &&
          ending[1]! > 87 &&
          ending[1]! <= 89.25
        );
      },
    ),
    { numRuns: 50 },
  );
  t.pass();
});

test('many streams share one timer, which stops with the last of them', (t) => {
  const clock = new ManualClock(0);
  const scheduler = new BookmarkScheduler(clock, () => 0);
  const streams = Array.from({ length: 100 }, () => target(clock));
  for (const stream of streams) scheduler.add(stream);
  scheduler.add(streams[0]!);
  t.is(scheduler.size, 100);
  t.is(clock.pending, 1);
  clock.advance(60_000);
  t.true(streams.every(({ times }) => times.length === 1));
  t.is(clock.pending, 1);
  for (const stream of streams) scheduler.remove(stream);
  scheduler.remove(streams[0]!);
  t.is(scheduler.size, 0);
  t.is(clock.pending, 0);
});

/** Everything that a source has at once: names of objects, `@N` for bookmarks. */
function drain(source: EventSource, maxEvents = 2): string[] {
  const seen: string[] = [];
  for (let drained = source.drain(maxEvents); drained.type === 'events';) {
    for (const event of drained.events) {
      const { resourceVersion } = event.object;
      seen.push(event.type === 'BOOKMARK' ? `@${resourceVersion}` : event.object.name);
    }
    drained = source.drain(maxEvents);
  }
  return seen;
}

engineTest('bookmarks come only where they are allowed', (t, testEngine) => {
  const { open, clock, bookmarks } = rig(t, testEngine);
  const with_ = open({ bookmarks }).source();
  const without = open().source();
  for (const source of [with_, without]) t.deepEqual(drain(source), []);
  clock.advance(60_000);
  t.deepEqual(drain(with_), ['@1']);
  t.deepEqual(drain(without), []);
});

engineTest('a bookmark follows everything that it covers', (t, testEngine) => {
  const { open, change, clock, bookmarks } = rig(t, testEngine);
  change('x');
  const source = open({ bookmarks }).source();
  for (const name of ['y', 'z', 'w']) change(name);
  clock.advance(60_000);
  change('v');
  t.deepEqual(drain(source), ['x', 'y', 'z', 'w', 'v', '@6']);
  t.deepEqual(drain(source), [], 'and comes once');
});

engineTest('progress without events moves bookmarks', (t, testEngine) => {
  const { open, engine, clock, bookmarks } = rig(t, testEngine);
  const source = open({ bookmarks }).source();
  engine.progress(40n);
  clock.advance(60_000);
  t.deepEqual(drain(source), ['@40']);
});

engineTest('a watch from the future has no bookmark before it is there', (t, testEngine) => {
  const { open, engine, change, clock, bookmarks } = rig(t, testEngine);
  const source = open({ bookmarks }, 10n).source();
  change('x');
  clock.advance(60_000);
  t.deepEqual(drain(source), []);
  engine.progress(12n);
  t.deepEqual(drain(source), ['@12']);
});

engineTest('a bookmark wakes a consumer that waits', async (t, testEngine) => {
  const { open, clock, bookmarks } = rig(t, testEngine);
  const source = open({ bookmarks }).source();
  t.deepEqual(drain(source), []);
  const readable = new Promise<void>((resolve) => source.onReadable(resolve));
  clock.advance(60_000);
  await readable;
  t.deepEqual(drain(source), ['@1']);
});

engineTest(
  'a bookmark is never below what came before, nor ahead of what comes',
  (t, testEngine) => {
    const step = fc.oneof(
      fc.constant('change' as const),
      fc.constant('progress' as const),
      fc.constant('minute' as const),
      fc.constant('drain' as const),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        (steps, max) => {
          const { open, change, engine, clock, bookmarks } = rig(t, testEngine);
          const source = open({ bookmarks }, 1n).source();
          let reached = 1n;
          let ok = true;
          const look = (): void => {
            const drained = source.drain(max);
            if (drained.type !== 'events') return;
            for (const event of drained.events) {
              const revision = BigInt(event.object.resourceVersion);
              ok &&= event.type === 'BOOKMARK' ? revision >= reached : revision > reached;
              reached = revision;
            }
          };
          for (const name of steps) {
            if (name === 'change') change('x');
            else if (name === 'progress') engine.progress(engine.revision + 3n);
            else if (name === 'minute') clock.advance(61_000);
            else look();
          }
          for (let count = 0; count < steps.length + 2; count++) look();
          engine.close();
          return ok;
        },
      ),
      { numRuns: 100 },
    );
    t.pass();
  },
);

test('a wall clock that is set back delays no bookmark', (t) => {
  const clock = new ManualClock(3_600_000);
  let tick: (() => void) | undefined;
  const timers = {
    now: () => clock.now(),
    // Counts on, whatever the wall clock says.
    setTimer: (_delayMs: number, callback: () => void) => {
      tick = callback;
      return { cancel: () => {} };
    },
  };
  const scheduler = new BookmarkScheduler(timers, () => 0);
  let offered = 0;
  scheduler.add({ deadline: undefined, bookmarkDue: () => offered++ });
  clock.jump(-3_600_000);
  for (let second = 0; second <= 62; second++) {
    clock.jump(1_000);
    tick!();
  }
  t.is(offered, 2);
});
