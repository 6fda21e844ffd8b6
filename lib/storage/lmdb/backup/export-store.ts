/**
 * `exportStore`: the objects of a store at one revision, as lines of JSON.
 *
 * Whoever has the store open goes on writing; none of that is in the export, nor half of it.
 */

import type { ExportRow } from '../../backup/export-format.js';
import {
  writeExport,
  type ExportOptions,
  type ExportRange,
  type ExportReport,
  type ExportSource,
} from '../../backup/export-lines.js';
import type { Environment, Snapshot } from '../environment.js';
import { decodeKey, decodeVersion, encodeKey, FORMAT_VERSION } from '../layout.js';
import { readMeta } from '../meta.js';
import { readRows, readStore, type Row, type RowRange } from './store-reader.js';

export interface ExportStoreOptions extends ExportOptions {
  /** The folder of the store: `path` of LmdbStorage, `store` below the command's data folder. */
  readonly path: string;
}

/**
 * Writes an export.
 *
 * @throws BackupError `no-store`, `file-exists`, `damaged` (a value that is no JSON object; verify
 * the store), `aborted`, `unavailable`; StorageError `corrupt`, `unsupported-format` or
 * `unavailable` when the store can't be read.
 */
export async function exportStore(options: ExportStoreOptions): Promise<ExportReport> {
  const { path, signal } = options;
  return writeExport(
    (action) =>
      readStore(path, (environment, snapshot) => action(sourceOf(environment, snapshot, signal))),
    options,
  );
}

function sourceOf(
  environment: Environment,
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): ExportSource {
  const { current, path } = environment;
  const { revision, compacted } = readMeta(environment, snapshot);
  return {
    name: path,
    storeFormatVersion: FORMAT_VERSION,
    revision,
    compactedRevision: compacted,
    objects: current.getKeysCount({ transaction: snapshot }),
    rows: async function* (range, isWanted) {
      for await (const rows of readRows(current, snapshot, rowRange(range), signal)) {
        yield rows.flatMap((row) => exportRow(path, row, isWanted));
      }
    },
  };
}

function rowRange({ start, end }: ExportRange): RowRange {
  return {
    ...(start !== undefined && { start: encodeKey(start) }),
    ...(end !== undefined && { end: encodeKey(end) }),
  };
}

function exportRow(
  path: string,
  row: Row,
  isWanted: (key: string) => boolean,
): readonly ExportRow[] {
  const key = decodeKey(row.key);
  if (!isWanted(key)) return [];
  const version = decodeVersion(row.value, `${path}: row ${key} of current`);
  return version === undefined ? [] : [{ key, version }];
}
