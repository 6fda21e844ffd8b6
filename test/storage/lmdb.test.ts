/** The LMDB storage: the conformance suite, opening again, and folders that can't be used. */

import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';
import { open as openLmdb } from 'lmdb';

import { LmdbStorage } from '../../lib/storage/lmdb/index.js';
import { ManualClock } from '../clock.js';
import { registerConformance } from './conformance.js';
import { describeList, put, remove, throwsCode, turns } from './conformance/subject.js';
import { makeFolder } from './folder.js';
import { record } from './recorder.js';

registerConformance(test, 'lmdb', async (t, clock) =>
  LmdbStorage.open({ path: await makeFolder(t), clock }),
);

test('opening again finds values, history, revision and compaction', async (t) => {
  const path = await makeFolder(t);
  const before = await LmdbStorage.open({ path });
  const created = await put(before, '/g/r/a', '1');
  const compacted = await put(before, '/g/r/b', '1');
  await put(before, '/g/r/a', '2');
  const last = await remove(before, '/g/r/b');
  await before.compact(compacted);
  const state = await describeList(before, '/g/r/', compacted);
  await before.close();
  const after = await LmdbStorage.open({ path });
  t.teardown(() => after.close());
  t.is(after.committedRevision(), last);
  t.is(after.compactedRevision(), compacted);
  t.is((await after.get('/g/r/a'))?.createRevision, created);
  t.deepEqual(await describeList(after, '/g/r/', compacted), state);
  await throwsCode(t, 'compacted', () => after.list('/g/r/', { revision: created }));
  const recorder = record(after, '/g/r/', compacted);
  await recorder.reached(last);
  t.deepEqual(recorder.revisions, [last - 1n, last]);
  t.is(await put(after, '/g/r/c', '1'), last + 1n);
});

test('expiries outlive the process, and what expired meanwhile is deleted soon after', async (t) => {
  const path = await makeFolder(t);
  const clock = new ManualClock();
  const before = await LmdbStorage.open({ path, clock });
  await put(before, '/g/r/short', 'x', 10);
  await put(before, '/g/r/long', 'x', 100);
  await put(before, '/g/r/permanent', 'x', 10);
  await put(before, '/g/r/permanent', 'x');
  await put(before, '/g/r/gone', 'x', 10);
  const last = await remove(before, '/g/r/gone');
  await before.close();
  t.is(clock.pending, 0);
  clock.advance(50_000);
  const after = await LmdbStorage.open({ path, clock });
  t.teardown(() => after.close());
  const recorder = record(after, '/g/r/', last);
  clock.advance(1_000);
  await recorder.reached(last + 1n);
  t.deepEqual(
    recorder.changes.map((change) => `${change.type} ${change.key}`),
    ['delete /g/r/short'],
  );
  clock.advance(48_900);
  await turns();
  t.is(after.committedRevision(), last + 1n);
  clock.advance(200);
  await recorder.reached(last + 2n);
  t.is(recorder.changes.at(-1)?.key, '/g/r/long');
  t.deepEqual(await describeList(after, '/g/r/'), [`/g/r/permanent=x@${last - 2n}`]);
});

test('compaction leaves nothing of what is deleted or replaced by then', async (t) => {
  const path = await makeFolder(t);
  const storage = await LmdbStorage.open({ path });
  for (const key of ['/g/r/a', '/g/r/b', '/g/r/c']) {
    await put(storage, key, '1', 60);
    await put(storage, key, '2');
    await remove(storage, key);
    await put(storage, key, '3', 60);
  }
  await storage.compact(await remove(storage, '/g/r/a'));
  await storage.close();
  const rows: Record<string, number> = {};
  for (const name of ['current', 'superseded', 'log', 'expiry']) {
    await withTable(path, name, async (table) => (rows[name] = table.getKeysCount()));
  }
  t.deepEqual(rows, { current: 2, superseded: 0, log: 0, expiry: 2 });
});

test('the folder is made if need be, for its owner only, whatever its name looks like', async (t) => {
  const path = join(await makeFolder(t), 'deep', 'store.db');
  const storage = await LmdbStorage.open({ path });
  t.teardown(() => storage.close());
  await put(storage, '/g/r/a', '1');
  t.is(storage.path.endsWith('store.db'), true);
  if (process.platform !== 'win32') t.is((await stat(path)).mode & 0o777, 0o700);
});

// Other systems have no /proc.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a folder where the system makes none is refused, at once', async (t) => {
  for (const path of ['/proc/shardwatch', '/proc/shardwatch/deep/store']) {
    await throwsCode(t, 'unavailable', () => LmdbStorage.open({ path }), /\/proc\/shardwatch/);
  }
});

