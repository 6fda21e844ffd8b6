/** Imports: into nothing, into stores, and everything for which one is refused, whole. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import test, { type ExecutionContext } from 'ava';

import {
  BackupError,
  exportStore,
  importStore,
  LmdbStorage,
  verifyStore,
  type BackupErrorCode,
  type ImportStoreOptions,
} from '../../../lib/storage/lmdb/index.js';
import { ManualClock } from '../../clock.js';
import { put, remove, throwsCode } from '../conformance/subject.js';
import { makeFolder } from '../folder.js';
import { record } from '../recorder.js';
import {
  GADGET,
  LAB_A,
  LEASED,
  NODE,
  objectJson,
  seed,
  SEEDED,
  SHOP_A,
  SHOP_B,
  stateOf,
  withTable,
} from './seed.js';

const HOLDER = fileURLToPath(new URL('../children/holder.js', import.meta.url));

for (const [title, target] of [
  ['a folder that is not there, nor its parent', (path: string) => join(path, 'deep', 'store')],
  ['an empty folder', (path: string) => path],
] as const) {
  test(`into ${title}: the same objects with the same revisions, whose counter goes on`, async (t) => {
    const { input, clock, state } = await exported(t);
    const path = target(await makeFolder(t));
    const report = await importStore({ path, input });
    t.deepEqual(report, {
      ...{ objects: 6, created: 6, replaced: 0, skipped: 0 },
      ...{ revision: SEEDED, dryRun: false },
    });
    const imported = await stateOf(path, clock);
    t.deepEqual(imported, { ...state, compacted: SEEDED });
    t.deepEqual((await verifyStore({ path })).findings, []);
    if (process.platform !== 'win32') t.is((await stat(path)).mode & 0o777, 0o700);
    t.deepEqual((await readdir(path)).sort(), ['data.mdb', 'lock.mdb']);
    t.deepEqual(await leftovers(path), []);
    const storage = await LmdbStorage.open({ path, clock });
    t.is(await put(storage, SHOP_A, objectJson(SHOP_A)), SEEDED + 1n);
    const older = record(storage, '/', SEEDED - 1n);
    t.is((await older.ended()).code, 'compacted');
    const newer = record(storage, '/', SEEDED);
    await newer.reached(SEEDED + 1n);
    t.deepEqual(newer.revisions, [SEEDED + 1n]);
    await storage.close();
  });
}

test('times to live end when they would have ended', async (t) => {
  const { input, clock } = await exported(t);
  const path = await makeFolder(t);
  clock.advance(60_000);
  await importStore({ path, input });
  const storage = await LmdbStorage.open({ path, clock });
  t.teardown(() => storage.close());
  const recorder = record(storage, '/', SEEDED);
  clock.advance(39_000);
  t.not(await storage.get(LEASED), undefined);
  clock.advance(2_000);
  await recorder.reached(SEEDED + 1n);
  t.deepEqual(
    recorder.changes.map(({ type, key }) => `${type} ${key}`),
    [`delete ${LEASED}`],
  );
});

test('into a store whose objects are all deleted: its revision does not go back', async (t) => {
  const { input, clock, state } = await exported(t);
  const path = await makeFolder(t);
  const before = await LmdbStorage.open({ path, clock });
  for (let round = 0; round < 10; round++) {
    await put(before, GADGET, objectJson(GADGET));
    await remove(before, GADGET);
  }
  const revision = before.committedRevision();
  await before.close();
  t.is((await importStore({ path, input })).revision, revision);
  t.deepEqual(await stateOf(path, clock), { ...state, revision, compacted: revision });
  t.deepEqual((await verifyStore({ path })).findings, []);
});

test('into a store that was opened and never written to', async (t) => {
  const { input, clock, state } = await exported(t);
  const path = await makeFolder(t);
  await (await LmdbStorage.open({ path })).close();
  await importStore({ path, input });
  t.deepEqual(await stateOf(path, clock), { ...state, compacted: SEEDED });
});

test('a store with objects is left alone unless it is to be merged', async (t) => {
  const { input } = await exported(t);
  const { path, state } = await withOthers(t);
  await fails(t, 'not-empty', { path, input }, /holds objects: import into another folder, or/);
  t.deepEqual(await stateOf(path), state);
  await t.throwsAsync(() => importStore({ path, input, existing: 'skip' }), {
    instanceOf: RangeError,
  });
});

test('a merge fails on keys that are there, naming them, and writes nothing', async (t) => {
  const { input } = await exported(t);
  const { path, state } = await withOthers(t);
  const reason = new RegExp(`has these already: ${GADGET}, ${SHOP_A}$`);
  await fails(t, 'conflict', { path, input, merge: true }, reason);
  t.deepEqual(await stateOf(path), state);
});

for (const existing of ['skip', 'replace'] as const) {
  test(`a merge that is to ${existing} writes as new writes, in the order of keys`, async (t) => {
    const { input, clock, state: source } = await exported(t);
    const { path, state: target } = await withOthers(t);
    const options = { path, input, merge: true, existing };
    const isReplaced = existing === 'replace';
    const expected = {
      ...{ objects: 6, created: 4, replaced: isReplaced ? 1 : 0, skipped: isReplaced ? 1 : 2 },
      revision: target.revision + (isReplaced ? 5n : 4n),
    };
    t.deepEqual(await importStore({ ...options, dryRun: true }), { ...expected, dryRun: true });
    t.deepEqual(await stateOf(path, clock), target);
    t.deepEqual(await importStore(options), { ...expected, dryRun: false });
    const merged = await stateOf(path, clock);
    const written = isReplaced
      ? [NODE, LAB_A, SHOP_A, SHOP_B, LEASED]
      : [NODE, LAB_A, SHOP_B, LEASED];
    for (const [index, key] of written.entries()) {
      const revision = target.revision + BigInt(index) + 1n;
      const created = key === SHOP_A ? 2n : revision;
      const json = find(source.objects, key).replace(/@\d+\/\d+$/, '');
      t.is(find(merged.objects, key), `${json}@${revision}/${created}`);
    }
    // The same already: no write.
    t.is(find(merged.objects, GADGET), find(target.objects, GADGET));
    t.is(merged.compacted, target.compacted);
    t.deepEqual((await verifyStore({ path })).findings, []);
    const storage = await LmdbStorage.open({ path, clock });
    const watch = record(storage, '/', target.revision);
    await watch.reached(merged.revision);
    t.deepEqual(
      watch.changes.map(({ key }) => key),
      written,
    );
    await storage.close();
  });
}

test('an import may be larger than the address space that it begins with', async (t) => {
  const { path } = await withOthers(t);
  const input = (): Readable => Readable.from(manyRows(300, 20_000));
  const options = { mapSizeBytes: 2 ** 20, merge: true };
  t.is((await importStore({ ...options, path, input: input() })).created, 300);
  t.deepEqual((await verifyStore({ path })).findings, []);
  const empty = await makeFolder(t);
  t.is((await importStore({ ...options, path: empty, input: input() })).created, 300);
  t.deepEqual((await verifyStore({ path: empty })).findings, []);
});

test('a dry run makes nothing', async (t) => {
  const { input } = await exported(t);
  const folder = await makeFolder(t);
  const path = join(folder, 'store');
  t.is((await importStore({ path, input, dryRun: true })).created, 6);
  t.deepEqual(await readdir(folder), []);
});

test('a store that a process has open is refused, and told who has it', async (t) => {
  const { input } = await exported(t);
  const path = await makeFolder(t);
  const holder = spawn(process.execPath, [HOLDER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(holder, 'exit');
  await once(holder.stdout, 'data');
  const reason = new RegExp(`is in use: process ${holder.pid} has it open`);
  for (const merge of [false, true]) {
    await throwsCode(t, 'locked', () => importStore({ path, input, merge }), reason);
  }
  holder.stdin.end();
  await exit;
  t.is((await importStore({ path, input })).created, 6);
});

test('a store of a later format, and a damaged one, are refused and left alone', async (t) => {
  const { input } = await exported(t);
  const { path } = await withOthers(t);
  const format = Buffer.from('format');
  await withTable(path, 'meta', (meta) => meta.put(format, Buffer.from('2')));
  const merge = (): Promise<unknown> => importStore({ path, input, merge: true, existing: 'skip' });
  await throwsCode(t, 'unsupported-format', merge);
  t.is(await withTable(path, 'meta', (meta) => meta.get(format)?.toString()), '2');
  await writeFile(join(path, 'data.mdb'), 'hello');
  await throwsCode(t, 'corrupt', merge);
  t.is(await readFile(join(path, 'data.mdb'), 'utf8'), 'hello');
});

test('a folder of something else is refused', async (t) => {
  const { input } = await exported(t);
  const path = await makeFolder(t);
  await writeFile(join(path, 'letter.txt'), 'hello');
  await fails(t, 'not-empty', { path, input }, /holds something else than a store/);
  await fails(t, 'unavailable', { path: '', input }, /is empty/);
  await fails(t, 'unavailable', { path: join(path, 'letter.txt'), input }, /letter\.txt/);
});

test('compressed ones and streams, in pieces of any size, are read as well', async (t) => {
  const { input, clock, state } = await exported(t);
  const bytes = await readFile(input);
  for (const content of [bytes, gzipSync(bytes)]) {
    const path = await makeFolder(t);
    const pieces = Array.from(content, (_, index) => content.subarray(index, index + 1));
    await importStore({ path, input: Readable.from(pieces) });
    t.deepEqual((await stateOf(path, clock)).objects, state.objects);
  }
});

test('an import that is interrupted leaves nothing', async (t) => {
  const { input } = await exported(t);
  const folder = await makeFolder(t);
  const controller = new AbortController();
  const onProgress = (): void => controller.abort();
  const { signal } = controller;
  await fails(t, 'aborted', { path: join(folder, 'store'), input, signal, onProgress }, /interr/);
  await fails(t, 'aborted', { path: join(folder, 'store'), input, signal }, /interrupted/);
  t.deepEqual(await readdir(folder), []);
});

test('a file that is not there is named', async (t) => {
  const folder = await makeFolder(t);
  const input = join(folder, 'none.jsonl');
  await fails(
    t,
    'unavailable',
    { path: join(folder, 'store'), input },
    /none\.jsonl can't be used/,
  );
  t.deepEqual(await readdir(folder), []);
});

interface Exported {
  readonly input: string;
  readonly clock: ManualClock;
  readonly state: Awaited<ReturnType<typeof stateOf>>;
}

async function exported(t: ExecutionContext): Promise<Exported> {
  const folder = await makeFolder(t);
  const path = join(folder, 'store');
  const clock = new ManualClock();
  await seed(path, clock);
  const input = join(folder, 'export.jsonl');
  await exportStore({ path, output: input });
  return { input, clock, state: await stateOf(path, clock) };
}

// A store with one object of the export as it is there, one that differs, and one of its own.
async function withOthers(
  t: ExecutionContext,
): Promise<{ path: string; state: Awaited<ReturnType<typeof stateOf>> }> {
  const path = await makeFolder(t);
  const storage = await LmdbStorage.open({ path });
  await put(storage, SHOP_A, objectJson(SHOP_A, '{"own":true}'));
  await put(storage, GADGET, objectJson(GADGET));
  await put(storage, '/example.com/widgets/own/z', objectJson('/example.com/widgets/own/z'));
  await storage.close();
  return { path, state: await stateOf(path) };
}

function* manyRows(count: number, bytes: number): Generator<Buffer> {
  const hash = createHash('sha256');
  const hashed = (line: string): Buffer => {
    hash.update(line);
    return Buffer.from(line);
  };
  yield hashed(
    '{"format":"shardwatch.export","formatVersion":1,"storeFormatVersion":1,' +
      `"revision":"${count + 1}","compactedRevision":"0","time":"2026-01-01T00:00:00.000Z"}\n`,
  );
  const spec = `{"text":"${'x'.repeat(bytes)}"}`;
  for (let index = 0; index < count; index++) {
    const key = `/example.com/widgets/many/w${String(index).padStart(6, '0')}`;
    const revisions = `"revision":"${index + 2}","createRevision":"${index + 2}"`;
    yield hashed(`{"key":"${key}",${revisions},"object":${objectJson(key, spec)}}\n`);
  }
  const sha256 = hash.digest('hex');
  yield Buffer.from(`{"end":"shardwatch.export","objects":${count},"sha256":"${sha256}"}\n`);
}

function find(objects: readonly string[], key: string): string {
  return objects.find((object) => object.startsWith(`${key}=`)) ?? `no ${key}`;
}

async function leftovers(path: string): Promise<string[]> {
  const names = await readdir(dirname(path));
  return names.filter((name) => name.startsWith(`.${basename(path)}`));
}

async function fails(
  t: ExecutionContext,
  code: BackupErrorCode,
  options: ImportStoreOptions,
  message: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(() => importStore(options), { instanceOf: BackupError });
  t.is(error.code, code, error.message);
  t.regex(error.message, message);
}
