/**
 * Builds what benchmarks are measured against: bench/native, whose files are an addon each.
 *
 * Without a compiler, or without Node's headers beside Node, there are no such rows; the reason is
 * kept for whoever asks why.
 */

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { toolchainProblem } from './native.mjs';
import { inRoot } from './project.mjs';
import { run, tail } from './run.mjs';
import { fingerprint, readStamp, removeStamp, writeStamp } from './stamp.mjs';

const STAMP = 'baseline';
const FOLDER = 'build-baseline';
const NAMES = ['locked_store', 'random_copies'];
const REASON = inRoot(FOLDER, 'reason.txt');

const FLAGS = ['-std=c++20', '-O3', '-shared', '-fPIC', '-DNAPI_VERSION=9'];

const BUILD_TIMEOUT_MS = 2 * 60_000;

const sourceOf = (name) => `bench/native/${name}.cc`;
const addonOf = (name) => inRoot(FOLDER, `${name}.node`);

/** Resolves to undefined, or to why it was not built. */
export async function buildBaseline() {
  const platform = `${process.platform} ${process.arch} ${FLAGS}`;
  const sources = fingerprint(NAMES.map(sourceOf), platform);
  const isBuilt = NAMES.every((name) => existsSync(addonOf(name)));
  if (readStamp(STAMP) === sources && isBuilt) return undefined;
  removeStamp(STAMP);
  rmSync(inRoot(FOLDER), { recursive: true, force: true });
  mkdirSync(inRoot(FOLDER), { recursive: true });
  const reason = await compile();
  if (reason === undefined) writeStamp(STAMP, sources);
  else writeFileSync(REASON, reason);
  return reason;
}

async function compile() {
  if (process.platform === 'win32') return 'it is built on Unix only';
  const problem = await toolchainProblem();
  if (problem !== undefined) return problem;
  const prefix = process.env.npm_config_nodedir ?? dirname(dirname(process.execPath));
  const headers = join(prefix, 'include', 'node');
  if (!existsSync(join(headers, 'node_api.h'))) return `Node's headers are not in ${headers}`;
  for (const name of NAMES) {
    const { code, output } = await compileOne(name, headers);
    if (code !== 0) return `${name} does not compile\n${tail(output)}`;
  }
  return undefined;
}

function compileOne(name, headers) {
  const platform = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
  const files = [inRoot(sourceOf(name)), '-o', addonOf(name)];
  return run(process.env.CXX ?? 'c++', [...FLAGS, ...platform, '-isystem', headers, ...files], {
    timeoutMs: BUILD_TIMEOUT_MS,
  });
}
