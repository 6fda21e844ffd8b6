/**
 * `npm run soak`: random histories over both engines for an hour, or `--minutes` of them. Each seed
 * that fails is printed with its shrunk history; the exit code is 0 only where none did.
 *
 * The tests are compiled beside `out/`, which tests may be using.
 */

import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';

import { installDependencies } from './install.mjs';
import { buildAddon } from './native.mjs';
import { ENTRY, inRoot, say } from './project.mjs';
import { runNode, tail } from './run.mjs';

const OUTPUT = 'build-soak';
const MINUTES = 60;

try {
  const { values } = parseArgs({ options: { minutes: { type: 'string' } } });
  const minutes = Number(values.minutes ?? MINUTES);
  if (!(minutes > 0)) throw new Error('--minutes is a number above 0');
  await installDependencies();
  // Whoever names an addon soaks that one.
  if (!process.env.SHARDWATCH_ADDON) await buildNative();
  await compile();
  const main = inRoot(OUTPUT, 'test', 'engine', 'differential-soak.js');
  const { soak } = await import(pathToFileURL(main));
  process.exitCode = (await soak(minutes, say)) === 0 ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function buildNative() {
  const { built, reason } = await buildAddon();
  if (!built) throw new Error(`no native engine: ${reason}`);
}

async function compile() {
  say('compiling the tests');
  rmSync(inRoot(OUTPUT), { recursive: true, force: true });
  const { code, output } = await runNode([
    ENTRY.tsc,
    '-p',
    'tsconfig.tests.json',
    '--outDir',
    OUTPUT,
  ]);
  if (code !== 0) throw new Error(`the tests do not compile\n${tail(output)}`);
}
