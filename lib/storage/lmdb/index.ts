/**
 * The durable storage of one machine: LMDB in a folder, through the `lmdb` package, which only this
 * folder imports; and its backup: export, import, verification.
 */

export { BackupError, type BackupErrorCode } from './backup/error.js';
export { exportStore, type ExportReport, type ExportStoreOptions } from './backup/export-store.js';
export {
  FINDINGS_MAX,
  type Finding,
  type FindingCode,
  type VerifyReport,
} from './backup/finding.js';
export { importStore, type ImportReport, type ImportStoreOptions } from './backup/import-store.js';
export type { Existing, MergeReport } from './backup/merge.js';
export { verifyExport, type VerifyExportOptions } from './backup/verify-export.js';
export { verifyStore, type VerifyStoreOptions } from './backup/verify-store.js';
export type { CommitRunner } from './environment.js';
export { makeFolder } from './folder.js';
export { LmdbStorage, type LmdbStorageOptions } from './lmdb-storage.js';
