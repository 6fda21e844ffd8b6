/** The durable storage on LMDB. */

export type { CommitRunner } from './environment.js';
export { LmdbStorage, type LmdbStorageOptions } from './lmdb-storage.js';
