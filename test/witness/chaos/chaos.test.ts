/** Servers over one etcd that are killed under load; `npm run chaos` has much more of it. */

import test from 'ava';

import { killServers } from './disturbances.js';
import { runChaos } from './session.js';

test('nothing is lost when servers are killed under load, and clients move between them', async (t) => {
  t.timeout(240_000);
  const summary = await runChaos({
    members: 1,
    servers: 2,
    writePauseMs: 0,
    disturb: killServers(5, 20),
    say: (text) => t.log(text),
  });
  t.log(JSON.stringify(summary));
  t.true(summary.acknowledged > 200 && summary.lists > 5 && summary.watches > 10);
  t.true(summary.informerEvents > 100);
});
