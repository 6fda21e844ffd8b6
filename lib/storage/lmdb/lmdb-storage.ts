/**
 * The durable storage: one LMDB environment in one folder, used by one process at a time.
 *
 * A write is acknowledged once its transaction has been flushed to the disk; writes that are under
 * way together share one flush.
 */

import { realpathSync, statSync } from 'node:fs';

import { systemClock } from '../clock.js';
import { StorageError } from '../contract.js';
import { VersionedStorage, type VersionedStorageOptions } from '../versioned-storage.js';
import { checkDataFile } from './data-file.js';
import { Environment, type CommitRunner } from './environment.js';
import { makeFolder } from './folder.js';
import { LmdbVersions } from './lmdb-versions.js';
import { Meta } from './meta.js';

export interface LmdbStorageOptions extends VersionedStorageOptions {
  /** The folder; made if it is not there (readable by its owner only). */
  readonly path: string;
  /** Address space to begin with, in bytes; it grows as the store does. Default 1 GiB. */
  readonly mapSizeBytes?: number;
  /** A number in [0, 1), for the name under which the store is held. Default Math.random. */
  readonly random?: () => number;
  /** For tests: runs every commit, so that it can be delayed or made to fail. */
  readonly runCommit?: CommitRunner;
}

export class LmdbStorage extends VersionedStorage {
  /** The folder, as the system names it. */
  readonly path: string;

  /**
   * Opens the store in a folder, or makes one.
   *
   * @throws StorageError `locked` when a storage of a living process (this one, too) has it open;
   * `corrupt` when the folder holds something else or a damaged store; `unavailable` when the
   * folder can't be used.
   */
  static async open(options: LmdbStorageOptions): Promise<LmdbStorage> {
    const path = prepareFolder(options.path);
    checkDataFile(path);
    const environment = new Environment({
      path,
      mapSizeBytes: options.mapSizeBytes ?? MAP_SIZE_BYTES,
      runCommit: options.runCommit ?? ((commit) => commit()),
    });
    try {
      const clock = options.clock ?? systemClock;
      const meta = new Meta(environment, options.random ?? Math.random);
      const acquired = environment.commitSync(() => meta.acquire());
      const versions = new LmdbVersions(environment, meta, acquired, () => clock.now());
      return new LmdbStorage(path, versions, options);
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  private constructor(path: string, versions: LmdbVersions, options: VersionedStorageOptions) {
    super('lmdb', versions, options);
    this.path = path;
  }
}

function prepareFolder(path: string): string {
  if (path === '') throw new StorageError('unavailable', 'the path of the data folder is empty');
  try {
    // What the store holds (secrets, tokens) is nobody else's business.
    makeFolder(path, 0o700);
    if (statSync(path).isDirectory()) return realpathSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EEXIST' && code !== 'ENOTDIR') {
      const message = `the data folder ${path} can't be used: ${(error as Error).message}`;
      throw new StorageError('unavailable', message, { cause: error });
    }
  }
  throw new StorageError('unavailable', `the data folder ${path} is not a directory`);
}

// Only reserved, not used: large enough that a store seldom has to be mapped anew while it grows.
const MAP_SIZE_BYTES = 2 ** 30;
