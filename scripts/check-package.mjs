/**
 * Checks what would be published: the packed tarball, not the checkout.
 *
 *  1. It holds the built library, the native sources and the texts, and nothing else.
 *  2. publint finds nothing.
 *  3. The core loads from the bare tarball, without a single dependency installed.
 *  4. Installed in an empty folder, every subpath loads, `require` included, and the command runs.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inRoot, say } from './project.mjs';
import { run, runNode, runNpm, tail } from './run.mjs';
import { buildLibrary } from './typescript.mjs';

const ALLOWED = /^(dist\/|native\/|prebuilds\/|binding\.gyp$|package\.json$|[A-Z]+(\.md)?$)/;
const FORBIDDEN = /\.test\.|(^|\/)test\/|(?<!\.d)\.ts$|\.tsbuildinfo$/;

/** The library and its maps; far above it something that does not belong was packed. */
const TARBALL_BYTES_MAX = 2 * 1024 * 1024;

/** Subpaths that promise to need no other package. */
const CORE = ['object', 'engine', 'storage', 'watch', 'cache'];

const manifest = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'shardwatch-package-'));
try {
  await buildLibrary();
  const tarball = await pack();
  await lint();
  await loadCoreAlone(tarball);
  await installAndLoad(tarball);
  say('the package is whole');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function pack() {
  const { code, output } = await runNpm([
    'pack',
    '--json',
    '--silent',
    '--pack-destination',
    folder,
  ]);
  if (code !== 0) throw new Error(`npm pack failed\n${tail(output)}`);
  const [packed] = JSON.parse(output.slice(output.indexOf('[\n')));
  const wrong = packed.files.filter(({ path }) => !ALLOWED.test(path) || FORBIDDEN.test(path));
  if (wrong.length > 0) {
    throw new Error(`must not be published: ${wrong.map(({ path }) => path).join(', ')}`);
  }
  if (packed.size > TARBALL_BYTES_MAX) {
    throw new Error(`the tarball has ${packed.size} bytes; ${TARBALL_BYTES_MAX} are the limit`);
  }
  for (const needed of ['dist/server/command.js', 'binding.gyp', 'LICENSE', 'README.md']) {
    if (!packed.files.some(({ path }) => path === needed)) throw new Error(`${needed} is missing`);
  }
  say(`${packed.filename}: ${packed.files.length} files, ${packed.size} bytes`);
  return join(folder, packed.filename);
}

async function lint() {
  const { publint } = await import('publint');
  const { formatMessage } = await import('publint/utils');
  const { messages } = await publint({ pkgDir: inRoot(), strict: true });
  if (messages.length > 0) {
    throw new Error(messages.map((message) => formatMessage(message, manifest)).join('\n'));
  }
}

async function loadCoreAlone(tarball) {
  const place = join(folder, 'alone');
  mkdirSync(place);
  const { code, output } = await run('tar', ['-xzf', tarball, '-C', place]);
  if (code !== 0) throw new Error(`the tarball can't be unpacked\n${output}`);
  const imports = CORE.map((name) => `await import('shardwatch/${name}');`).join('\n');
  await load(join(place, 'package'), 'core.mjs', imports);
}

async function installAndLoad(tarball) {
  const place = join(folder, 'consumer');
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{ "private": true }\n');
  const { code, output } = await runNpm(
    ['install', tarball, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'],
    { cwd: place },
  );
  if (code !== 0) throw new Error(`the tarball can't be installed\n${tail(output)}`);
  const subpaths = Object.keys(manifest.exports).filter((path) => !path.endsWith('.json'));
  const names = subpaths.map((path) => `shardwatch${path.slice(1)}`);
  await load(place, 'all.mjs', names.map((name) => `await import('${name}');`).join('\n'));
  await load(place, 'all.cjs', names.map((name) => `require('${name}');`).join('\n'));
  const bin = createRequire(join(place, 'index.js')).resolve('shardwatch/package.json');
  const command = join(bin, '..', manifest.bin.shardwatch);
  const help = await runNode([command, '--help']);
  if (help.code !== 0) throw new Error(`shardwatch --help failed\n${tail(help.output)}`);
}

async function load(place, name, text) {
  writeFileSync(join(place, name), text);
  const { code, output } = await runNode([join(place, name)], { cwd: place });
  if (code !== 0) throw new Error(`${name} does not load\n${text}\n${tail(output)}`);
}
