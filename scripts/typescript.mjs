/**
 * Compiling: the library to `dist/`, library and tests to `out/`.
 *
 * The library is compiled beside its place and moved there when it is whole: a build that fails
 * leaves the one before in use.
 */

import { existsSync, renameSync, rmSync } from 'node:fs';

import { ENTRY, inRoot, say } from './project.mjs';
import { runNode, tail } from './run.mjs';
import { fingerprint, readStamp, removeStamp, writeStamp } from './stamp.mjs';

const LIBRARY_STAMP = 'library';
const LIBRARY_SOURCES = ['lib', 'tsconfig.json', 'package-lock.json'];

// As deep as dist/, so that source maps point to the sources from either.
const LIBRARY_BESIDE = 'build-dist';

/** Throws with the compiler's messages. Does nothing when nothing changed. */
export async function buildLibrary() {
  const sources = fingerprint(LIBRARY_SOURCES);
  if (readStamp(LIBRARY_STAMP) === sources && existsSync(inRoot('dist'))) return;
  say('compiling the library');
  removeStamp(LIBRARY_STAMP);
  rmSync(inRoot(LIBRARY_BESIDE), { recursive: true, force: true });
  const { code, output } = await runNode([
    ENTRY.tsc,
    '-p',
    'tsconfig.json',
    '--outDir',
    LIBRARY_BESIDE,
  ]);
  if (code !== 0) throw new Error(`the library does not compile\n${tail(output)}`);
  rmSync(inRoot('dist'), { recursive: true, force: true });
  renameSync(inRoot(LIBRARY_BESIDE), inRoot('dist'));
  writeStamp(LIBRARY_STAMP, sources);
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
