/**
 * `npm run witness:informers`: informers of @kubernetes/client-node follow 100 000 changes through
 * restarts, cut connections and compaction. `-- --changes N --rounds N` for more or less; a round
 * is one of each trouble.
 */

import { parseArgs } from 'node:util';

import { installDependencies } from './install.mjs';
import { inRoot } from './project.mjs';
import { runNode } from './run.mjs';
import { buildTests } from './typescript.mjs';

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '4' },
  },
});
await installDependencies();
await buildTests();
const program = inRoot('out/test/witness/informers/run.js');
const { code } = await runNode([program, values.changes, values.rounds], { show: true });
process.exitCode = code;
