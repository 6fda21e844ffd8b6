/** Writing a file so that its name only ever stands for all of it. */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';

import { BackupError, checkAborted, fileFailure } from './error.js';

export interface OutputFileOptions {
  /** Replaces a file of that name. */
  readonly force: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Runs `write` on a file beside `path`, which takes its name once it has been flushed to the disk.
 * Whatever fails, that file is removed. It is readable by its owner only.
 *
 * Throws `file-exists`, `unavailable`, or what `write` throws.
 */
export async function writeFileWhole<Result>(
  path: string,
  { force, signal }: OutputFileOptions,
  write: (output: Writable) => Promise<Result>,
): Promise<Result> {
  await checkName(path, force);
  const unique = randomBytes(4).toString('hex');
  const temporary = join(dirname(path), `.${basename(path)}.partial-${unique}`);
  const file = await open(temporary, 'wx', 0o600).catch((error: unknown) => {
    throw fileFailure(path, error);
  });
  try {
    const output = file.createWriteStream({ flush: true });
    const result = await write(output).catch((error: unknown) => {
      throw isFileSystemError(error) ? fileFailure(path, error) : error;
    });
    checkAborted(signal);
    await checkName(path, force);
    await rename(temporary, path);
    await flushFolder(dirname(path));
    return result;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes a rename in the folder outlive a loss of power. */
export async function flushFolder(folder: string): Promise<void> {
  // A folder can't be opened on Windows, where a rename is written through.
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function checkName(path: string, force: boolean): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return;
  if (!stats.isFile()) throw new BackupError('file-exists', `${path} is there and is no file`);
  if (!force) throw new BackupError('file-exists', `${path} is there already`);
}

function isFileSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
