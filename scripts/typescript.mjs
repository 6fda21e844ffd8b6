/**
 * Compiling: the library to `dist/`, library and tests to `out/`.
 *
 *  1. The library is compiled beside its place and moved there when it is whole: a build that fails
 *     leaves the one before in use.
 *  2. Each process compiles into a folder of its own, so that two at once do not mix.
 */

import { existsSync, renameSync, rmSync } from 'node:fs';

import { ENTRY, inRoot, say } from './project.mjs';
import { runNode, tail } from './run.mjs';
import { fingerprint, readStamp, writeStamp } from './stamp.mjs';

const LIBRARY_STAMP = 'library';
const LIBRARY_SOURCES = ['lib', 'tsconfig.json', 'package-lock.json'];

// As deep as dist/, so that source maps point to the sources from either.
const BESIDE = inRoot(`build-dist-${process.pid}`);
const BEFORE = inRoot(`build-before-${process.pid}`);

/** Throws with the compiler's messages. Does nothing when nothing changed. */
export async function buildLibrary() {
  const sources = fingerprint(LIBRARY_SOURCES);
  if (readStamp(LIBRARY_STAMP) === sources && existsSync(inRoot('dist/index.js'))) return;
  say('compiling the library');
  try {
    const args = [ENTRY.tsc, '-p', 'tsconfig.json', '--outDir', BESIDE];
    const { code, output } = await runNode(args);
    if (code !== 0) throw new Error(`the library does not compile\n${tail(output)}`);
    if (existsSync(inRoot('dist'))) renameSync(inRoot('dist'), BEFORE);
    renameSync(BESIDE, inRoot('dist'));
    writeStamp(LIBRARY_STAMP, sources);
  } finally {
    rmSync(BESIDE, { recursive: true, force: true });
    rmSync(BEFORE, { recursive: true, force: true });
  }
}

/**
 * Throws with the compiler's messages; what could be compiled is there all the same. Starts from an
 * empty folder, so that no test runs whose source is gone.
 */
export async function buildTests() {
  say('compiling the tests');
  rmSync(inRoot('out'), { recursive: true, force: true });
  const { code, output } = await runNode([ENTRY.tsc, '-p', 'tsconfig.tests.json']);
  if (code !== 0) throw new Error(`the tests do not compile\n${tail(output)}`);
}
