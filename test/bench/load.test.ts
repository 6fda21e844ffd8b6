import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { busyTicks, othersCores, processTicks, readLoad } from '../../bench/load.js';

const US_PER_TICK = 10_000;

const BUSY = `
  while (process.cpuUsage().user < 300_000);
  const { user, system } = process.cpuUsage();
  console.log(user + system);
  process.stdin.resume();
`;

const STAT = 'cpu  100 20 30 5000 60 7 8 9 40 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n';

test('what is neither idle nor waiting is busy; steal is, guests are counted once', (t) => {
  t.is(busyTicks(STAT), 100 + 20 + 30 + 7 + 8 + 9);
});

test('a process has user and system time and that of ended children, whatever its name is', (t) => {
  const rest = 'S 1 1 1 0 -1 4194304 100 0 0 0 250 50 7 3 20 0 11 0 1';
  t.is(processTicks(`42 (node) ${rest}`), 310);
  t.is(processTicks(`42 (a) b) (c) ${rest}`), 310);
});

test('others have what was used and is not ours', (t) => {
  const from = { atMs: 1_000, allTicks: 1_000, ownTicks: 500 };
  t.is(othersCores(from, { atMs: 3_000, allTicks: 1_300, ownTicks: 700 }), 0.5);
});

test('where we seem to have used more than there was, others used nothing', (t) => {
  const from = { atMs: 1_000, allTicks: 1_000, ownTicks: 500 };
  t.is(othersCores(from, { atMs: 2_000, allTicks: 1_050, ownTicks: 560 }), 0);
});

test('where the system does not tell, nothing is known', (t) => {
  t.is(othersCores(undefined, undefined), 0);
  t.is(readLoad([0]), undefined);
});

if (process.platform === 'linux') {
  test('this machine tells', (t) => {
    const reading = readLoad([process.pid]);
    t.true(reading !== undefined && reading.allTicks >= reading.ownTicks);
  });

  test('what a child uses while it runs is ours', async (t) => {
    const before = readLoad([process.pid])!.ownTicks;
    // Tells how much it has used, then waits for its end.
    const child = spawn(process.execPath, ['-e', BUSY], { stdio: ['pipe', 'pipe', 'ignore'] });
    const [told] = (await once(child.stdout, 'data')) as [Buffer];
    const childTicks = Number(told.toString()) / US_PER_TICK;
    t.true(childTicks > 10);
    t.true(readLoad([process.pid])!.ownTicks - before > childTicks - 5);
    child.stdin.end();
    await once(child, 'exit');
  });
}
