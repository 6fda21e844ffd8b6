/**
 * The durable storage of one machine: LMDB in a folder, through the `lmdb` package, which only this
 * folder imports.
 */

export type { CommitRunner } from './environment.js';
export { LmdbStorage, type LmdbStorageOptions } from './lmdb-storage.js';
