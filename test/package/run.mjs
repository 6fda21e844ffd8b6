/**
 * `npm run test:package`: packs once and uses the tarball as users will, on other Nodes, on another
 * processor, from CommonJS and TypeScript, bundled, and where nothing can be compiled.
 *
 *  1. Everything is done in folders outside the checkout, which hold only what npm put there.
 *  2. The last line is `N passed, N failed`; the exit code is 0 only where nothing failed.
 */

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { build } from 'esbuild';

import { aarch64Emulator } from '../../scripts/aarch64.mjs';
import { runNodeGyp } from '../../scripts/native.mjs';
import { packPackage } from '../../scripts/pack.mjs';
import { entryOf, inRoot, say } from '../../scripts/project.mjs';
import { run, tail } from '../../scripts/run.mjs';
import { nodeProgram } from './nodes.mjs';
import {
  addNodeTypes,
  barePath,
  compile,
  copyPlace,
  emptyPlace,
  install,
  runCommand,
  runFile,
} from './place.mjs';

const folder = mkdtempSync(join(tmpdir(), 'shardwatch-package-'));

/** What use.mjs prints wherever it runs, besides where that was. */
const USED = {
  events: ['ADDED a 2', 'ADDED b 4', 'DELETED a 5'],
  names: ['b'],
  got: 'red',
  dequeued: 'now',
};

/** What the core must not bring: a consumer of the cache alone opens no socket. */
const NETWORK = /^(?:_?https?2?|_tls.*|_http_.*|tls|net|dgram|internal\/http2\/.*)$/;

const TYPESCRIPT = {
  nodenext: ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
};

/** The behaviours, in order: later ones use what `installed` is. */
const CASES = {
  'installs where nothing can be compiled': async (world) => {
    const PATH = barePath(join(folder, 'bin'));
    world.installed = await install(world.tarball, join(folder, 'bare'), { env: { PATH } });
    checkUsed(await runFile(world.installed, 'use.mjs'), 'native');
  },
  'compiles nothing where it could, and needs no install script': async ({ tarball }) => {
    for (const scripts of [true, false]) {
      const place = await install(tarball, join(folder, `scripts-${scripts}`), { scripts });
      assert.ok(!existsSync(join(place, 'node_modules/shardwatch/build')));
      checkUsed(await runFile(place, 'use.mjs'), 'native');
    }
  },
  'is required by CommonJS': async ({ installed }) => {
    const told = await runFile(installed, 'require.cjs');
    assert.deepEqual(told, { engine: { kind: 'native' }, names: ['a'], server: 'function' });
  },
  'runs on Node 22': ({ installed }) => checkNode(installed, 22),
  'runs on Node 24': ({ installed }) => checkNode(installed, 24),
  'runs on 64-bit ARM': async ({ installed }) => {
    const program = [...(await aarch64Emulator()), await nodeProgram('linux-arm64 20')];
    const told = await runFile(installed, 'use.mjs', { program });
    assert.equal(told.arch, 'arm64');
    checkUsed(told, 'native');
    assert.match(told.engine.file, /prebuilds\/linux-arm64\.node$/);
  },
  'serves from JavaScript without an addon, and says why': async ({ installed }) => {
    const place = copyPlace(installed, join(folder, 'without-addon'));
    rmSync(join(place, 'node_modules/shardwatch/prebuilds'), { recursive: true });
    const told = await runFile(place, 'use.mjs');
    checkUsed(told, 'javascript');
    assert.match(told.engine.reason, /prebuilds\/linux-x64\.node: there is no such file/);
    await checkDoctor(place, 2, 'javascript');
  },
  'serves from JavaScript where the C library is musl, and says why': async ({ installed }) => {
    const env = { NODE_OPTIONS: '--import ./musl.mjs' };
    const told = await runFile(installed, 'use.mjs', { env });
    checkUsed(told, 'javascript');
    assert.match(told.engine.reason, /prebuilds\/linux-x64musl\.node: there is no such file/);
    const { problems } = await checkDoctor(installed, 2, 'javascript', env);
    assert.match(problems[0].message, /no addon for linux x64 \(musl\)/);
  },
  'is built from its own sources where that is asked for': async ({ installed }) => {
    const place = copyPlace(installed, join(folder, 'built'));
    const cwd = join(place, 'node_modules/shardwatch');
    rmSync(join(cwd, 'prebuilds'), { recursive: true });
    cpSync(entryOf('node-addon-api'), join(place, 'node_modules/node-addon-api'), {
      recursive: true,
    });
    const { code, output } = await runNodeGyp([], { cwd });
    assert.equal(code, 0, tail(output));
    const told = await runFile(place, 'use.mjs');
    checkUsed(told, 'native');
    assert.match(told.engine.file, /build\/Release\/shardwatch\.node$/);
  },
  'its command tells that the native engine serves': ({ installed }) =>
    checkDoctor(installed, 0, 'native'),
  'types are found with nodenext': (world) => checkTypes(world, 'nodenext'),
  'types are found with bundler': (world) => checkTypes(world, 'bundler'),
  'the core loads nothing of the network, no addon, and nothing else from npm': async (world) => {
    const place = emptyPlace(join(folder, 'alone'));
    await unpack(world.tarball, place);
    const args = ['shardwatch/cache', 'shardwatch/queue', 'shardwatch/storage'];
    const { builtins, addons } = await runFile(place, 'loaded.mjs', { args });
    assert.deepEqual(addons, []);
    assert.deepEqual(
      builtins.filter((name) => NETWORK.test(name)),
      [],
    );
    // What the test would see: the whole package does load it.
    const all = await runFile(world.installed, 'loaded.mjs', { args: ['shardwatch'] });
    assert.ok(all.builtins.some((name) => NETWORK.test(name)));
  },
  'a bundle of the documented example runs, with the addon where it lies beside': bundleExample,
};

