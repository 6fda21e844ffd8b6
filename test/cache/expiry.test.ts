/** What the wheel of a stand-alone cache's objects keeps of them. */

import test from 'ava';

import { Expiry } from '../../lib/cache/expiry.js';
import { ManualClock } from '../clock.js';

test('of an object that is due to go, nothing is kept but its key and revision', (t) => {
  const clock = new ManualClock();
  const removed: unknown[] = [];
  const expiry = new Expiry(clock, (due) => removed.push(...due));
  const change = { namespace: 'ns', name: 'a', revision: 7n, object: new Uint8Array(1_000) };
  expiry.set(change, 10);
  clock.advance(10_100);
  t.deepEqual(removed, [{ namespace: 'ns', name: 'a', revision: 7n }]);
});
