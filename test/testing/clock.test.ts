/** The clock that tests move. */

import test from 'ava';
import { MemoryStorage } from '../../lib/storage/index.js';
import { fakeClock, TestingError } from '../../lib/testing/index.js';

test('it stands still until it is advanced', async (t) => {
  const clock = fakeClock();
  t.is(clock.now(), Date.UTC(2024, 0, 1));
  await clock.advance(1500);
  t.is(clock.now(), Date.UTC(2024, 0, 1) + 1500);
  t.is(fakeClock({ now: new Date(7) }).now(), 7);
  t.is(fakeClock({ now: 8 }).now(), 8);
});

test('timers fire in the order of their times, and of equal ones as they were set', async (t) => {
  const clock = fakeClock({ now: 0 });
  const fired: string[] = [];
  const set = (name: string, delayMs: number): void =>
    void clock.setTimer(delayMs, () => fired.push(`${name} at ${clock.now()}`));
  set('late', 30);
  set('first of two', 10);
  set('second of two', 10);
  set('beyond', 31);
  t.is(clock.pendingTimers, 4);
  await clock.advance(30);
  t.deepEqual(fired, ['first of two at 10', 'second of two at 10', 'late at 30']);
  t.is(clock.pendingTimers, 1);
});

test('a cancelled timer does not fire, one of the past fires at once', async (t) => {
  const clock = fakeClock({ now: 0 });
  const fired: string[] = [];
  clock.setTimer(5, () => fired.push('cancelled')).cancel();
  clock.setTimer(-5, () => fired.push('past'));
  await clock.advance(0);
  t.deepEqual(fired, ['past']);
});

test('what promises and turns of the loop arm within the time fires within it', async (t) => {
  const clock = fakeClock({ now: 0 });
  const tries: number[] = [];
  const retry = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    tries.push(clock.now());
    clock.setTimer(1_000, () => void retry());
  };
  void retry();
  await clock.advance(3_500);
  t.deepEqual(tries, [0, 1_000, 2_000, 3_000]);
});

test('timers that are not set yet are waited for', async (t) => {
  const clock = fakeClock();
  const waiting = clock.timersAtLeast(2);
  clock.setTimer(1, () => undefined);
  setImmediate(() => clock.setTimer(1, () => undefined));
  await waiting;
  t.is(clock.pendingTimers, 2);
  const error = await t.throwsAsync(clock.timersAtLeast(3, { timeoutMs: 1 }), {
    instanceOf: TestingError,
    message: /waited 1 ms for 3 timers\n2 are set/,
  });
  t.is(error?.code, 'timeout');
});

test('objects with a time to live go by it', async (t) => {
  const clock = fakeClock();
  await using storage = new MemoryStorage({ clock });
  const key = '/example.com/lamps/shop/desk';
  await storage.write({ key, expected: 0n, value: Buffer.from('{}'), ttlSeconds: 60 });
  await clock.advance(59_000);
  t.truthy(await storage.get(key));
  await clock.advance(1_200);
  t.is(await storage.get(key), undefined);
});

test('two advances come one after the other', async (t) => {
  const clock = fakeClock({ now: 0 });
  await Promise.all([clock.advance(10), clock.advance(5)]);
  t.is(clock.now(), 15);
});

test('a timer that throws fails the advance that fired it, and no later one', async (t) => {
  const clock = fakeClock({ now: 0 });
  clock.setTimer(1, () => {
    throw new Error('broken timer');
  });
  await t.throwsAsync(clock.advance(5), { message: 'broken timer' });
  await clock.advance(4);
  t.is(clock.now(), 5);
});

for (const durationMs of [-1, Number.NaN, Infinity]) {
  test(`advance(${durationMs}) is refused`, async (t) => {
    const error = await t.throwsAsync(fakeClock().advance(durationMs), {
      instanceOf: TestingError,
    });
    t.is(error?.code, 'invalid-options');
  });
}

test('a begin that is no date is refused', (t) => {
  t.throws(() => fakeClock({ now: Number.NaN }), { instanceOf: TestingError });
});
