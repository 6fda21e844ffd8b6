/** Export, import and verification of etcd, and the way from one kind of store to the other. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import {
  BackupError,
  EtcdClient,
  EtcdStorage,
  exportEtcd,
  importEtcd,
  keyBytes,
  verifyEtcd,
  type BackupErrorCode,
  type ImportEtcdOptions,
} from '../../../lib/storage/etcd/index.js';
import { ImportWriter } from '../../../lib/storage/etcd/backup/import-writer.js';
import { StoredObjects } from '../../../lib/storage/etcd/backup/stored-objects.js';
import { KeySpace } from '../../../lib/storage/etcd/store/keys.js';
import type { CheckedRow } from '../../../lib/storage/backup/export-reader.js';
import { exportStore, importStore, verifyStore } from '../../../lib/storage/lmdb/index.js';
import { ManualClock } from '../../clock.js';
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
} from '../backup/seed.js';
import { put, throwsCode } from '../conformance/subject.js';
import { makeFolder } from '../folder.js';
import { record } from '../recorder.js';
import { ETCDS, startCluster } from './member.js';

const KEYS = [NODE, GADGET, LAB_A, SHOP_A, SHOP_B, LEASED];

for (const etcd of ETCDS) {
  test(`objects go from LMDB to etcd ${etcd.version} and back, byte for byte`, async (t) => {
    const folder = await makeFolder(t);
    const clock = new ManualClock();
    const path = join(folder, 'lmdb');
    await seed(path, clock);
    const before = await stateOf(path, clock);
    const input = join(folder, 'export.jsonl.gz');
    await exportStore({ path, output: input });
    const { endpoints } = await startCluster(t, { etcd });
    const client = { endpoints };
    const imported = await importEtcd({ client, input, clock });
    const { revision, ...counts } = imported;
    t.deepEqual(counts, { objects: 6, created: 6, replaced: 0, skipped: 0, dryRun: false });
    // Behind that of the export, one for each object.
    t.is(revision, SEEDED + 6n);
    t.deepEqual((await verifyEtcd({ client, clock })).findings, []);

    const storage = await open(t, endpoints);
    const { values } = await storage.list('/');
    t.deepEqual(
      values.map(({ key, value }) => `${key}=${text(value)}`),
      plain(before.objects),
    );
    t.is(new Set(values.map((value) => value.revision)).size, 6);
    t.true(values.every((value) => value.revision > SEEDED && value.revision <= revision));
    // Who comes with a revision of the old store has to list anew.
    for (const old of [5n, SEEDED]) {
      const watch = record(storage, '/', old);
      t.is((await watch.ended()).code, 'compacted');
    }

    const output = join(folder, 'back.jsonl');
    const exported = await exportEtcd({ client, output, clock });
    t.is(exported.revision, revision);
    t.is(exported.objects, 6);
    const target = join(folder, 'back');
    await importStore({ path: target, input: output });
    const after = await stateOf(target, clock);
    t.is(after.revision, revision);
    // What etcd told of them is what LMDB tells now.
    t.deepEqual(
      after.objects,
      values.map(
        ({ key, value, revision: at, createRevision }) =>
          `${key}=${text(value)}@${at}/${createRevision}`,
      ),
    );
    t.deepEqual((await verifyStore({ path: target })).findings, []);
    const lines = (await readFile(output, 'utf8')).split('\n');
    const leased = lines.find((line) => line.includes(`"${LEASED}"`));
    const { ttlSeconds, expiresAtMs } = JSON.parse(leased!) as Record<string, number>;
    t.is(ttlSeconds, 100);
    // A lease is shared by what ends within a twentieth of it.
    const lateMs = expiresAtMs! - (clock.now() + 100_000);
    t.true(lateMs >= -3_000 && lateMs <= 6_000, `${lateMs} ms late`);
  });
}

test('an export shows one revision beside a writer, and takes filters', async (t) => {
  const { endpoints, client } = await seeded(t);
  const storage = await open(t, endpoints);
  const folder = await makeFolder(t);
  const output = join(folder, 'export');
  let writes: Promise<unknown> = Promise.resolve();
  const { revision } = await exportEtcd({
    client,
    output,
    onProgress: () => {
      writes = writes.then(() => put(storage, SHOP_A, objectJson(SHOP_A, '{"late":true}')));
    },
  });
  await writes;
  t.false((await readFile(output, 'utf8')).includes('"late"'));
  t.true((await storage.get(SHOP_A))!.revision > revision);
  const some = join(folder, 'some');
  const resources = ['widgets.example.com', 'nodes'];
  await exportEtcd({ client, output: some, resources, namespaces: ['shop'] });
  t.deepEqual(await keysIn(some), [SHOP_A, SHOP_B, LEASED]);
  await exportEtcd({ client, output: some, resources, force: true });
  t.deepEqual(await keysIn(some), [NODE, LAB_A, SHOP_A, SHOP_B, LEASED]);
});

test('a walk whose revision is compacted meanwhile says what to do', async (t) => {
  const { endpoints } = await startCluster(t);
  const client = new EtcdClient({ endpoints });
  t.teardown(() => client.close());
  const keys = new KeySpace('/registry');
  for (let number = 0; number < 1_001; number++) {
    await client.kv.put({ key: keys.toEtcd(`/g/r/${number}`), value: keyBytes('{}') });
  }
  const objects = new StoredObjects({ client, keys, clock: new ManualClock() });
  const state = await objects.state();
  t.is(state.objects, 1_001);
  const pages = objects.pages(state.revision);
  t.is((await pages.next()).value?.length, 1_000);
  const { header } = await client.kv.put({ key: keys.progressKey });
  await client.kv.compact({ revision: header!.revision });
  await fails(t, 'unavailable', () => pages.next(), /was compacted while it was read/);
});

test('what somebody else has written since it was looked at is left as it is', async (t) => {
  const { endpoints } = await startCluster(t);
  const client = new EtcdClient({ endpoints });
  t.teardown(() => client.close());
  const keys = new KeySpace('/registry');
  const { header } = await client.kv.put({ key: keys.toEtcd('/g/r/a'), value: keyBytes('1') });
  const version = { revision: 2n, createRevision: 2n, ttlSeconds: 0, expiresAtMs: 0 };
  const row = (value: string): CheckedRow => ({
    key: '/g/r/a',
    keyBytes: Buffer.from('/g/r/a'),
    parsedKey: undefined,
    version: { ...version, value: keyBytes(value) },
  });
  for (const expected of [0n, header!.revision + 1n]) {
    const writer = new ImportWriter({ client, keys, clock: new ManualClock() }, Math.random);
    await writer.add(row('2'), expected);
    await fails(t, 'conflict', () => writer.finish(), /g\/r\/a was written by somebody else/);
    t.is(writer.written, 0);
  }
  // What is there already, by an attempt without an answer, is not.
  const writer = new ImportWriter({ client, keys, clock: new ManualClock() }, Math.random);
  await writer.add(row('1'), 0n);
  await writer.finish();
  t.is(writer.written, 1);
  const { kvs } = await client.kv.range({ key: keys.toEtcd('/g/r/a') });
  t.deepEqual([text(kvs[0]!.value), kvs[0]!.modRevision], ['1', header!.revision]);
});

test('what is there is left alone, told, kept or replaced, as is asked for', async (t) => {
  const { input, clock } = await exported(t);
  const { endpoints } = await startCluster(t);
  const client = { endpoints };
  const storage = await open(t, endpoints);
  await put(storage, SHOP_A, objectJson(SHOP_A, '{"own":true}'));
  await put(storage, GADGET, objectJson(GADGET));
  const own = '/example.com/widgets/own/z';
  const before = await put(storage, own, objectJson(own));
  const again = (options: Partial<ImportEtcdOptions>): ReturnType<typeof importEtcd> =>
    importEtcd({ client, input, clock, ...options });
  await fails(t, 'not-empty', () => again({}), /holds objects: import with another prefix, or/);
  const conflict = new RegExp(`has these already: ${GADGET}, ${SHOP_A}$`);
  await fails(t, 'conflict', () => again({ merge: true }), conflict);
  await t.throwsAsync(() => again({ existing: 'skip' }), { instanceOf: RangeError });
  const expected = { objects: 6, created: 4, replaced: 1, skipped: 1 };
  const dry = await again({ merge: true, existing: 'replace', dryRun: true });
  t.deepEqual(dry, { ...expected, revision: before, dryRun: true });
  t.is(await storage.committedRevision(), before);
  const skipped = await again({ merge: true, existing: 'skip' });
  t.deepEqual([skipped.created, skipped.replaced, skipped.skipped], [4, 0, 2]);
  t.is(text((await storage.get(SHOP_A))!.value), objectJson(SHOP_A, '{"own":true}'));
  const replaced = await again({ merge: true, existing: 'replace' });
  t.deepEqual([replaced.created, replaced.replaced, replaced.skipped], [0, 1, 5]);
  t.regex(text((await storage.get(SHOP_A))!.value), /"again":true/);
  // History goes on: who was there sees what was written.
  const watch = record(storage, '/', before);
  await watch.reached(replaced.revision);
  t.deepEqual(
    watch.changes.map(({ key }) => key).toSorted(),
    [NODE, LAB_A, SHOP_A, SHOP_B, LEASED].toSorted(),
  );
});

test('an import comes from a stream, and is interrupted before it writes', async (t) => {
  const { input, clock } = await exported(t);
  const { endpoints } = await startCluster(t);
  const options = { client: { endpoints }, clock };
  const controller = new AbortController();
  const { signal } = controller;
  const onProgress = (): void => controller.abort();
  await fails(t, 'aborted', () => importEtcd({ ...options, input, signal, onProgress }), /nothing/);
  const storage = await open(t, endpoints);
  t.deepEqual((await storage.list('/')).values, []);
  const stream = createReadStream(input, { highWaterMark: 7 });
  t.is((await importEtcd({ ...options, input: stream })).created, 6);
  t.deepEqual(
    (await storage.list('/')).values.map(({ key }) => key),
    KEYS,
  );
});

test('an import that fails halfway tells how much is there, and a merge goes on', async (t) => {
  const clock = new ManualClock();
  const { endpoints } = await startCluster(t, { flags: ['--max-request-bytes', '8000'] });
  const client = { endpoints };
  // SHOP_B is larger than this etcd takes.
  const { input } = await exported(t);
  const error = await fails(
    t,
    'unavailable',
    () => importEtcd({ client, input, clock }),
    /too large; \d objects were written before that: .*--merge --existing replace/,
  );
  const written = Number(/(\d) objects/.exec(error.message)![1]);
  const storage = await open(t, endpoints);
  t.is((await storage.list('/')).values.length, written);
  const some = join(await makeFolder(t), 'some');
  await writeFile(some, '');
  await exportEtcd({ client, output: some, force: true, clock });
  const rest = await importEtcd({
    client,
    input: some,
    clock,
    merge: true,
    existing: 'replace',
  });
  t.deepEqual([rest.created, rest.replaced, rest.skipped], [0, 0, written]);
});

test('a damaged export writes nothing', async (t) => {
  const { input } = await exported(t);
  const { endpoints } = await startCluster(t);
  const client = { endpoints };
  await writeFile(input, (await readFile(input, 'utf8')).replace('"again":true', '"again":null'));
  await fails(t, 'damaged', () => importEtcd({ client, input }), /SHA-256/);
  const storage = await open(t, endpoints);
  t.deepEqual((await storage.list('/')).values, []);
});

test('an export of a far higher revision is refused, unless it is merged', async (t) => {
  const { input, clock } = await exported(t);
  const { endpoints } = await startCluster(t);
  const client = { endpoints };
  const lines = (await readFile(input, 'utf8')).split('\n');
  lines[0] = lines[0]!.replace('"revision":"10"', '"revision":"90000000"');
  const body = `${lines.slice(0, -2).join('\n')}\n`;
  const sha256 = createHash('sha256').update(body).digest('hex');
  await writeFile(input, `${body}{"end":"shardwatch.export","objects":6,"sha256":"${sha256}"}\n`);
  await fails(t, 'conflict', () => importEtcd({ client, input, clock }), /--bump-revision/);
  t.is((await importEtcd({ client, input, clock, merge: true })).created, 6);
});

test('verification names what is no object, what is not at its key, and what shares', async (t) => {
  const { endpoints, client } = await seeded(t);
  const etcd = new EtcdClient({ endpoints });
  t.teardown(() => etcd.close());
  const at = (key: string, value: string): [Uint8Array, Uint8Array] => [
    keyBytes(`/registry${key}`),
    keyBytes(value),
  ];
  const put1 = async (key: string, value: string): Promise<void> => {
    const [bytes, content] = at(key, value);
    await etcd.kv.put({ key: bytes, value: content });
  };
  await put1('/example.com/widgets/shop/p', 'k8s\0protobuf');
  await put1('/example.com/widgets/shop/q', objectJson('/example.com/widgets/shop/other'));
  await put1('/example.com/widgets/shop/r', `{ ${objectJson('/g/widgets/shop/r').slice(1)}`);
  await put1('/short', '{}');
  await etcd.kv.put({
    key: Uint8Array.of(...keyBytes('/registry/g/r/'), 0xff),
    value: keyBytes('{}'),
  });
  const pair = ['/example.com/widgets/shop/s', '/example.com/widgets/shop/t'];
  await etcd.kv.txn({
    success: pair.map((key) => {
      const [bytes, value] = at(key, objectJson(key));
      return { request: { case: 'requestPut', value: { key: bytes, value } } };
    }),
  });
  const { findings, findingCount, objects } = await verifyEtcd({ client });
  t.is(objects, 13);
  t.is(findingCount, findings.length);
  t.deepEqual(
    findings.map(({ code, message }) => `${code} ${/\S+shop\/\w|\/short/.exec(message)?.[0]}`),
    [
      'json /registry/example.com/widgets/shop/p',
      'metadata /registry/example.com/widgets/shop/q',
      'canonical /registry/example.com/widgets/shop/r',
      'key undefined',
      'key /short',
      'revision undefined',
    ],
  );
  const output = join(await makeFolder(t), 'export');
  const message = /object .*shop\/p: .*: verify the store$/;
  await fails(t, 'damaged', () => exportEtcd({ client, output }), message);
});

test('an etcd that is not there, and a prefix that is none, are told', async (t) => {
  const client = { endpoints: ['http://127.0.0.1:1'], timeoutMs: 200, retryDelayMs: 1 };
  await throwsCode(t, 'unavailable', () => verifyEtcd({ client }), /127\.0\.0\.1:1/);
  await throwsCode(t, 'invalid-key', () => verifyEtcd({ client, prefix: 'registry' }), /prefix/);
});

async function exported(t: ExecutionContext): Promise<{ input: string; clock: ManualClock }> {
  const folder = await makeFolder(t);
  const path = join(folder, 'store');
  const clock = new ManualClock();
  await seed(path, clock);
  const input = join(folder, 'export.jsonl');
  await exportStore({ path, output: input });
  return { input, clock };
}

async function seeded(
  t: ExecutionContext,
): Promise<{ endpoints: readonly string[]; client: { endpoints: readonly string[] } }> {
  const { input, clock } = await exported(t);
  const { endpoints } = await startCluster(t);
  const client = { endpoints };
  await importEtcd({ client, input, clock });
  return { endpoints, client };
}

async function open(t: ExecutionContext, endpoints: readonly string[]): Promise<EtcdStorage> {
  const storage = await EtcdStorage.open({ client: { endpoints } });
  t.teardown(() => storage.close());
  return storage;
}

async function keysIn(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(1, -2);
  return lines.map((line) => (JSON.parse(line) as { key: string }).key);
}

function plain(objects: readonly string[]): string[] {
  return objects.map((object) => object.replace(/@\d+\/\d+$/, ''));
}

function text(value: Uint8Array): string {
  return Buffer.from(value).toString();
}

async function fails(
  t: ExecutionContext,
  code: BackupErrorCode,
  action: () => Promise<unknown>,
  message: RegExp,
): Promise<BackupError> {
  const error = await t.throwsAsync(action, { instanceOf: BackupError });
  t.is(error.code, code, error.message);
  t.regex(error.message, message);
  return error;
}