async function checkNode(installed, major) {
  const told = await runFile(installed, 'use.mjs', {
    program: [await nodeProgram(`linux-x64 ${major}`)],
  });
  assert.equal(told.node.split('.')[0], String(major));
  checkUsed(told, 'native');
  const required = await runFile(installed, 'require.cjs', {
    program: [await nodeProgram(`linux-x64 ${major}`)],
  });
  assert.deepEqual(required.names, ['a']);
}

async function checkTypes({ installed }, resolution) {
  const place = copyPlace(installed, join(folder, `types-${resolution}`));
  addNodeTypes(place);
  await compile(place, 'typed.ts', TYPESCRIPT[resolution]);
  // The types of lmdb itself do not compile as a module.
  await compile(place, 'typed-lmdb.ts', [...TYPESCRIPT[resolution], '--skipLibCheck']);
}

function checkUsed(told, engine) {
  assert.equal(told.engine.kind, engine, told.engine.reason);
  assert.equal(told.cache, engine);
  const { events, names, got, dequeued } = told;
  assert.deepEqual({ events, names, got, dequeued }, USED);
}

async function checkDoctor(place, code, engine, env = {}) {
  const answer = await runCommand(place, ['doctor', '--json'], env);
  assert.equal(answer.code, code, tail(answer.output));
  const report = JSON.parse(answer.output.slice(answer.output.indexOf('{\n')));
  assert.equal(report.engine.kind, engine);
  return report;
}

async function unpack(tarball, place) {
  const target = join(place, 'node_modules/shardwatch');
  cpSync(inRoot('package.json'), join(target, 'package.json'));
  const { code, output } = await run('tar', [
    '-xzf',
    tarball,
    '--strip-components=1',
    '-C',
    target,
  ]);
  assert.equal(code, 0, output);
}

async function bundleExample({ installed }) {
  const [, example] = /^## The watch cache$.*?^```js\n(.*?)^```$/ms.exec(
    readFileSync(inRoot('docs/embedding.md'), 'utf8'),
  );
  const expected = [...example.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(
    ([, text]) => text,
  );
  assert.ok(expected.length > 0);
  const source = `${example}\nimport { engineReport } from 'shardwatch/engine';
    console.log(JSON.stringify(engineReport()));`;
  writeFileSync(join(installed, 'example.mjs'), source);
  const place = mkdtempSync(join(folder, 'bundle-'));
  await build({
    entryPoints: [join(installed, 'example.mjs')],
    outfile: join(place, 'example.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
  });
  for (const engine of ['javascript', 'native']) {
    if (engine === 'native') {
      const prebuilds = join(installed, 'node_modules/shardwatch/prebuilds');
      cpSync(prebuilds, join(place, 'prebuilds'), { recursive: true });
    }
    const { code, output } = await run(process.execPath, [join(place, 'example.mjs')], {
      cwd: place,
      env: { SHARDWATCH_ENGINE: '', SHARDWATCH_ADDON: '' },
    });
    assert.equal(code, 0, tail(output));
    const lines = output.trimEnd().split('\n');
    assert.equal(JSON.parse(lines.pop()).kind, engine);
    assert.deepEqual(lines, expected);
  }
}

await main();

async function main() {
  const totals = { passed: 0, failed: 0 };
  try {
    const { file: tarball, bytes } = await packPackage(folder);
    say(`packed: ${bytes} bytes`);
    const world = { tarball };
    for (const [behaviour, check] of Object.entries(CASES)) await runCase(behaviour, check, world);
  } catch (error) {
    totals.failed++;
    say(`FAILED ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  say(`${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed === 0 ? 0 : 1;

  async function runCase(behaviour, check, world) {
    const startMs = performance.now();
    try {
      await check(world);
      totals.passed++;
      say(`ok      ${behaviour} (${Math.round(performance.now() - startMs)} ms)`);
    } catch (error) {
      totals.failed++;
      say(`FAILED  ${behaviour}\n${error.message}`);
    }
  }
}
