/** What becomes of the objects of an import. */

/** What becomes of a key that is there: it stays, it is written over, or nothing is imported. */
export type Existing = 'skip' | 'replace' | 'fail';

export interface MergeReport {
  /** Objects that are new to the store. */
  readonly created: number;
  readonly replaced: number;
  /** Objects that were left as they were: they were the same already, or were to be kept. */
  readonly skipped: number;
  /** Of the store, afterwards. */
  readonly revision: bigint;
}

export interface ImportReport extends MergeReport {
  /** In the export. */
  readonly objects: number;
  readonly dryRun: boolean;
}
