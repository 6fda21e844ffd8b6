/**
 * `importStore`: an export becomes a store, or a part of one.
 *
 *  1. Everything is checked before anything of it can be seen, and all of it comes or nothing: a
 *     new store is built beside its place and takes it by one rename; into one that is there, all
 *     is written by one transaction.
 *  2. A store without objects gets them as they were: their resourceVersions stay valid, and the
 *     store's revision goes on from that of the export (or from its own, if that is higher). What
 *     was before has no history there: who resumes from further back has to list anew.
 *  3. A store with objects gets each as a new write, in the order of the keys.
 */

import { existsSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Readable } from 'node:stream';

import { checkDataFile } from '../data-file.js';
import { BackupError, checkAborted, fileFailure } from '../../backup/error.js';
import { ExportReader } from '../../backup/export-reader.js';
import type { Report } from '../../backup/finding.js';
import type { Existing, ImportReport } from '../../backup/import-report.js';
import { mergeInto } from './merge.js';
import { flushFolder } from '../../backup/output-file.js';
import { Staging } from './staging.js';

export interface ImportStoreOptions {
  /** The folder of the store; made if it is not there. No process may have it open. */
  readonly path: string;
  /** A file or a stream of bytes, compressed or not. */
  readonly input: string | Readable;
  /** Into a store that holds objects, too; revisions are assigned anew there. Default false. */
  readonly merge?: boolean;
  /** With `merge`, what becomes of a key that is there: default `fail`, of the whole import. */
  readonly existing?: Existing;
  /** Does all but change the store. Default false. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** Called now and then; `total` is told where it is known. */
  readonly onProgress?: (objects: number, total: number | undefined) => void;
  /** Address space to begin with, in bytes; it grows as the store does. Default 1 GiB. */
  readonly mapSizeBytes?: number;
  /** A number in [0, 1), for the name under which the store is held. Default Math.random. */
  readonly random?: () => number;
}

/**
 * Reads an export into a store.
 *
 * @throws BackupError `damaged`, `truncated`, `unsupported-format`, `not-empty`, `conflict`,
 * `aborted`, `unavailable`; StorageError `locked` when a living process has the store open, and
 * otherwise as `LmdbStorage.open`. After any of them the store is as it was.
 */
export async function importStore(options: ImportStoreOptions): Promise<ImportReport> {
  const { merge = false, existing, dryRun = false, random = Math.random } = options;
  const { mapSizeBytes = MAP_SIZE_BYTES } = options;
  if (existing !== undefined && !merge) {
    throw new RangeError('existing says what a merge does, but merge is not set');
  }
  const target = findTarget(options.path);
  const staging = new Staging(target.folder, mapSizeBytes);
  try {
    const { objects, revision } = await fill(staging, options);
    checkAborted(options.signal);
    if (!target.isStore) {
      await staging.close();
      if (!dryRun) await takePlace(staging.folder, target.folder);
      return { objects, created: objects, replaced: 0, skipped: 0, revision, dryRun };
    }
    const report = await mergeInto(target.folder, staging.environment, {
      existing: merge ? (existing ?? 'fail') : undefined,
      dryRun,
      mapSizeBytes,
      random,
    });
    return { objects, ...report, dryRun };
  } finally {
    await staging.remove();
  }
}

interface Target {
  readonly folder: string;
  /** Otherwise it is not there, or is an empty folder. */
  readonly isStore: boolean;
}

function findTarget(path: string): Target {
  if (path === '') throw new BackupError('unavailable', 'the path of the store is empty');
  let names: readonly string[];
  try {
    if (!existsSync(path)) return { folder: resolve(path), isStore: false };
    names = readdirSync(path);
  } catch (error) {
    throw fileFailure(path, error);
  }
  const folder = realpathSync(path);
  if (names.length === 0) return { folder, isStore: false };
  // A server that was stopped before it had written anything leaves the lock file, perhaps alone.
  if (!names.includes('data.mdb') && !names.every((name) => name === 'lock.mdb')) {
    throw new BackupError('not-empty', `${path} holds something else than a store`);
  }
  checkDataFile(folder);
  return { folder, isStore: true };
}

async function fill(
  staging: Staging,
  { input, signal, onProgress }: ImportStoreOptions,
): Promise<{ objects: number; revision: bigint }> {
  const reader = new ExportReader(input, refuse, signal);
  const header = await reader.readHeader();
  let objects = 0;
  for await (const row of reader.rows()) {
    await staging.add(row);
    objects++;
    if (objects % PROGRESS_ROWS === 0) onProgress?.(objects, header.objects);
  }
  onProgress?.(objects, header.objects);
  await staging.finish(header.revision);
  return { objects, revision: header.revision };
}

const refuse: Report = (_code, message) => {
  throw new BackupError('damaged', `the export can't be imported: ${message}`);
};

async function takePlace(folder: string, path: string): Promise<void> {
  try {
    // Onto an empty folder, too; never onto one that somebody has put something into meanwhile.
    renameSync(folder, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw fileFailure(path, error);
    throw new BackupError('not-empty', `${path} is not empty any more`, { cause: error });
  }
  await flushFolder(dirname(path));
}

// Only reserved, not used.
const MAP_SIZE_BYTES = 2 ** 30;
const PROGRESS_ROWS = 1000;
