/** Making the folders that a store is in. */

import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and whatever is missing above it; one that is there stays as it is. Returns the
 * first one that was missing. Throws the file system's error.
 *
 * One folder after the other: the recursive `mkdir` of Node 20 never returns where a parent is
 * there and takes no folders, as in /proc.
 */
export function makeFolder(path: string, mode = 0o777): string | undefined {
  const missing: string[] = [];
  let folder = resolve(path);
  while (!isThere(folder)) {
    missing.push(folder);
    folder = dirname(folder);
  }
  for (const next of missing.toReversed()) makeOne(next, mode);
  return missing.at(-1);
}

function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

// A root that is not there is for `mkdir` to tell of.
function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined || dirname(path) === path;
}
