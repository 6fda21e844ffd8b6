/**
 * The durable storage of one machine: LMDB in a folder, through the `lmdb` package, which only this
 * folder imports; and its backup: export, import, verification.
 */

export { BackupError, type BackupErrorCode } from '../backup/error.js';
export type { ExportOptions, ExportReport } from '../backup/export-lines.js';
export { exportStore, type ExportStoreOptions } from './backup/export-store.js';
export {
  FINDINGS_MAX,
  type Finding,
  type FindingCode,
  type VerifyReport,
} from '../backup/finding.js';
export type { Existing, ImportReport, MergeReport } from '../backup/import-report.js';
export { importStore, type ImportStoreOptions } from './backup/import-store.js';
export { verifyExport, type VerifyExportOptions } from '../backup/verify-export.js';
export { verifyStore, type VerifyStoreOptions } from './backup/verify-store.js';
export type { CommitRunner } from './environment.js';
export { makeFolder } from './folder.js';
export { LmdbStorage, type LmdbStorageOptions } from './lmdb-storage.js';
