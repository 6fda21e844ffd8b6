/**
 * A process that writes to an LMDB store until it is killed, and prints every write that was
 * acknowledged: `revision key value` (`-` for a deletion), one a line, written through at once.
 *
 * Usage: writer.js FOLDER ROUND
 */

import { writeSync } from 'node:fs';

import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';

const WRITERS = 32;
const KEYS_PER_WRITER = 3;

const [path, round] = process.argv.slice(2);
const storage = await LmdbStorage.open({ path: path! });
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));

async function write(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const key = `/g/r/${writer}-${count % KEYS_PER_WRITER}`;
    const current = await storage.get(key);
    const value = current !== undefined && count % 5 === 4 ? null : `${round}-${count}`;
    const expected = current?.revision ?? 0n;
    const bytes = value === null ? null : new TextEncoder().encode(value);
    const result = await storage.write({ key, expected, value: bytes });
    if (!result.ok) throw new Error(`${key} changed under its only writer`);
    if (result.changed) writeSync(1, `${result.revision} ${key} ${value ?? '-'}\n`);
  }
}
