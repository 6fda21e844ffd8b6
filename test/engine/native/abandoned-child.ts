/**
 * The child process of memory.test.ts: makes caches that nobody closes and nobody can reach any
 * more, and prints how much more of the process is resident after many of them than after one.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { engineOf, turn } from '../candidates.js';
import { put } from '../widget.js';

const CACHES = 100;
const OBJECT_BYTES = 1_000_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function abandon(): void {
  const cache = engineOf('native')!.create();
  const node = 'n'.repeat(OBJECT_BYTES);
  cache.apply([put({ namespace: 'a', name: 'large', node }, 1n)]);
}

// Finalizers run on turns of their own, and let go of what others wait for.
async function collectAll(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    collect();
    await turn();
  }
}

abandon();
await collectAll();
const before = process.memoryUsage().rss;
for (let count = 0; count < CACHES; count++) {
  abandon();
  if (count % 10 === 0) await collectAll();
}
await collectAll();
process.stdout.write(`${process.memoryUsage().rss - before}\n`);
