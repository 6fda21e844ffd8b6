/**
 * The child process of footprint.test.ts: a cache of half a million objects, and what two threads
 * that attach to it add to what the process has resident. Prints the bytes that the second adds.
 */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import {
  attachEngineCache,
  type EngineCache,
  type EngineShare,
} from '../../../lib/engine/index.js';
import { engineOf, turn } from '../candidates.js';
import { filled } from './filled.js';

const OBJECTS = 500_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function residentBytes(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    collect();
    await turn();
  }
  return process.memoryUsage().rss;
}

/** Attaches a thread that stays, and waits until it has read the whole cache. */
async function attach(share: EngineShare): Promise<Worker> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: share });
  const [count] = (await once(worker, 'message')) as [number];
  if (count !== OBJECTS) throw new Error(`the thread has read ${count} objects`);
  return worker;
}

async function measure(): Promise<void> {
  const cache = filled(engineOf('native')!, OBJECTS);
  const share = cache.share();
  const first = await attach(share);
  const before = await residentBytes();
  const second = await attach(share);
  process.stdout.write(`${(await residentBytes()) - before}\n`);
  await Promise.all([first.terminate(), second.terminate()]);
}

/** Reads all objects as a server does, some of them one by one, and follows what comes. */
function readAll(cache: EngineCache): number {
  const target = new Uint8Array(256 * 1024);
  const whole = cache.list({});
  while (whole.readInto(target) > 0);
  for (const { namespace, name } of cache.list({ limit: 500 }).readObjects(500)) {
    cache.get({ namespace, name });
  }
  cache.watch({ from: { type: 'after', revision: cache.revision }, wake: () => {} });
  return cache.stats().objects;
}

if (isMainThread) {
  await measure();
} else {
  const cache = attachEngineCache(workerData as EngineShare, { now: () => 0 });
  const count = readAll(cache);
  // Not what reading has left to be collected.
  collect();
  parentPort!.postMessage(count);
  parentPort!.on('message', () => {});
}
