/**
 * `verifyStore`: reads all of a store, beside whoever has it open, and tells what is wrong with it.
 *
 *  1. The pages of the data file come first, read without LMDB, which a damaged one may crash: if
 *     one is, the rows are not looked at.
 *  2. Nothing is written, nor repaired.
 */

import { closeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

import { StorageError } from '../../contract.js';
import { openDataFile } from '../data-file.js';
import { readDataMeta, walkPages } from '../data-pages.js';
import { withPagesKept } from '../environment.js';
import { BackupError, checkAborted } from '../../backup/error.js';
import { Findings, type VerifyReport } from '../../backup/finding.js';
import { findFolder, readerOptions, readStore } from './store-reader.js';
import { RowVerifier } from './verify-rows.js';

export interface VerifyStoreOptions {
  /** The folder of the store: `path` of LmdbStorage, `store` below the command's data folder. */
  readonly path: string;
  readonly signal?: AbortSignal;
  /** Called now and then; `total` is told where it is known. */
  readonly onProgress?: (objects: number, total: number | undefined) => void;
}

/**
 * Verifies a store.
 *
 * @throws BackupError `no-store`, `aborted`; StorageError `unsupported-format`, or `unavailable`
 * when the folder can't be read.
 */
export async function verifyStore(options: VerifyStoreOptions): Promise<VerifyReport> {
  const { path, signal } = options;
  const findings = new Findings();
  const folder = findFolder(path);
  let revisions: Pick<VerifyReport, 'revision' | 'compactedRevision'> = {};
  try {
    await verifyPages(folder, findings, signal);
    if (findings.count === 0) {
      revisions = await readStore(folder, (environment, snapshot) =>
        new RowVerifier(environment, snapshot, findings, options).verify(),
      );
    }
  } catch (error) {
    // What keeps the store from being opened at all.
    if (!(error instanceof StorageError) || error.code !== 'corrupt') throw error;
    findings.report('meta', error.message);
  }
  return { subject: folder, kind: 'store', ...revisions, ...findings.summary() };
}

async function verifyPages(
  folder: string,
  findings: Findings,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { file, path } = openDataFile(folder);
  try {
    // LMDB opens nothing whose meta pages are not its own.
    readDataMeta(file, path);
    await withPagesKept(readerOptions(folder), async () => {
      let pages = 0;
      for (const fault of walkPages(file, readDataMeta(file, path))) {
        if (fault !== undefined) findings.report('page', `${path}: ${fault}`);
        if (++pages % PAGES_A_TURN !== 0) continue;
        checkAborted(signal);
        await turn();
      }
    });
  } catch (error) {
    if (error instanceof StorageError || error instanceof BackupError) throw error;
    const message = `${path} can't be read: ${(error as Error).message}`;
    throw new StorageError('unavailable', message, { cause: error });
  } finally {
    closeSync(file);
  }
}

// Some milliseconds of work, so that a signal is heard.
const PAGES_A_TURN = 1000;
