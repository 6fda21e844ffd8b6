/**
 * A process that writes the same number to fifty objects, in one commit, again and again, until its
 * standard input ends; it says `ready` after the first.
 *
 * Usage: object-writer.js FOLDER
 */

import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import { objectJson } from '../backup/seed.js';

const OBJECTS = 50;

const stop = new AbortController();
process.stdin.resume().on('end', () => stop.abort());
const storage = await LmdbStorage.open({ path: process.argv[2]! });
const revisions: bigint[] = Array.from({ length: OBJECTS }, () => 0n);
for (let round = 0; !stop.signal.aborted; round++) {
  await Promise.all(revisions.map((_, index) => write(index, round)));
  if (round === 0) process.stdout.write('ready\n');
}
await storage.close();

async function write(index: number, round: number): Promise<void> {
  const key = `/example.com/widgets/shop/w${index}`;
  const value = Buffer.from(objectJson(key, `{"round":${round}}`));
  const result = await storage.write({ key, expected: revisions[index]!, value });
  if (!result.ok) throw new Error(`${key} changed under its only writer`);
  revisions[index] = result.revision;
}
