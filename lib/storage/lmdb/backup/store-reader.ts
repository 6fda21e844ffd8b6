/**
 * Reading a store beside whoever has it open: LMDB gives a reader of another process one snapshot,
 * which writes neither wait for nor change. While it is read, pages that it needs are not used
 * again, so that a store that is written to grows by what is replaced meanwhile.
 */

import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { checkDataFile, hasDataFile } from '../data-file.js';
import { Environment, type EnvironmentOptions, type Snapshot, type Table } from '../environment.js';
import { BackupError, checkAborted } from '../../backup/error.js';

/** Runs the action on a snapshot of a store. Throws `no-store`, or as opening the store does. */
export async function readStore<Result>(
  path: string,
  action: (environment: Environment, snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  const folder = findFolder(path);
  checkDataFile(folder);
  const environment = new Environment(readerOptions(folder));
  try {
    return await environment.readLong((snapshot) => action(environment, snapshot));
  } finally {
    await environment.close();
  }
}

/** The folder as the system names it. Throws `no-store` unless there is a data file in it. */
export function findFolder(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    const folder = realpathSync(path);
    if (hasDataFile(folder)) return folder;
  }
  throw new BackupError('no-store', `there is no store in ${path}`);
}

export function readerOptions(folder: string): EnvironmentOptions {
  const { size } = statSync(join(folder, 'data.mdb'));
  return {
    path: folder,
    // The owner may make it grow between the first look and the snapshot.
    mapSizeBytes: Math.max(MAP_SIZE_BYTES_MIN, 2 * size),
    runCommit: (commit) => commit(),
    readOnly: true,
  };
}

export interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

export interface RowRange {
  /** The first key, and the first one behind the last. Default: the whole table. */
  readonly start?: Buffer;
  readonly end?: Buffer;
}

/** The rows of a table, in order, some at a time; the event loop turns in between. */
export async function* readRows(
  table: Table,
  snapshot: Snapshot,
  range: RowRange = {},
  signal?: AbortSignal,
): AsyncGenerator<readonly Row[], void, undefined> {
  let start = range.start;
  for (;;) {
    checkAborted(signal);
    // Bounds that exclude each other would be taken for a range without an end.
    if (start !== undefined && range.end !== undefined && start.compare(range.end) >= 0) return;
    const rows = readSome(table, snapshot, { ...range, ...(start && { start }) });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    // The first key that can follow.
    start = Buffer.concat([last.key, Buffer.of(0)]);
    await turn();
  }
}

function readSome(table: Table, snapshot: Snapshot, range: RowRange): Row[] {
  const rows: Row[] = [];
  let bytes = 0;
  const options = { ...range, limit: CHUNK_ROWS_MAX, transaction: snapshot };
  for (const { key, value } of table.getRange(options)) {
    rows.push({ key, value });
    bytes += value.byteLength;
    if (bytes >= CHUNK_BYTES_MAX) break;
  }
  return rows;
}

const MAP_SIZE_BYTES_MIN = 2 ** 30;
// Some milliseconds of work, so that a signal is heard.
const CHUNK_ROWS_MAX = 1000;
const CHUNK_BYTES_MAX = 1024 * 1024;
