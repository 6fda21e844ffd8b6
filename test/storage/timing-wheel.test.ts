import test from 'ava';
import fc from 'fast-check';

import { TimingWheel, type WheelEntry } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';

const TICK_MS = 100;
// What a timer may be ahead at most; a jump of the clock is noticed after it.
const TIMER_DELAY_MAX_MS = 60_000;

interface Rig {
  readonly clock: ManualClock;
  readonly wheel: TimingWheel<string>;
  /** Items in the order in which they were due, and when. */
  readonly due: { item: string; atMs: number }[];
}

function makeRig(startMs?: number): Rig {
  const clock = new ManualClock(startMs);
  const due: Rig['due'] = [];
  const wheel = new TimingWheel<string>({
    clock,
    onDue: (items) => due.push(...items.map((item) => ({ item, atMs: clock.now() }))),
  });
  return { clock, wheel, due };
}

for (const delayMs of [0, 1, 99, 100, 6_399, 6_400, 6_500, 409_600, 409_700, 3_600_000]) {
  test(`an item due in ${delayMs} ms is handed out then, once, at most a tick late`, (t) => {
    for (const startMs of [0, 1, 50, 6_300, 409_599, 1_700_000_000_123]) {
      const { clock, wheel, due } = makeRig(startMs);
      const dueMs = startMs + delayMs;
      wheel.add('x', dueMs);
      clock.advance(delayMs + 2 * TICK_MS);
      t.is(due.length, 1);
      t.true(due[0]!.atMs >= dueMs && due[0]!.atMs <= dueMs + TICK_MS, `${due[0]!.atMs - dueMs}`);
      clock.advance(2 * TICK_MS);
      t.is(due.length, 1);
      t.is(clock.pending, 0);
    }
  });
}

test('what is due already is handed out at the next tick, never from within add', (t) => {
  const { clock, wheel, due } = makeRig();
  wheel.add('past', clock.now() - 1_000_000);
  t.is(due.length, 0);
  clock.advance(TICK_MS);
  t.deepEqual(
    due.map(({ item }) => item),
    ['past'],
  );
});

test('one timer serves any number of items, and none runs when nothing waits', (t) => {
  const { clock, wheel } = makeRig();
  t.is(clock.pending, 0);
  const entries = Array.from({ length: 1000 }, (_, index) =>
    wheel.add(String(index), clock.now() + index * 977),
  );
  t.is(clock.pending, 1);
  t.is(wheel.size, 1000);
  for (const entry of entries) t.true(wheel.cancel(entry));
  for (const entry of entries) t.false(wheel.cancel(entry));
  t.is(wheel.size, 0);
  t.is(clock.pending, 0);
  wheel.add('again', clock.now() + 10);
  wheel.clear();
  t.deepEqual([wheel.size, clock.pending], [0, 0]);
});

test('items may be added and cancelled from within onDue', (t) => {
  const clock = new ManualClock(0);
  const seen: string[] = [];
  const wheel: TimingWheel<string> = new TimingWheel({
    clock,
    onDue: (items) => {
      seen.push(...items);
      if (seen.length < 4) wheel.add(`${seen.length}`, clock.now() + 1_000);
    },
  });
  wheel.add('0', 1_000);
  clock.advance(10_000);
  t.deepEqual(seen, ['0', '1', '2', '3']);
});

test('a wall clock that jumps ahead is noticed within a minute, one that jumps back is waited for', (t) => {
  const { clock, wheel, due } = makeRig(1_000_000_000);
  wheel.add('x', clock.now() + 3_600_000);
  clock.jump(3_600_000);
  clock.advance(TIMER_DELAY_MAX_MS);
  t.is(due.length, 1);
  wheel.add('y', clock.now() + 10_000);
  clock.jump(-5_000);
  clock.advance(14_900);
  t.is(due.length, 1);
  clock.advance(TICK_MS + 1);
  t.is(due.length, 2);
});

test('random items are handed out in the order of their ticks, each once, none early', (t) => {
  const delay = fc.oneof(
    fc.integer({ min: -1000, max: 20_000 }),
    fc.integer({ min: 0, max: 9_000_000 }),
    fc.integer({ min: 0, max: 2 ** 40 }),
  );
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), delay }),
    fc.record({ kind: fc.constant('cancel' as const), index: fc.nat(30) }),
    fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 30_000 }) }),
    fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: 0, max: 2 ** 36 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(2 ** 41), (steps, startMs) => {
      const { clock, wheel, due } = makeRig(startMs);
      const entries: { item: string; dueMs: number; entry: WheelEntry<string> }[] = [];
      const expected = new Map<string, number>();
      for (const each of steps) {
        if (each.kind === 'add') {
          const item = String(entries.length);
          const dueMs = Math.max(0, clock.now() + each.delay);
          entries.push({ item, dueMs, entry: wheel.add(item, dueMs) });
          expected.set(item, dueMs);
        } else if (each.kind === 'cancel') {
          const chosen = entries[each.index];
          if (chosen !== undefined && wheel.cancel(chosen.entry)) expected.delete(chosen.item);
        } else {
          if (each.kind === 'jump') clock.jump(each.ms);
          clock.advance(each.kind === 'jump' ? TIMER_DELAY_MAX_MS + TICK_MS : each.ms);
        }
        compare(clock, due, expected);
      }
      if (wheel.size !== expected.size - due.length) throw new Error(`size ${wheel.size}`);
      if (clock.pending > 1) throw new Error(`${clock.pending} timers`);
    }),
    { numRuns: 300 },
  );
  t.pass();
});

function compare(clock: ManualClock, due: Rig['due'], expected: Map<string, number>): void {
  const seen = new Set(due.map(({ item }) => item));
  if (seen.size !== due.length) throw new Error('an item came twice');
  for (const { item, atMs } of due) {
    const dueMs = expected.get(item);
    if (dueMs === undefined) throw new Error(`${item} was cancelled`);
    if (atMs < dueMs) throw new Error(`${item} came ${dueMs - atMs} ms early`);
  }
  for (const [item, dueMs] of expected) {
    const isLate = dueMs + 2 * TICK_MS <= clock.now() && !seen.has(item);
    if (isLate && clock.now() - dueMs > TIMER_DELAY_MAX_MS) throw new Error(`${item} is late`);
  }
}
