/** Clients that open watches, stop reading and are killed, over and over, leave nothing behind. */

import test from 'ava';

import { ENGINES } from '../engine/candidates.js';
import { type DyingLoad, runDyingClients } from './dying-clients.js';

/** `npm run soak -- --clients` has five thousand watches, and twenty rounds after the warm-up. */
const LOAD: DyingLoad = { rounds: 10, roundsToWarmUp: 4, watches: 300, stalled: 3, halves: 10 };

for (const { kind } of ENGINES) {
  test.serial(`${kind}: clients that die leave nothing in their server`, async (t) => {
    t.timeout(300_000);
    await runDyingClients(kind, LOAD, (text) => t.log(text));
    t.pass();
  });
}