const BAD_FOLDERS: readonly {
  readonly name: string;
  readonly code: 'corrupt' | 'unavailable' | 'unsupported-format';
  readonly reason: RegExp;
  readonly prepare: (path: string) => Promise<unknown>;
}[] = [
  {
    name: 'a file',
    code: 'unavailable',
    reason: /is not a directory/,
    prepare: async (path) => {
      await rm(path, { recursive: true });
      await writeFile(path, 'x');
    },
  },
  {
    name: 'text in the place of the data file',
    code: 'corrupt',
    reason: /data\.mdb is not an LMDB file, or is damaged/,
    prepare: (path) => writeFile(join(path, 'data.mdb'), 'hello'),
  },
  {
    name: 'noise in the place of the data file',
    code: 'corrupt',
    reason: /data\.mdb is not an LMDB file, or is damaged/,
    prepare: (path) => writeFile(join(path, 'data.mdb'), Buffer.alloc(20_000, 'noise')),
  },
  {
    name: 'a data file cut off in its head',
    code: 'corrupt',
    reason: /data\.mdb is not an LMDB file, or is damaged/,
    prepare: async (path) => {
      await withStore(path);
      const file = join(path, 'data.mdb');
      await writeFile(file, (await readFile(file)).subarray(0, 4096));
    },
  },
  {
    name: 'a directory in the place of the data file',
    code: 'unavailable',
    reason: /can't be used/,
    prepare: (path) => mkdir(join(path, 'data.mdb')),
  },
  {
    name: 'the database of another program',
    code: 'corrupt',
    reason: /holds the LMDB database of another program/,
    prepare: (path) => withTable(path, null, (table) => table.put(Buffer.from('k'), BYTES)),
  },
  {
    name: 'the named database of another program',
    code: 'corrupt',
    reason: /holds the LMDB database of another program/,
    prepare: (path) => withTable(path, 'things', (table) => table.put(Buffer.from('k'), BYTES)),
  },
  {
    name: 'a store of a later format',
    code: 'unsupported-format',
    reason: /has format 2; this program reads up to 1, so use the newer program/,
    prepare: (path) => damage(path, 'format', Buffer.from('2')),
  },
  {
    name: 'a store without a format',
    code: 'corrupt',
    reason: /meta row "format" is missing/,
    prepare: (path) => damage(path, 'format', undefined),
  },
  {
    name: 'a store without a revision',
    code: 'corrupt',
    reason: /meta row "revision" is missing or malformed/,
    prepare: (path) => damage(path, 'revision', undefined),
  },
  {
    name: 'a store whose revision is short',
    code: 'corrupt',
    reason: /meta row "revision" is missing or malformed/,
    prepare: (path) => damage(path, 'revision', Buffer.from([1])),
  },
  {
    name: 'a store whose revision does not fit its log',
    code: 'corrupt',
    reason: /revision 9, but the log ends at 2/,
    prepare: (path) => damage(path, 'revision', Buffer.from([0, 0, 0, 0, 0, 0, 0, 9])),
  },
  {
    name: 'a store that is compacted beyond its revision',
    code: 'corrupt',
    reason: /revision 2, compacted 9/,
    prepare: (path) => damage(path, 'compacted', Buffer.from([0, 0, 0, 0, 0, 0, 0, 9])),
  },
  {
    name: 'a store whose owner row is malformed',
    code: 'corrupt',
    reason: /meta row "owner" is malformed/,
    prepare: (path) => damage(path, 'owner', Buffer.from('{"pid":"x"}')),
  },
];

for (const { name, code, reason, prepare } of BAD_FOLDERS) {
  test(`${name} is refused, naming the folder`, async (t) => {
    const path = await makeFolder(t);
    await prepare(path);
    await throwsCode(t, code, () => LmdbStorage.open({ path }), reason);
    await throwsCode(t, code, () => LmdbStorage.open({ path }), new RegExp(path));
  });
}

test('an empty path is refused', async (t) => {
  await throwsCode(t, 'unavailable', () => LmdbStorage.open({ path: '' }), /path .* is empty/);
});

test('a damaged row is reported by what reads it', async (t) => {
  const path = await makeFolder(t);
  await withStore(path);
  await withTable(path, 'current', (table) => table.put(Buffer.from('/g/r/a'), BYTES));
  const storage = await LmdbStorage.open({ path });
  t.teardown(() => storage.close());
  const where = /damaged: .*row \/g\/r\/a of current is missing or malformed/;
  await throwsCode(t, 'corrupt', () => storage.get('/g/r/a'), where);
  await throwsCode(t, 'corrupt', () => storage.list('/g/r/'), where);
  await throwsCode(t, 'corrupt', () => put(storage, '/g/r/a', 'x'), where);
  t.is((await record(storage, '/g/r/', 1n).ended()).code, 'corrupt');
  // The rest of the store is as good as before.
  t.is(await put(storage, '/g/r/b', 'x'), 3n);
});

const BYTES = Buffer.from('xyz');

async function withStore(path: string): Promise<void> {
  const storage = await LmdbStorage.open({ path });
  await put(storage, '/g/r/a', '1');
  await storage.close();
}

async function damage(path: string, row: string, value: Buffer | undefined): Promise<void> {
  await withStore(path);
  await withTable(path, 'meta', (table) =>
    value === undefined ? table.remove(Buffer.from(row)) : table.put(Buffer.from(row), value),
  );
}

type Table = ReturnType<typeof openLmdb<Buffer, Buffer>>;

async function withTable(
  path: string,
  name: string | null,
  action: (table: Pick<Table, 'put' | 'remove' | 'getKeysCount'>) => Promise<unknown>,
): Promise<void> {
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
  const root = openLmdb<Buffer, Buffer>({
    path,
    noSubdir: false,
    overlappingSync: false,
    ...binary,
  });
  await action(name === null ? root : root.openDB<Buffer, Buffer>({ name, ...binary }));
  await root.close();
}
