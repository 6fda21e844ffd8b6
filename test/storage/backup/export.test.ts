/** Exports: what is in them, beside a writer, filtered, compressed, and as files. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import test, { type ExecutionContext } from 'ava';

import {
  BackupError,
  exportStore,
  LmdbStorage,
  verifyExport,
  type BackupErrorCode,
  type ExportReport,
  type ExportStoreOptions,
} from '../../../lib/storage/lmdb/index.js';
import { ManualClock } from '../../clock.js';
import { put } from '../conformance/subject.js';
import { makeFolder } from '../folder.js';
import {
  GADGET,
  LAB_A,
  LEASED,
  NODE,
  NUMBERS,
  objectJson,
  seed,
  SEEDED,
  SHOP_A,
  SHOP_B,
  withTable,
} from './seed.js';

const WRITER = fileURLToPath(new URL('../children/object-writer.js', import.meta.url));

test('an export has header, objects in order with their bytes, and footer', async (t) => {
  const path = await makeFolder(t);
  const clock = new ManualClock();
  await seed(path, clock);
  const leasedAt = clock.now() + 100_000;
  const { text, report } = await exported({ path, clock });
  const lines = text.split('\n');
  t.is(lines.pop(), '');
  t.deepEqual(JSON.parse(lines[0]!), {
    format: 'shardwatch.export',
    formatVersion: 1,
    storeFormatVersion: 1,
    revision: String(SEEDED),
    compactedRevision: '0',
    time: new Date(clock.now()).toISOString(),
    objects: 6,
  });
  t.deepEqual(
    lines.slice(1, -1).map((line) => JSON.parse(line).key),
    [NODE, GADGET, LAB_A, SHOP_A, SHOP_B, LEASED],
  );
  const spec = `{"again":true,"numbers":${NUMBERS}}`;
  const head = `{"key":"${SHOP_A}","revision":"8","createRevision":"2","object":`;
  t.is(lines[4], `${head}${objectJson(SHOP_A, spec)}}`);
  const leased = `"ttlSeconds":100,"expiresAtMs":${leasedAt},"object":${objectJson(LEASED)}}`;
  t.is(lines[6], `{"key":"${LEASED}","revision":"7","createRevision":"7",${leased}`);
  const sha256 = createHash('sha256').update(text.slice(0, text.lastIndexOf('{"end"')));
  const footer = { end: 'shardwatch.export', objects: 6, sha256: sha256.digest('hex') };
  t.deepEqual(JSON.parse(lines.at(-1)!), footer);
  const { objects, sha256: told } = footer;
  t.deepEqual(report, { revision: SEEDED, compactedRevision: 0n, objects, sha256: told });
});

test('a store in use of this process is exported at one revision', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const storage = await LmdbStorage.open({ path });
  t.teardown(() => storage.close());
  const slow = new PassThrough({ highWaterMark: 1 });
  const report = exportStore({ path, output: slow });
  await once(slow, 'readable');
  // The header is out; what is written now is not in it.
  await put(storage, SHOP_A, objectJson(SHOP_A, '{"later":true}'));
  const text = Buffer.concat(await slow.toArray()).toString();
  t.is((await report).revision, SEEDED);
  t.false(text.includes('later'));
  t.is(await put(storage, SHOP_B, objectJson(SHOP_B)), SEEDED + 2n);
});

test('exports beside a process that writes all the time are whole and of one revision', async (t) => {
  const path = await makeFolder(t);
  const writer = spawn(process.execPath, [WRITER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(writer, 'exit');
  t.teardown(async () => {
    writer.stdin.end();
    await exit;
  });
  await once(writer.stdout, 'data');
  let last = 0n;
  for (let round = 0; round < 3; round++) {
    const file = join(path, `${round}.jsonl`);
    const { revision, objects } = await exportStore({ path, output: file });
    t.true(revision > last);
    last = revision;
    const { findings } = await verifyExport({ input: file });
    t.deepEqual(findings, []);
    // Every transaction of the writer gives one number to all its objects.
    const rows = (await readFile(file, 'utf8')).split('\n').slice(1, -2);
    t.is(rows.length, objects);
    t.is(new Set(rows.map((row) => JSON.parse(row).object.spec.round)).size, 1);
    t.is(objects, 50);
  }
});

for (const [title, filter, keys] of [
  ['one type', { resources: ['widgets.example.com'] }, [LAB_A, SHOP_A, SHOP_B, LEASED]],
  ['types, whatever their order', { resources: ['gadgets.example.com', 'nodes'] }, [NODE, GADGET]],
  ['a namespace', { namespaces: ['lab'] }, [LAB_A]],
  ['namespaces of a type', { resources: ['gadgets.example.com'], namespaces: ['lab'] }, []],
] as const) {
  test(`only ${title}: the header tells, and the export is whole`, async (t) => {
    const path = await makeFolder(t);
    await seed(path);
    const file = join(path, 'out.jsonl');
    await exportStore({ path, output: file, ...filter });
    const [header, ...rows] = (await readFile(file, 'utf8')).split('\n').slice(0, -2);
    t.deepEqual(
      rows.map((row) => JSON.parse(row).key),
      [...keys],
    );
    t.like(JSON.parse(header!), filter);
    t.is(JSON.parse(header!).objects, undefined);
    t.deepEqual((await verifyExport({ input: file })).findings, []);
  });
}

test('a name that ends in .gz, or the option, compresses', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const { text } = await exported({ path, clock: new ManualClock() });
  const file = join(path, 'out.jsonl.gz');
  await exportStore({ path, output: file, clock: new ManualClock() });
  t.is(gunzipSync(await readFile(file)).toString(), text);
  const { bytes } = await exported({ path, clock: new ManualClock(), gzip: true });
  t.is(gunzipSync(bytes).toString(), text);
  await exportStore({ path, output: file, clock: new ManualClock(), gzip: false, force: true });
  t.is(await readFile(file, 'utf8'), text);
});

test('a file is its owner’s, is not replaced without force, and stands alone', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const folder = await makeFolder(t);
  const file = join(folder, 'out.jsonl');
  await writeFile(file, 'precious');
  await fails(t, 'file-exists', () => exportStore({ path, output: file }), /out\.jsonl is there/);
  t.is(await readFile(file, 'utf8'), 'precious');
  await exportStore({ path, output: file, force: true });
  t.deepEqual((await verifyExport({ input: file })).findings, []);
  if (process.platform !== 'win32') t.is((await stat(file)).mode & 0o777, 0o600);
  await mkdir(join(folder, 'folder'));
  const onto = (name: string): Promise<unknown> =>
    exportStore({ path, output: join(folder, name), force: true });
  await fails(t, 'file-exists', () => onto('folder'), /folder is there and is no file/);
  await symlink('/dev/null', join(folder, 'device'));
  await fails(t, 'file-exists', () => onto('device'), /is no file/);
  await fails(t, 'unavailable', () => onto('none/out.jsonl'), /none\/out\.jsonl can't be used/);
  t.deepEqual((await readdir(folder)).sort(), ['device', 'folder', 'out.jsonl']);
});

test('an export that is interrupted leaves no file', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const folder = await makeFolder(t);
  const controller = new AbortController();
  const output = join(folder, 'out.jsonl');
  const onProgress = (): void => controller.abort();
  const { signal } = controller;
  await fails(t, 'aborted', () => exportStore({ path, output, signal, onProgress }), /interrupted/);
  t.deepEqual(await readdir(folder), []);
});

test('an output that fails is told, and the store is released', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) });
  await t.throwsAsync(() => exportStore({ path, output }), { message: 'full' });
  const storage = await LmdbStorage.open({ path });
  await storage.close();
});

test('what is no JSON object is refused, naming the key', async (t) => {
  const path = await makeFolder(t);
  const storage = await LmdbStorage.open({ path });
  await put(storage, SHOP_A, '{"a":');
  await storage.close();
  const folder = await makeFolder(t);
  const output = join(folder, 'out.jsonl');
  await fails(t, 'damaged', () => exportStore({ path, output }), new RegExp(`object ${SHOP_A}: `));
  t.deepEqual(await readdir(folder), []);
});

test('a folder without a store is told', async (t) => {
  const path = await makeFolder(t);
  const output = new PassThrough();
  for (const none of [path, join(path, 'none')]) {
    await fails(t, 'no-store', () => exportStore({ path: none, output }), /there is no store in/);
  }
  t.deepEqual(await readdir(path), []);
});

test('a store of another format is told', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  await withTable(path, 'meta', (meta) => meta.put(Buffer.from('format'), Buffer.from('2')));
  const error = await t.throwsAsync(() => exportStore({ path, output: new PassThrough() }));
  t.like(error, { code: 'unsupported-format' });
});

interface Exported {
  readonly bytes: Buffer;
  readonly text: string;
  readonly report: ExportReport;
}

async function exported(options: Omit<ExportStoreOptions, 'output'>): Promise<Exported> {
  const output = new PassThrough();
  const [report, chunks] = await Promise.all([
    exportStore({ ...options, output }),
    output.toArray() as Promise<Buffer[]>,
  ]);
  const bytes = Buffer.concat(chunks);
  return { bytes, text: bytes.toString(), report };
}

async function fails(
  t: ExecutionContext,
  code: BackupErrorCode,
  action: () => Promise<unknown>,
  message: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(action, { instanceOf: BackupError });
  t.is(error.code, code, error.message);
  t.regex(error.message, message);
}
