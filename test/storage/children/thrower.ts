/**
 * A process whose first observer breaks its contract by throwing, and whose second one does not;
 * prints what became of both.
 */

import { MemoryStorage } from '../../../lib/storage/index.js';
import { Recorder } from '../recorder.js';

const uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(error.message));

const storage = new MemoryStorage();
storage.watch('/g/', 1n, {
  onChanges: () => {
    throw new Error('broken observer');
  },
  onProgress: () => undefined,
  onEnd: () => undefined,
});
const good = new Recorder();
storage.watch('/g/', 1n, good);
for (const key of ['/g/a', '/g/b']) {
  await storage.write({ key, expected: 0n, value: new Uint8Array(1) });
}
await good.reached(3n);
const { watchCount } = storage;
await storage.close();
process.stdout.write(JSON.stringify({ uncaught, calls: good.calls, watchCount }));
