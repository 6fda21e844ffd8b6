/** A storage that another thread owns: it is as any storage, and tells what it can't know. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import test from 'ava';

import {
  MemoryStorage,
  StorageHost,
  ThreadStorage,
  type Storage,
  type StorageShare,
} from '../../lib/storage/index.js';
import { registerConformance } from './conformance.js';
import { bytes, put, text, throwsCode, turns } from './conformance/subject.js';
import { record } from './recorder.js';
import type { Written } from './thread-worker.js';

/** Closes the storage behind it, too: the suite takes it for the storage itself. */
class WholeThreadStorage extends ThreadStorage {
  readonly #storage: Storage;

  constructor(storage: Storage, share: StorageShare) {
    super(share);
    this.#storage = storage;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#storage.close();
  }
}

registerConformance(test, 'of another thread', async (_t, clock) => {
  const storage = new MemoryStorage({ clock });
  return new WholeThreadStorage(storage, new StorageHost(storage).share);
});

/** A storage that others write to as well: it tells no thread how far it is, but by asking. */
function asked(storage: MemoryStorage): Storage {
  return {
    kind: 'asked',
    committedRevision: async () => storage.committedRevision(),
    compactedRevision: () => storage.compactedRevision(),
    get: (key) => storage.get(key),
    list: (prefix, options) => storage.list(prefix, options),
    write: (write) => storage.write(write),
    watch: (prefix, after, observer) => {
      const watch = storage.watch(prefix, after, { ...observer, onProgress: () => undefined });
      const requestProgress = (): void => observer.onProgress(storage.committedRevision());
      return { requestProgress, close: () => watch.close() };
    },
    compact: (revision) => storage.compact(revision),
    close: () => storage.close(),
  };
}

test('a storage that has to be asked is asked, for its revision and its progress', async (t) => {
  const memory = new MemoryStorage();
  const storage = new ThreadStorage(new StorageHost(asked(memory)).share);
  t.is(storage.revisions, undefined);
  const recorder = record(storage, '/g/r/', 1n);
  const revision = await put(memory, '/g/r/a', '1');
  t.is(await storage.committedRevision(), revision);
  t.deepEqual(recorder.progress, []);
  recorder.watch.requestProgress?.();
  await recorder.reached(revision);
  t.deepEqual(recorder.progress, [revision]);
  await memory.compact(revision);
  t.is(await storage.committedRevision(), revision);
  t.is(storage.compactedRevision(), revision);
});

test('a view of a large buffer is sent without the rest of it, and stays usable', async (t) => {
  const memory = new MemoryStorage();
  const storage = new ThreadStorage(new StorageHost(memory).share);
  const slab = new Uint8Array(1 << 20);
  slab.set(bytes('abc'), 5_000);
  const value = slab.subarray(5_000, 5_003);
  const writing = storage.write({ key: '/g/r/a', expected: 0n, value });
  slab.fill(0);
  await writing;
  const stored = await storage.get('/g/r/a');
  t.is(text(stored!.value), 'abc');
  t.is(stored!.value.buffer.byteLength, 3);
  t.is(text((await memory.get('/g/r/a'))!.value), 'abc');
});

test('when the owner leaves, what waits is told so and later calls are refused', async (t) => {
  const memory = new MemoryStorage();
  const host = new StorageHost({ ...asked(memory), get: () => new Promise(() => undefined) });
  const storage = new ThreadStorage(host.share);
  const recorder = record(storage, '/g/r/', 1n);
  const reading = throwsCode(t, 'unavailable', () => storage.get('/g/r/a'));
  await turns();
  t.is(memory.watchCount, 1);
  host.close();
  await reading;
  t.is((await recorder.ended()).code, 'unavailable');
  t.is(memory.watchCount, 0);
  await throwsCode(t, 'closed', () => storage.get('/g/r/a'));
});

test('a real thread writes, and reads the committed revision without asking', async (t) => {
  const memory = new MemoryStorage();
  const { share } = new StorageHost(memory);
  const worker = new Worker(new URL('./thread-worker.js', import.meta.url), {
    workerData: share,
    transferList: [share.port],
  });
  t.teardown(() => worker.terminate());
  const [written] = (await once(worker, 'message')) as [Written];
  t.deepEqual(written, { revision: 2n, committed: 2n });
  t.is(text((await memory.get('/g/r/a'))!.value), 'from a thread');
  // Its watch ends with it.
  t.is(memory.watchCount, 1);
  await worker.terminate();
  while (memory.watchCount > 0) await turns(1);
  t.is(memory.watchCount, 0);
});

test('what is no share is refused', (t) => {
  t.throws(() => new ThreadStorage({} as StorageShare), { instanceOf: TypeError });
});
