/**
 * A store in a folder of its own, beside that which it is for, filled row by row: it takes that
 * one's name, or is merged into it, when everything in it has been checked.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { Environment } from '../environment.js';
import { makeFolder } from '../folder.js';
import { writeMeta } from '../meta.js';
import { VersionRows } from '../version-rows.js';
import { fileFailure } from '../../backup/error.js';
import type { CheckedRow } from '../../backup/export-reader.js';

export class Staging {
  readonly folder: string;
  readonly environment: Environment;
  #rows: CheckedRow[] = [];
  #bytes = 0;
  #isClosed = false;
  /** The uppermost of the folders that had to be made for it. */
  readonly #firstMade: string | undefined;

  /** For a store in `folder`, whose parent is made if need be. Throws `unavailable`. */
  constructor(folder: string, mapSizeBytes: number) {
    const parent = dirname(folder);
    try {
      this.#firstMade = makeFolder(parent, 0o700);
      // For its owner only.
      this.folder = mkdtempSync(join(parent, `.${basename(folder)}.import-`));
    } catch (error) {
      throw fileFailure(folder, error);
    }
    try {
      this.environment = new Environment({
        path: this.folder,
        mapSizeBytes,
        runCommit: (commit) => commit(),
      });
    } catch (error) {
      rmSync(this.folder, { recursive: true, force: true });
      throw error;
    }
  }

  async add(row: CheckedRow): Promise<void> {
    this.#rows.push(row);
    this.#bytes += row.version.value.byteLength;
    if (this.#rows.length >= BATCH_ROWS_MAX || this.#bytes >= BATCH_BYTES_MAX) await this.#flush();
  }

  /** After the last row: what makes a store of them. Its history begins at `revision`. */
  async finish(revision: bigint): Promise<void> {
    await this.#flush();
    await this.environment.commit(() => writeMeta(this.environment, revision, revision));
  }

  /** Closes the store; its folder stays. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.environment.close();
  }

  /**
   * Closes the store and removes its folder, unless that has another name by now, and those above
   * it that were made for it and are empty.
   */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
    if (this.#firstMade === undefined) return;
    for (let folder = dirname(this.folder); ; folder = dirname(folder)) {
      const isGone = await rmdir(folder).then(
        () => true,
        () => false,
      );
      if (!isGone || folder === this.#firstMade) return;
    }
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    const table = new VersionRows(this.environment);
    await this.environment.commit(() => {
      for (const { keyBytes, version } of rows) table.putFirst(keyBytes, version);
    });
  }
}

// Each batch is flushed to the disk.
const BATCH_ROWS_MAX = 5000;
const BATCH_BYTES_MAX = 16 * 1024 * 1024;
