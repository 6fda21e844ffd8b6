/**
 * A process that writes to an LMDB store until the file system refuses (the parent limits the size
 * of files), and prints what it was told, as one line of JSON.
 *
 * Usage: filler.js FOLDER
 */

import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import { StorageError } from '../../../lib/storage/index.js';

const VALUE_BYTES = 10_000;

const storage = await LmdbStorage.open({ path: process.argv[2]! });
let watchEnd = '';
storage.watch('/g/r/', storage.committedRevision(), {
  onChanges: () => undefined,
  onProgress: () => undefined,
  onEnd: (error) => {
    watchEnd = error.code;
  },
});
let acknowledged = storage.committedRevision();
let first = '';
for (let count = 0; first === ''; count++) {
  first = await write(`/g/r/${count}`);
}
const later = await write('/g/r/later');
const { values, revision } = await storage.list('/g/r/');
const compaction = await storage.compact(revision).then(() => 'done', codeOf);
await storage.close();
const report = { first, later, compaction, watchEnd, count: values.length };
process.stdout.write(JSON.stringify({ ...report, acknowledged: String(acknowledged) }));

async function write(key: string): Promise<string> {
  try {
    const value = new Uint8Array(VALUE_BYTES);
    const result = await storage.write({ key, expected: 0n, value });
    if (result.ok) acknowledged = result.revision;
    return '';
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof StorageError ? error.code : String(error);
}
