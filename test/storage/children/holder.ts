/**
 * A process that opens an LMDB store, says so (or why not) on standard output, and keeps it until
 * its standard input ends.
 *
 * Usage: holder.js FOLDER
 */

import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';

try {
  const storage = await LmdbStorage.open({ path: process.argv[2]! });
  process.stdout.write(`open ${process.pid}\n`);
  process.stdin.resume().on('end', () => void storage.close());
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code} ${(error as Error).message}\n`);
}
