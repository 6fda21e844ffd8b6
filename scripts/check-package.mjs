/**
 * Checks what would be published: the packed tarball, not the checkout.
 *
 *  1. It holds what packing it promises (scripts/pack.mjs), and the addons in it ask for no newer
 *     system than documented (scripts/prebuild.mjs).
 *  2. publint and are-the-types-wrong find nothing.
 *  3. The core loads from the bare tarball, without a single dependency installed.
 *  4. Installed in an empty folder, every subpath loads, `require` included, and the command runs.
 *  5. Every source map of the library carries the source that it leads to.
 *
 * How it does on other Nodes, processors and systems is for test/package.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packPackage } from './pack.mjs';
import { describePrebuilds } from './prebuild.mjs';
import { ENTRY, inRoot, say } from './project.mjs';
import { run, runNode, runNpm, tail } from './run.mjs';

/** Subpaths that promise to need no other package. */
const CORE = ['object', 'engine', 'storage', 'watch', 'cache', 'queue'];

const manifest = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'shardwatch-package-'));
try {
  const { file, files, bytes } = await packPackage(folder);
  say(`${manifest.name} ${manifest.version}: ${files.length} files, ${bytes} bytes packed`);
  for (const line of describePrebuilds()) say(line);
  await lint(file);
  await lintTypes(file);
  const alone = await loadCoreAlone(file);
  checkMaps(alone, files);
  await installAndLoad(file);
  say('the package is whole');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function lint(tarball) {
  const { publint } = await import('publint');
  const { formatMessage } = await import('publint/utils');
  const bytes = readFileSync(tarball);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
  if (messages.length > 0) {
    throw new Error(messages.map((message) => formatMessage(message, manifest)).join('\n'));
  }
}

// It is a module alone, for every resolution that knows `exports`.
async function lintTypes(tarball) {
  const { code, output } = await runNode([ENTRY.attw, tarball, '--profile', 'esm-only']);
  if (code !== 0) throw new Error(`are-the-types-wrong\n${tail(output)}`);
}

async function loadCoreAlone(tarball) {
  const place = join(folder, 'alone');
  mkdirSync(place);
  const { code, output } = await run('tar', ['-xzf', tarball, '-C', place]);
  if (code !== 0) throw new Error(`the tarball can't be unpacked\n${output}`);
  const imports = CORE.map((name) => `await import('shardwatch/${name}');`).join('\n');
  await load(join(place, 'package'), 'core.mjs', imports);
  return join(place, 'package');
}

function checkMaps(place, files) {
  const scripts = files.filter((path) => /^dist\/.*\.js$/.test(path));
  for (const path of scripts) {
    const map = JSON.parse(readFileSync(join(place, `${path}.map`), 'utf8'));
    const isWhole = map.sources.every((_, index) => (map.sourcesContent?.[index] ?? '') !== '');
    if (!isWhole) throw new Error(`${path}.map leads to sources that are not in the package`);
  }
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
