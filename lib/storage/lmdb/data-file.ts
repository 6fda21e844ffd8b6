/**
 * A look at LMDB's data file before LMDB opens it: its native part crashes the process when opening
 * fails, where a clear error is wanted.
 *
 * The file begins with two meta pages, each
 *
 *     page header 24 | magic 4, version 4, address 8, map size 8, page size 4, …
 */

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readSync,
} from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

import { StorageError } from '../contract.js';

/** Throws `unavailable` or `corrupt` unless LMDB will be able to open what is in the folder. */
export function checkDataFile(folder: string): void {
  const path = join(folder, 'data.mdb');
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const file of [path, join(folder, 'lock.mdb')]) {
      if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
    }
    if (existsSync(path)) checkMetaPages(path);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    const message = `the data folder ${folder} can't be used: ${(error as Error).message}`;
    throw new StorageError('unavailable', message, { cause: error });
  }
}

function checkMetaPages(path: string): void {
  const file = openSync(path, 'r');
  try {
    // LMDB makes the file first and its meta pages, both at once, next.
    if (fstatSync(file).size === 0) return;
    const pageBytes = checkMetaPage(file, path, 0);
    checkMetaPage(file, path, pageBytes);
  } finally {
    closeSync(file);
  }
}

// Returns the size of a page.
function checkMetaPage(file: number, path: string, offset: number): number {
  const page = Buffer.alloc(META_BYTES);
  const isWhole = readSync(file, page, 0, META_BYTES, offset) === META_BYTES;
  if (!isWhole || readNative(page, MAGIC_OFFSET) !== MAGIC) {
    throw new StorageError('corrupt', `${path} is not an LMDB file, or is damaged`);
  }
  const version = readNative(page, VERSION_OFFSET) & 0xffff;
  const pageBytes = readNative(page, PAGE_SIZE_OFFSET);
  if (version !== DATA_VERSION || !PAGE_SIZES.has(pageBytes)) {
    const found = `version ${version}, pages of ${pageBytes} bytes`;
    throw new StorageError('corrupt', `${path} has a format that can't be read: ${found}`);
  }
  return pageBytes;
}

// In the byte order of the machine, as LMDB writes it.
function readNative(page: Buffer, offset: number): number {
  return endianness() === 'LE' ? page.readUInt32LE(offset) : page.readUInt32BE(offset);
}

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const MAGIC_OFFSET = 24;
const VERSION_OFFSET = 28;
const PAGE_SIZE_OFFSET = 48;
const META_BYTES = 64;
const PAGE_SIZES = new Set([4096, 8192, 16384, 32768, 65536]);
