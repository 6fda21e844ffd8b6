/**
 * Builds the client of the benchmarks over sockets: bench/peers, a program in C.
 *
 * Without a compiler there are no such rows; the reason is kept for whoever asks why.
 */

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';

import { inRoot } from './project.mjs';
import { run, tail } from './run.mjs';
import { fingerprint, readStamp, removeStamp, writeStamp } from './stamp.mjs';

const STAMP = 'load-client';
const FOLDER = 'build-load';
const SOURCES = ['bench/peers/load.c', 'bench/peers/http_response.c'];
const HEADERS = ['bench/peers/http_response.h'];
const PROGRAM = inRoot(FOLDER, 'load');
const REASON = inRoot(FOLDER, 'reason.txt');

const FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Wconversion', '-Werror'];

const BUILD_TIMEOUT_MS = 60_000;

/** Resolves to undefined, or to why it was not built. */
export async function buildLoadClient() {
  const sources = fingerprint([...SOURCES, ...HEADERS], `${process.platform} ${process.arch}`);
  if (readStamp(STAMP) === sources && existsSync(PROGRAM)) return undefined;
  removeStamp(STAMP);
  rmSync(inRoot(FOLDER), { recursive: true, force: true });
  mkdirSync(inRoot(FOLDER), { recursive: true });
  const reason = await compile();
  if (reason === undefined) writeStamp(STAMP, sources);
  else writeFileSync(REASON, reason);
  return reason;
}

async function compile() {
  if (process.platform !== 'linux') return 'it needs epoll, which only Linux has';
  const compiler = process.env.CC ?? 'cc';
  const files = SOURCES.map((source) => inRoot(source));
  const { code, missing, output } = await run(compiler, [...FLAGS, ...files, '-o', PROGRAM], {
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  if (missing) return `there is no C compiler (${compiler})`;
  return code === 0 ? undefined : `it does not compile\n${tail(output)}`;
}
