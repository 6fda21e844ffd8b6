/**
 * Compaction of a store in LMDB: drops log rows, and the versions that only reads below need.
 *
 *  1. Goes in batches, each a commit of its own, so that writes get their turn in between; a batch
 *     that is cut off by the end of the process is done again by the next compaction.
 *  2. Whatever can go was superseded by a change whose log row goes too, so only the keys of those
 *     rows are visited: the cost is that of the history dropped, not that of the store.
 */

import type { Environment } from './environment.js';
import { decodeLogRow, encodeKey, encodeRevision, encodeVersionKey } from './layout.js';
import { currentRevision } from './rows.js';

/** Drops one batch; whether something is left. In a write transaction. */
export function compactBatch(environment: Environment, revision: bigint): boolean {
  const { log, path } = environment;
  const end = encodeRevision(revision + 1n);
  const rows = [...log.getRange({ end, limit: BATCH_ROWS_MAX })];
  const keys = new Set<string>();
  for (const row of rows) {
    keys.add(decodeLogRow(row.value, `${path}: a row of log`).key);
    log.removeSync(row.key);
  }
  for (const key of keys) prune(environment, encodeKey(key), revision);
  return rows.length === BATCH_ROWS_MAX;
}

function prune(environment: Environment, key: Buffer, revision: bigint): void {
  const { superseded } = environment;
  const start = encodeVersionKey(key, 0n);
  const end = encodeVersionKey(key, revision + 1n);
  const rows = [...superseded.getKeys({ start, end })];
  const last = rows.at(-1);
  if (last === undefined) return;
  // What a read at the revision finds stays: the newest of these unless the key has a newer one by
  // then, or is deleted then.
  const current = currentRevision(environment, key);
  const isHidden = current !== undefined && current <= revision;
  const isDeletion = superseded.get(last)?.byteLength === 1;
  const dropped = isHidden || isDeletion ? rows : rows.slice(0, -1);
  for (const row of dropped) superseded.removeSync(row);
}

// A batch holds up the event loop: some milliseconds, for one flush.
const BATCH_ROWS_MAX = 250;
