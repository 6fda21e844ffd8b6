/**
 * `npm run mutants`: makes each bug of `mutations.mjs` in a copy of the tree, one at a time, and
 * sees to it that the test which is named there fails. `npm run mutants -- 17 21` tries those of
 * some invariants, `-- --no-native` leaves out what has to be compiled by a C++ compiler.
 *
 *  1. Without a bug all these tests pass: what fails then, fails of the bug.
 *  2. A mutant counts as found only if its own test reports a failure; a crash, or a text that is
 *     no longer there, is a failure of this program.
 *  3. The tree itself is not touched: TypeScript is compiled to `build-mutants/`, C++ is copied to
 *     `.cache/mutants/`.
 */

import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { installDependencies } from './install.mjs';
import { MUTATIONS } from './mutations.mjs';
import { runNodeGyp, SHIPPED_ADDON, toolchainProblem } from './native.mjs';
import { CACHE, ENTRY, inRoot, say } from './project.mjs';
import { runNode, tail } from './run.mjs';

const OUTPUT = 'build-mutants';
const NATIVE = join(CACHE, 'mutants');
const NATIVE_SOURCES = ['binding.gyp', 'native', 'package.json'];

/** A bug may keep a test from ending. */
const TEST_TIMEOUT = '60s';
const RUN_TIMEOUT_MS = 5 * 60_000;

const isNative = ({ file }) => file.startsWith('native/');
const engineOf = (mutation) => (isNative(mutation) ? 'native' : 'javascript');

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { 'no-native': { type: 'boolean' } },
    allowPositionals: true,
  });
  await installDependencies();
  const mutations = MUTATIONS.filter(
    (mutation) =>
      (positionals.length === 0 || positionals.includes(String(mutation.invariant))) &&
      !(values['no-native'] && isNative(mutation)),
  );
  if (mutations.length === 0) throw new Error('there is no such mutation');
  // Before anything is compiled.
  for (const mutation of mutations) mutated(mutation);
  await compile();
  if (mutations.some(isNative)) await prepareNative(mutations.filter(isNative));
  await checkUnchanged(mutations);
  const survivors = [];
  for (const mutation of mutations) {
    const problem = await attempt(mutation);
    const { invariant, bug, file } = mutation;
    say(`${problem === undefined ? 'found   ' : 'SURVIVED'} ${invariant}: ${bug} (${file})`);
    if (problem === undefined) continue;
    say(problem);
    survivors.push(mutation);
  }
  say(`${mutations.length - survivors.length} mutants found, ${survivors.length} survived`);
  return survivors.length === 0 ? 0 : 1;
}

/** The file's text with the bug in it. */
function mutated({ file, text, replacement }) {
  const source = readFileSync(inRoot(file), 'utf8');
  const count = source.split(text).length - 1;
  if (count !== 1) throw new Error(`${file} has ${count} times, not once: ${text}`);
  return source.replace(text, () => replacement);
}

async function compile() {
  say('compiling the tests');
  rmSync(inRoot(OUTPUT), { recursive: true, force: true });
  const args = [ENTRY.tsc, '-p', 'tsconfig.tests.json', '--outDir', OUTPUT];
  const { code, output } = await runNode(args);
  if (code !== 0) throw new Error(`the tests do not compile\n${tail(output)}`);
}

// What an earlier run has left is used again, but for the files that it may have left changed.
async function prepareNative(mutations) {
  const problem = await toolchainProblem();
  if (problem !== undefined) throw new Error(`${problem} (--no-native leaves C++ out)`);
  mkdirSync(NATIVE, { recursive: true });
  for (const name of NATIVE_SOURCES) {
    rmSync(join(NATIVE, name), { recursive: true, force: true });
    cpSync(inRoot(name), join(NATIVE, name), { recursive: true, preserveTimestamps: true });
  }
  if (!existsSync(join(NATIVE, 'node_modules'))) {
    symlinkSync(inRoot('node_modules'), join(NATIVE, 'node_modules'));
  }
  for (const { file } of mutations) writeFileSync(join(NATIVE, file), readFileSync(inRoot(file)));
  say('building the addon (node-gyp)');
  await buildNative();
}

async function buildNative() {
  const { code, output } = await runNodeGyp([], { cwd: NATIVE });
  if (code !== 0) throw new Error(`the addon can't be built\n${tail(output)}`);
}

async function checkUnchanged(mutations) {
  for (const engine of new Set(mutations.map(engineOf))) {
    const ofEngine = mutations.filter((mutation) => engineOf(mutation) === engine);
    const { code, output } = await runTests(
      engine,
      new Set(ofEngine.map(({ test: [file] }) => file)),
      ofEngine.map(({ test: [, title] }) => title),
    );
    if (code !== 0) throw new Error(`tests fail without a bug (${engine})\n${tail(output, 80)}`);
  }
}

/** Why the bug was not found; undefined where it was. */
async function attempt(mutation) {
  const [file, title] = mutation.test;
  const undo = await plant(mutation);
  try {
    const { output } = await runTests(engineOf(mutation), [file], [title]);
    const isFound = output
      .split('\n')
      .some((line) => line.startsWith('not ok') && line.includes(title));
    return isFound ? undefined : tail(output);
  } finally {
    undo();
  }
}

/** Makes the bug; what it returns takes it back. */
async function plant(mutation) {
  if (!isNative(mutation)) {
    const compiled = inRoot(OUTPUT, mutation.file.replace(/\.ts$/, '.js'));
    const before = readFileSync(compiled);
    writeFileSync(compiled, await transpile(mutated(mutation)));
    return () => writeFileSync(compiled, before);
  }
  const copy = join(NATIVE, mutation.file);
  writeFileSync(copy, mutated(mutation));
  const undo = () => writeFileSync(copy, readFileSync(inRoot(mutation.file)));
  try {
    await buildNative();
  } catch (error) {
    undo();
    throw error;
  }
  return undo;
}

// Types are only taken away: whether a bug is well typed does not matter.
async function transpile(source) {
  const { transform } = await import('esbuild');
  return (await transform(source, { loader: 'ts', format: 'esm', target: 'es2023' })).code;
}

function runTests(engine, files, titles) {
  const matches = titles.map((title) => `--match=*${title}*memory)`);
  const compiled = Array.from(files, (file) => `${OUTPUT}/${file.replace(/\.ts$/, '.js')}`);
  return runNode([ENTRY.ava, '--tap', `--timeout=${TEST_TIMEOUT}`, ...matches, ...compiled], {
    env: {
      SHARDWATCH_ENGINE: engine,
      ...(engine === 'native' ? { SHARDWATCH_ADDON: join(NATIVE, SHIPPED_ADDON) } : {}),
    },
    timeoutMs: RUN_TIMEOUT_MS,
  });
}
