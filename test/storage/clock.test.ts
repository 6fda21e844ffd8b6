import test from 'ava';

import { systemClock } from '../../lib/storage/index.js';

test.serial('a timer of the system fires once, unless it was cancelled', async (t) => {
  const fired: string[] = [];
  const cancelled = systemClock.setTimer(0, () => fired.push('cancelled'));
  cancelled.cancel();
  await new Promise<void>((resolve) => {
    // The system's timers do not keep the process alive, so something else has to.
    const keep = setInterval(() => undefined, 1000);
    systemClock.setTimer(1, () => {
      clearInterval(keep);
      fired.push('fired');
      resolve();
    });
  });
  t.deepEqual(fired, ['fired']);
  cancelled.cancel();
  t.true(Math.abs(systemClock.now() - Date.now()) < 60_000);
});

test.serial('a long delay is waited for in steps of a minute, which timers have in common', (t) => {
  const delays: number[] = [];
  const original = globalThis.setTimeout;
  const steps: (() => void)[] = [];
  const fake = (callback: () => void, delayMs: number): unknown => {
    delays.push(delayMs);
    steps.push(callback);
    const handle = { unref: () => handle };
    return handle;
  };
  globalThis.setTimeout = fake as typeof setTimeout;
  try {
    let fired = 0;
    systemClock.setTimer(150_005, () => fired++);
    while (steps.length > 0) {
      t.is(fired, 0);
      steps.shift()!();
    }
    t.is(fired, 1);
    t.deepEqual(delays, [60_000, 60_000, 30_005]);
  } finally {
    globalThis.setTimeout = original;
  }
});
