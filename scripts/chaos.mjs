/**
 * `npm run chaos`: three servers over an etcd of three members for ten minutes, or as long as
 * `-- --minutes N` says, one of the six being killed every fifteen seconds. `-- --server-kills N`:
 * two servers over one member instead, one of which is killed under load N times. What clients
 * wrote and were told is judged at the end; SHARDWATCH_SEED repeats a run's choices.
 *
 * The tests are compiled beside `out/`, which tests may be using.
 */

import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { fetchTools } from '../test/witness/tools/fetch.mjs';
import { installDependencies } from './install.mjs';
import { buildAddon } from './native.mjs';
import { ENTRY, inRoot, say } from './project.mjs';
import { runNode, tail } from './run.mjs';

const OUTPUT = 'build-chaos';
const MINUTES = '10';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, 'server-kills': { type: 'string' } },
});
const kills = values['server-kills'];
const count = Number(kills ?? values.minutes ?? MINUTES);
if (!(count > 0)) {
  console.error('--minutes and --server-kills are numbers above 0');
  process.exit(1);
}
await installDependencies();
const { built, reason } = await buildAddon();
if (!built) say(`no native engine: ${reason}`);
await fetchTools();
rmSync(inRoot(OUTPUT), { recursive: true, force: true });
const compiled = await runNode([ENTRY.tsc, '-p', 'tsconfig.tests.json', '--outDir', OUTPUT]);
if (compiled.code !== 0) throw new Error(`the tests do not compile\n${tail(compiled.output)}`);
const program = inRoot(OUTPUT, 'test/witness/chaos/run.js');
const kind = kills === undefined ? 'minutes' : 'kills';
const { code } = await runNode([program, kind, String(count)], { show: true });
process.exitCode = code;
