/** Connections that are opened and dropped leave no descriptors behind. */

import test from 'ava';

import { engineReport } from '../../lib/engine/index.js';
import { type DroppedLoad, runDroppedConnections } from './dropped-connections.js';

/** `npm run soak -- --connections` has ten thousand in a round, and looks at memory, too. */
const LOAD: DroppedLoad = { rounds: 3, connections: 400 };

test.serial('dropped connections leave no descriptors in their server', async (t) => {
  t.timeout(120_000);
  await runDroppedConnections(engineReport().kind, LOAD, (text) => t.log(text));
  t.pass();
});
