/**
 * Builds what the benchmarks of threads are measured against: bench/native, an addon of one file.
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
const SOURCE = 'bench/native/locked_store.cc';
const ADDON = inRoot(FOLDER, 'locked_store.node');
const REASON = inRoot(FOLDER, 'reason.txt');

const FLAGS = ['-std=c++20', '-O3', '-shared', '-fPIC', '-DNAPI_VERSION=9'];

const BUILD_TIMEOUT_MS = 2 * 60_000;

/** Resolves to undefined, or to why it was not built. */
export async function buildBaseline() {
  const sources = fingerprint([SOURCE], `${process.platform} ${process.arch} ${FLAGS}`);
  if (readStamp(STAMP) === sources && existsSync(ADDON)) return undefined;
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
  const platform = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
  const { code, output } = await run(
    process.env.CXX ?? 'c++',
    [...FLAGS, ...platform, '-isystem', headers, inRoot(SOURCE), '-o', ADDON],
    { timeoutMs: BUILD_TIMEOUT_MS },
  );
  return code === 0 ? undefined : `it does not compile\n${tail(output)}`;
}
