/**
 * `npm test`: installs, builds both ways, fetches the real programs and runs every test on every
 * engine. `npm test -- test/engine` runs what is below that path and builds no more than it needs.
 *
 *  1. The last line is `N passed, N failed`; the exit code is 0 only where nothing failed.
 *  2. A step that fails is one failure, and the tests that can run without it still do.
 *  3. What can't run here is listed as skipped with its reason, and is in neither number.
 */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

import { fetchTools } from '../test/witness/tools/fetch.mjs';
import { ENGINE_FREE } from './engine-free.mjs';
import { installDependencies, nodeVersionProblem } from './install.mjs';
import {
  buildAddon,
  buildWithCmake,
  runCtest,
  SHIPPED_ADDON,
  toolchainProblem,
} from './native.mjs';
import { CACHE, ENTRY, inRoot, ROOT, say } from './project.mjs';
import { TapTally } from './tap.mjs';
import { buildLibrary, buildTests } from './typescript.mjs';

/**
 * The engines; every test runs once for each that is here, told by SHARDWATCH_ENGINE, except what
 * is ENGINE_FREE.
 */
const ENGINES = ['javascript', 'native'];

const NATIVE_TESTS = 'out/test/native/';

/** What runs the real programs that are fetched. */
const TOOL_TESTS = [
  'out/test/witness/',
  'out/test/storage/etcd/',
  'out/test/scripts/etcd',
  'out/test/server/serve-etcd',
  'out/test/server/store-etcd',
  'out/test/server/defragment',
];

/** What is about one engine alone, and has nothing to test on another. */
const ONE_ENGINE = {
  'out/test/engine/javascript/': 'javascript',
  'out/test/engine/native/': 'native',
  'out/test/lifecycle/': 'native',
  'out/test/model/linearisation': 'native',
  'out/test/queue/share': 'native',
  'out/test/server/aggregated/threads': 'native',
  'out/test/server/threads/life': 'native',
};

/** How often a long run says that it goes on. */
const PROGRESS_MS = 20_000;

const totals = { passed: 0, failed: 0 };
const skipped = [];

await main(process.argv.slice(2));

async function main(paths) {
  const problem = nodeVersionProblem();
  if (problem !== undefined) fail(problem);
  else if (await step('install', installDependencies)) {
    // Whatever goes wrong, the totals are told.
    await step('run', () => testAll(paths.map(compiledPath)));
  }
  for (const title of skipped) say(`skipped: ${title}`);
  if (totals.passed === 0 && totals.failed === 0) fail('no test ran');
  say(`${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
}

async function testAll(paths) {
  const wanted = (file) => paths.length === 0 || paths.some((path) => file.startsWith(path));
  const tools = needsTools(paths) ? fetchTools() : undefined;
  await step('library', buildLibrary);
  await step('tests', buildTests);
  const addons = paths.length === 0 || wanted(NATIVE_TESTS) ? await buildNative() : [];
  if (tools !== undefined) tellTools(await tools);
  const files = testFiles('out/test').filter(wanted);
  for (const path of paths) {
    if (!files.some((file) => file.startsWith(path))) fail(`no test is below ${path}`);
  }
  await runTests(files, addons);
}

// Whether a path that is to be tested is in a folder of TOOL_TESTS, or holds one.
function needsTools(paths) {
  const touches = (folder) =>
    paths.some((path) => folder.startsWith(path) || path.startsWith(folder));
  return paths.length === 0 || TOOL_TESTS.some(touches);
}

function tellTools({ etcd, missing }) {
  say(`etcd: ${etcd.map(({ version }) => version).join(', ') || 'none'}`);
  for (const [tool, reason] of Object.entries(missing)) say(`not here: ${tool}: ${reason}`);
}

// The addons that were built, and the tests of their core run.
async function buildNative() {
  const problem = await toolchainProblem();
  if (problem !== undefined) {
    skipped.push(`test/native and the tests of the C++ core: ${problem}`);
    return [];
  }
  const addons = [];
  await step('node-gyp', async () => {
    const { built, reason, output = '' } = await buildAddon();
    if (!built) throw new Error(`${reason}\n${output}`);
    addons.push(SHIPPED_ADDON);
  });
  await step('cmake-js', async () => {
    addons.push(await buildWithCmake());
    const { passed, failed, output } = await runCtest();
    if (failed > 0) say(output);
    say(`ctest: ${passed} passed, ${failed} failed`);
    count({ passed, failed });
  });
  return addons;
}

async function runTests(files, addons) {
  const native = files.filter((file) => file.startsWith(NATIVE_TESTS));
  const engineFree = files.filter(isEngineFree);
  const others = files.filter((file) => !file.startsWith(NATIVE_TESTS) && !isEngineFree(file));
  if (engineFree.length > 0) await runAva('no engine', engineFree, {});
  // The native one is there where its addon was just built; why it was not, is told by then.
  const isHere = (engine) => engine !== 'native' || addons.includes(SHIPPED_ADDON);
  for (const engine of ENGINES.filter(isHere)) {
    const wanted = others.filter((file) => isFor(engine, file));
    if (wanted.length > 0) await runAva(`${engine} engine`, wanted, { SHARDWATCH_ENGINE: engine });
  }
  if (native.length === 0) return;
  for (const addon of addons) {
    await runAva(`addon ${dirname(dirname(addon)).replace(`${ROOT}/`, '')}`, native, {
      SHARDWATCH_ADDON: addon,
    });
  }
}

function isEngineFree(file) {
  return ENGINE_FREE.some((path) => file.startsWith(compiledPath(path)));
}

function isFor(engine, file) {
  return Object.entries(ONE_ENGINE).every(
    ([path, one]) => one === engine || !file.startsWith(path),
  );
}

function runAva(name, files, environment) {
  say(`running ${files.length} test files (${name})`);
  const log = join(CACHE, 'logs', `${name.replaceAll(/\W+/g, '-')}.tap`);
  mkdirSync(dirname(log), { recursive: true });
  writeFileSync(log, '');
  return new Promise((resolve, reject) => {
    const tally = new TapTally(say);
    const child = spawn(process.execPath, [ENTRY.ava, '--tap', ...files], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const progress = setInterval(
      () => say(`  ${tally.passed} passed, ${tally.failed} failed so far`),
      PROGRESS_MS,
    );
    child.stdout.setEncoding('utf8').on('data', (text) => {
      writeFileSync(log, text, { flag: 'a' });
      tally.write(text);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(progress);
      tally.end(code ?? signal);
      skipped.push(...tally.skipped);
      say(`${name}: ${tally.passed} passed, ${tally.failed} failed`);
      count(tally);
      resolve();
    });
  });
}

async function step(name, work) {
  try {
    await work();
    return true;
  } catch (error) {
    fail(`${name}: ${error.message}`);
    return false;
  }
}

function fail(message) {
  totals.failed++;
  say(`FAILED ${message}`);
}

function count({ passed, failed }) {
  totals.passed += passed;
  totals.failed += failed;
}

// test/engine, test/engine/ and test/engine/log.test.ts as they are called when compiled.
function compiledPath(path) {
  const relative = path.replace(/^\.\//, '').replace(/\.ts$/, '.js');
  return relative.endsWith('.js') ? `out/${relative}` : `out/${relative.replace(/\/*$/, '/')}`;
}

function testFiles(folder) {
  if (!existsSync(inRoot(folder))) return [];
  return readdirSync(inRoot(folder), { recursive: true })
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .toSorted();
}
