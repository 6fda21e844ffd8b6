/**
 * `npm run witness:client-go`: client-go's reflector follows a server through restarts, cut
 * connections and compaction, as `witness:informers` has informers do it. It is built out of
 * test/witness/client-go into `.cache/client-go`; without Go it ends with `not run` and exit code
 * 2. `-- --changes N --rounds N` for more or less.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { findGo, runGo } from './go.mjs';
import { installDependencies } from './install.mjs';
import { CACHE, inRoot, say } from './project.mjs';
import { runNode } from './run.mjs';
import { buildTests } from './typescript.mjs';

const NOT_RUN = 2;
const SOURCES = 'test/witness/client-go';
const PROGRAM = join(CACHE, 'client-go/reflector');
const BUILD_TIMEOUT_MS = 20 * 60_000;

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '2' },
  },
});
process.exitCode = await witness();

async function witness() {
  await installDependencies();
  try {
    await build();
  } catch (error) {
    say(`not run: ${error.message}`);
    return NOT_RUN;
  }
  await buildTests();
  const program = inRoot('out/test/witness/informers/run.js');
  const args = [program, values.changes, values.rounds, PROGRAM];
  return (await runNode(args, { show: true })).code;
}

async function build() {
  const go = await findGo('client-go');
  mkdirSync(join(CACHE, 'client-go'), { recursive: true });
  const options = { cwd: inRoot(SOURCES), timeoutMs: BUILD_TIMEOUT_MS };
  await runGo(go, ['build', '-trimpath', '-o', PROGRAM, '.'], options);
}
