/**
 * `exportEtcd`: the objects below a prefix of etcd at one revision, in the same form as those of
 * the embedded store. Servers go on writing; none of that is in the export.
 */

import type { ExportRow } from '../../backup/export-format.js';
import {
  writeExport,
  type ExportOptions,
  type ExportReport,
  type ExportSource,
} from '../../backup/export-lines.js';
import { withEtcd, type EtcdBackupOptions, type Reached } from './options.js';

export interface ExportEtcdOptions extends EtcdBackupOptions, ExportOptions {}

/**
 * Writes an export.
 *
 * @throws BackupError `file-exists`, `damaged` (a value that is no JSON object; verify the store),
 * `aborted`, `unavailable` (a file, or a revision that was compacted meanwhile); StorageError
 * `unavailable` where etcd can't be reached or refuses, `invalid-key` for a prefix that is none;
 * EtcdError `invalid-argument` for endpoints and TLS material that can't be used.
 */
export async function exportEtcd(options: ExportEtcdOptions): Promise<ExportReport> {
  return writeExport(
    (action) => withEtcd(options, async (reached) => action(await sourceOf(reached))),
    options,
  );
}

/** Objects are stored as they are, each below its key: nothing else was ever done. */
const LAYOUT_VERSION = 1;

async function sourceOf({ objects, name }: Reached): Promise<ExportSource> {
  const { revision, compactedRevision, objects: count } = await objects.state();
  return {
    name,
    storeFormatVersion: LAYOUT_VERSION,
    revision,
    compactedRevision,
    objects: count,
    rows: async function* (range, isWanted) {
      for await (const page of objects.pages(revision, range)) {
        yield page.filter(({ key }) => isWanted(key)) satisfies readonly ExportRow[];
      }
    },
  };
}
