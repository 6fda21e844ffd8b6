import test from 'ava';

import { Expirer } from '../../lib/storage/expirer.js';
import { ManualClock } from '../clock.js';
import { turns } from './conformance/subject.js';

test('a deletion that failed is tried again until it succeeds', async (t) => {
  const clock = new ManualClock(0);
  const attempts: string[] = [];
  const expirer = new Expirer({
    clock,
    remove: async (key, revision) => {
      attempts.push(`${key}@${revision} at ${clock.now()}`);
      if (attempts.length < 3) throw new Error('busy');
    },
  });
  expirer.track({ key: '/a', revision: 5n, expiresAtMs: 1_000 });
  for (let second = 0; second < 30; second++) {
    clock.advance(1_000);
    await turns(1);
  }
  t.deepEqual(attempts, ['/a@5 at 1000', '/a@5 at 6000', '/a@5 at 11000']);
  t.is(expirer.size, 0);
});

test('a deletion that failed does not come back for a key that has a new TTL, or after close', async (t) => {
  const clock = new ManualClock(0);
  const attempts: bigint[] = [];
  const expirer = new Expirer({
    clock,
    remove: async (_key, revision) => {
      attempts.push(revision);
      throw new Error('busy');
    },
  });
  expirer.track({ key: '/a', revision: 5n, expiresAtMs: 1_000 });
  clock.advance(1_000);
  expirer.track({ key: '/a', revision: 6n, expiresAtMs: 60_000 });
  await turns();
  clock.advance(50_000);
  t.deepEqual(attempts, [5n]);
  clock.advance(20_000);
  expirer.close();
  await turns();
  clock.advance(3_600_000);
  t.deepEqual(attempts, [5n, 6n]);
  expirer.track({ key: '/b', revision: 7n, expiresAtMs: 1 });
  t.deepEqual([expirer.size, clock.pending], [0, 0]);
});
