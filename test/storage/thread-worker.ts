/** A thread that watches another one's storage, writes to it, and tells what came of that. */

import { parentPort, workerData } from 'node:worker_threads';

import { ThreadStorage, type StorageShare } from '../../lib/storage/index.js';

export interface Written {
  readonly revision: bigint;
  /** As it was known here when the write was acknowledged. */
  readonly committed: bigint;
}

const storage = new ThreadStorage(workerData as StorageShare);
const ignore = (): void => undefined;
storage.watch('/g/r/', 1n, { onChanges: ignore, onProgress: ignore, onEnd: ignore });
const value = new TextEncoder().encode('from a thread');
const result = await storage.write({ key: '/g/r/a', expected: 0n, value });
const committed = storage.committedRevision();
parentPort!.postMessage({ revision: result.ok && result.revision, committed });
// Until it is ended.
setInterval(ignore, 60_000);
