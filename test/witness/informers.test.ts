/** Informers of client-node through trouble; `npm run witness:informers` has more of it. */

import test from 'ava';

import { followByInformers } from './informers/informers.js';

const CHANGES = 3_000;

test('informers have the store’s state after restarts, cuts and compaction', async (t) => {
  t.timeout(240_000);
  const summary = await followByInformers(CHANGES, 1);
  t.log(JSON.stringify(summary));
  t.true(summary.changes >= CHANGES);
  t.true(summary.cuts > 0 && summary.failures > 0);
  for (const { told, lists } of summary.followers) {
    t.true(told > 0);
    t.true(lists > 1, 'history was lost');
  }
});
