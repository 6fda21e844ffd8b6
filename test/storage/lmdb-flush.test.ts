/** Acknowledged means flushed: what waits for a durable commit, and what its failure does. */

import test from 'ava';
import { open as openLmdb } from 'lmdb';

import { StorageError } from '../../lib/storage/index.js';
import { LmdbStorage, type CommitRunner } from '../../lib/storage/lmdb/index.js';
import { ManualClock } from '../clock.js';
import { bytes, describeList, put, throwsCode, turns } from './conformance/subject.js';
import { makeFolder } from './folder.js';
import { record } from './recorder.js';

/** Commits that end when the test says so. */
class Gate {
  waiting: (() => void)[] = [];
  isClosed = false;
  failure: Error | undefined;
  commits = 0;

  readonly runCommit: CommitRunner = async (commit) => {
    await commit();
    this.commits++;
    if (this.isClosed) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.failure !== undefined) throw this.failure;
  };

  open(): void {
    this.isClosed = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  async reached(): Promise<void> {
    while (this.waiting.length === 0) await turns(1);
  }
}

test('until the flush a write is neither acknowledged, nor committed, nor seen', async (t) => {
  const gate = new Gate();
  const storage = await LmdbStorage.open({ path: await makeFolder(t), runCommit: gate.runCommit });
  t.teardown(() => storage.close());
  const first = await put(storage, '/g/r/a', 'old');
  const doomed = await put(storage, '/g/r/b', 'old');
  const recorder = record(storage, '/g/r/', doomed);
  gate.isClosed = true;
  let acknowledged = 0;
  const count = (): void => void acknowledged++;
  const writes = [
    storage.write({ key: '/g/r/a', expected: first, value: bytes('new') }),
    storage.write({ key: '/g/r/b', expected: doomed, value: null }),
    storage.write({ key: '/g/r/c', expected: 0n, value: bytes('new') }),
    // Refused because of a write that is not durable itself.
    storage.write({ key: '/g/r/a', expected: first, value: bytes('loser') }),
  ];
  for (const write of writes) void write.then(count);
  await gate.reached();
  const late = record(storage, '/g/r/', first - 1n);
  await turns();
  t.is(acknowledged, 0);
  t.is(storage.committedRevision(), doomed);
  t.deepEqual(recorder.calls, []);
  t.deepEqual(late.revisions, [first, doomed]);
  t.deepEqual(await describeList(storage, '/g/r/'), [
    `/g/r/a=old@${first}`,
    `/g/r/b=old@${doomed}`,
  ]);
  t.is((await storage.get('/g/r/a'))?.revision, first);
  t.is((await storage.get('/g/r/b'))?.revision, doomed);
  t.is(await storage.get('/g/r/c'), undefined);
  gate.open();
  const results = await Promise.all(writes);
  t.deepEqual(
    results.map((result) => result.ok),
    [true, true, true, false],
  );
  t.is(storage.committedRevision(), doomed + 3n);
  await Promise.all([recorder.reached(doomed + 3n), late.reached(doomed + 3n)]);
  t.deepEqual(recorder.revisions, [doomed + 1n, doomed + 2n, doomed + 3n]);
  t.deepEqual(late.revisions, [first, doomed, doomed + 1n, doomed + 2n, doomed + 3n]);
});

test('a commit that fails rejects its writes and all later ones, and acknowledges nothing', async (t) => {
  const gate = new Gate();
  const clock = new ManualClock();
  const path = await makeFolder(t);
  const storage = await LmdbStorage.open({ path, clock, runCommit: gate.runCommit });
  const revision = await put(storage, '/g/r/a', 'durable');
  await put(storage, '/g/r/expiring', 'x', 10);
  const recorder = record(storage, '/g/r/', revision + 1n);
  gate.isClosed = true;
  gate.failure = new Error('the disk is gone');
  const failing = ['b', 'c'].map((name) =>
    storage.write({ key: `/g/r/${name}`, expected: 0n, value: bytes('x') }),
  );
  await gate.reached();
  // Queued behind the commit that fails.
  const queued = storage.write({ key: '/g/r/d', expected: 0n, value: bytes('x') });
  const compacting = storage.compact(revision);
  gate.open();
  for (const write of [...failing, queued, compacting]) {
    await throwsCode(t, 'unavailable', () => write, /the disk is gone/);
  }
  const later = (): Promise<unknown> =>
    storage.write({ key: '/g/r/e', expected: 0n, value: bytes('x') });
  await throwsCode(
    t,
    'unavailable',
    later,
    /takes no more writes: committing to .* failed: the disk is gone/,
  );
  t.is((await recorder.ended()).code, 'unavailable');
  t.deepEqual(recorder.calls, ['end unavailable']);
  t.is((await record(storage, '/g/r/', revision).ended()).code, 'unavailable');
  t.is(storage.committedRevision(), revision + 1n);
  // What was acknowledged can be read; nothing expires any more.
  t.is((await storage.list('/g/r/')).values.length, 2);
  clock.advance(60_000);
  await turns();
  t.is(clock.pending, 0);
  await storage.close();
  const reopened = await LmdbStorage.open({ path });
  t.teardown(() => reopened.close());
  t.is((await reopened.get('/g/r/a'))?.revision, revision);
});

test('writing goes on after a batch was aborted, and no revision is lost', async (t) => {
  const path = await makeFolder(t);
  let broken = false;
  const clock = new ManualClock();
  const now = clock.now.bind(clock);
  clock.now = () => {
    if (broken) throw new Error('no time');
    return now();
  };
  const storage = await LmdbStorage.open({ path, clock });
  t.teardown(() => storage.close());
  const revision = await put(storage, '/g/r/a', '1');
  broken = true;
  const aborted = (): Promise<unknown> =>
    storage.write({ key: '/g/r/b', expected: 0n, value: bytes('x') });
  await throwsCode(t, 'unavailable', aborted, /writing to .* failed: no time/);
  broken = false;
  t.is(await put(storage, '/g/r/b', 'x'), revision + 1n);
});

test('writes that are under way together share a flush', async (t) => {
  const gate = new Gate();
  const storage = await LmdbStorage.open({ path: await makeFolder(t), runCommit: gate.runCommit });
  t.teardown(() => storage.close());
  const WRITERS = 64;
  const ROUNDS = 5;
  gate.commits = 0;
  const writer = async (_: unknown, index: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      await put(storage, `/g/r/${index}`, String(round));
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  t.is(storage.committedRevision(), 1n + BigInt(WRITERS * ROUNDS));
  t.true(gate.commits <= 2 * ROUNDS, `${gate.commits} commits`);
});

test('LMDB is opened so that a commit is flushed before it is done', async (t) => {
  const path = await makeFolder(t);
  const storage = await LmdbStorage.open({ path });
  t.teardown(() => storage.close());
  // Overlapping flushes can't be asked for while the environment is open without them.
  const error = t.throws(() => openLmdb({ path, noSubdir: false, overlappingSync: true }));
  t.regex(error.message, /Can not enable overlappingSync/);
  t.false(error instanceof StorageError);
});
