/**
 * Remembering what a result was made from, so that it is made again only when that changed.
 *
 *  1. A stamp is written after its result is complete: a run that was cut short leaves none.
 *  2. A fingerprint covers names, sizes and times of files, not their contents: it must be cheap
 *     enough for every start.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { CACHE, ROOT } from './project.mjs';

/** A fingerprint of files and folders (all that is in them), given relative to the root. */
export function fingerprint(paths, extra = '') {
  const hash = createHash('sha256').update(extra);
  for (const path of paths) addPath(hash, path);
  return hash.digest('hex');
}

function addPath(hash, path) {
  const stats = statSync(join(ROOT, path), { throwIfNoEntry: false });
  if (stats === undefined) {
    hash.update(`${path}\0absent\0`);
  } else if (stats.isDirectory()) {
    for (const name of readdirSync(join(ROOT, path)).toSorted()) addPath(hash, `${path}/${name}`);
  } else {
    hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\0`);
  }
}

const fileOf = (name) => join(CACHE, 'stamps', name);

export function readStamp(name) {
  try {
    return readFileSync(fileOf(name), 'utf8');
  } catch {
    return undefined;
  }
}

export function writeStamp(name, value) {
  mkdirSync(dirname(fileOf(name)), { recursive: true });
  writeFileSync(fileOf(name), value);
}

export function removeStamp(name) {
  rmSync(fileOf(name), { force: true });
}
