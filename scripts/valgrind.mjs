/**
 * Valgrind for benchmarks that count instructions: the system's, or Debian's, unpacked into
 * `.cache/tools` without root.
 */

import { existsSync } from 'node:fs';

import { unpackPackages } from './debian.mjs';
import { inRoot } from './project.mjs';
import { run } from './run.mjs';

const FOLDER = inRoot('.cache', 'tools', 'valgrind-debian');

/** Resolves to undefined, or to why there is none. */
export async function provideValgrind() {
  if (existsSync(FOLDER) || !(await run('valgrind', ['--version'])).missing) return undefined;
  try {
    await unpackPackages(() => ['valgrind'], FOLDER);
    return undefined;
  } catch (error) {
    return error.message;
  }
}
