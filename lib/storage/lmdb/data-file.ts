/**
 * A look at LMDB's data file before LMDB opens it: its native part crashes the process when opening
 * fails, and when a page that it maps is beyond the end of the file, where a clear error is wanted.
 */

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';

import { StorageError } from '../contract.js';
import { isFullLength, readDataMeta, walkPages, type DataMeta } from './data-pages.js';

/** Throws `unavailable` or `corrupt` unless LMDB will be able to open what is in the folder. */
export function checkDataFile(folder: string): void {
  const path = join(folder, 'data.mdb');
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const file of [path, join(folder, 'lock.mdb')]) {
      if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
    }
    if (existsSync(path)) checkContent(path);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    const message = `the data folder ${folder} can't be used: ${(error as Error).message}`;
    throw new StorageError('unavailable', message, { cause: error });
  }
}

/** Whether there is a data file with something in it. */
export function hasDataFile(folder: string): boolean {
  const stats = statSync(join(folder, 'data.mdb'), { throwIfNoEntry: false });
  // LMDB makes the file first and its meta pages, both at once, next.
  return stats !== undefined && stats.size > 0;
}

/** Opens the data file, to be read beside LMDB. The caller closes it. */
export function openDataFile(folder: string): { file: number; path: string } {
  const path = join(folder, 'data.mdb');
  return { file: openSync(path, 'r'), path };
}

function checkContent(path: string): void {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size === 0) return;
    const meta = readDataMeta(file, path);
    // A walk reads the whole file; that a whole one is short at all is rare.
    if (!isFullLength(file, meta)) checkShortFile(file, path, meta);
  } finally {
    closeSync(file);
  }
}

function checkShortFile(file: number, path: string, meta: DataMeta): void {
  for (const fault of walkPages(file, meta)) {
    if (fault === undefined) continue;
    const { size } = fstatSync(file);
    const message = `${path} is damaged: it has ${size} bytes, and ${fault}`;
    throw new StorageError('corrupt', message);
  }
}
