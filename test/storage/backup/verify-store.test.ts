/** Every fault that a store can have, planted and found; and stores with none. */

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import test from 'ava';

import { StorageError } from '../../../lib/storage/index.js';
import {
  BackupError,
  exportStore,
  LmdbStorage,
  verifyStore,
  type FindingCode,
  type VerifyReport,
} from '../../../lib/storage/lmdb/index.js';
import {
  encodeExpiryKey,
  encodeLogRow,
  encodeRevision,
  encodeVersion,
  encodeVersionKey,
} from '../../../lib/storage/lmdb/layout.js';
import { ManualClock } from '../../clock.js';
import { put, remove, throwsCode } from '../conformance/subject.js';
import { makeFolder } from '../folder.js';
import {
  cutDataFile,
  GADGET,
  LEASED,
  NODE,
  objectJson,
  seed,
  SEEDED,
  SHOP_A,
  SHOP_B,
  withTable,
} from './seed.js';

const GONE = '/example.com/widgets/shop/gone';
const START = Date.UTC(2024, 0, 1);

test('a store that nothing is wrong with: what is in it', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  t.deepEqual(await verifyStore({ path }), {
    ...{ subject: path, kind: 'store', revision: SEEDED, compactedRevision: 0n, objects: 6 },
    objectsByResource: { nodes: 1, 'gadgets.example.com': 1, 'widgets.example.com': 4 },
    ...{ findingCount: 0, findings: [] },
  });
});

test('a store without a write, and one that is compacted at each of its revisions', async (t) => {
  const path = await makeFolder(t);
  await (await LmdbStorage.open({ path })).close();
  t.deepEqual((await verifyStore({ path })).findings, []);
  await seed(path);
  for (let revision = 1n; revision <= SEEDED; revision++) {
    const storage = await LmdbStorage.open({ path, clock: new ManualClock() });
    await storage.compact(revision);
    await storage.close();
    const { findings, compactedRevision } = await verifyStore({ path });
    t.deepEqual(findings, [], `compacted at ${revision}`);
    t.is(compactedRevision, revision);
  }
});

test('a store in use, of many objects, while it is written to and compacted', async (t) => {
  const path = await makeFolder(t);
  const storage = await LmdbStorage.open({ path });
  t.teardown(() => storage.close());
  const done = new AbortController();
  const writing = (async () => {
    for (let round = 0; !done.signal.aborted; round++) {
      const keys = Array.from({ length: 200 }, (_, index) => `/example.com/widgets/shop/w${index}`);
      const value = `{"round":${round}}`;
      await Promise.all(keys.map((key) => put(storage, key, objectJson(key, value), round % 3)));
      await Promise.all(keys.slice(0, 50).map((key) => remove(storage, key)));
      if (round % 3 === 0) await storage.compact(storage.committedRevision() - 100n);
    }
  })();
  for (let round = 0; round < 5; round++) {
    t.deepEqual((await verifyStore({ path })).findings, []);
  }
  done.abort();
  await writing;
});

type Plant = (path: string) => Promise<unknown>;

const within =
  (table: string, action: Parameters<typeof withTable>[2]): Plant =>
  (path) =>
    withTable(path, table, action);

const version = (key: string, change: object = {}): Buffer =>
  encodeVersion({
    ...{ revision: 5n, createRevision: 5n, ttlSeconds: 0, expiresAtMs: 0 },
    value: Buffer.from(objectJson(key)),
    ...change,
  });

const key = (text: string): Buffer => Buffer.from(text);

interface Damage {
  readonly title: string;
  readonly code: FindingCode;
  readonly says: RegExp;
  readonly plant: Plant;
}

const ROW_DAMAGES: readonly Damage[] = [
  {
    title: 'a row of another form',
    code: 'malformed',
    says: new RegExp(`row ${GADGET} of current is missing or malformed`),
    plant: within('current', (current) => current.put(key(GADGET), Buffer.from('xyz'))),
  },
  {
    title: 'a deletion among current rows',
    code: 'malformed',
    says: /is a deletion/,
    plant: within('current', (current) => current.put(key(GADGET), Buffer.of(0))),
  },
  {
    title: 'a value that is no JSON',
    code: 'json',
    says: new RegExp(`row ${GADGET} of current: `),
    plant: within('current', (current) =>
      current.put(key(GADGET), version(GADGET, { value: Buffer.from('{') })),
    ),
  },
  {
    title: 'a value with a resourceVersion',
    code: 'canonical',
    says: /without a resourceVersion/,
    plant: within('current', (current) =>
      current.put(
        key(GADGET),
        version(GADGET, {
          value: Buffer.from(objectJson(GADGET).replace('"name"', '"resourceVersion":"1","name"')),
        }),
      ),
    ),
  },
  {
    title: 'an object of another key',
    code: 'metadata',
    says: /metadata\.name is "n1", but its key says "a"/,
    plant: within('current', (current) => current.put(key(GADGET), version(NODE))),
  },
  {
    title: 'a key of no object',
    code: 'key',
    says: /a key is \/<group>/,
    plant: within('current', (current) => current.put(key('/a/b'), version('/a/b'))),
  },
  {
    title: 'a key that is no path',
    code: 'key',
    says: /does not begin with "\/"/,
    plant: within('current', (current) => current.put(key('hello'), version('/a/b'))),
  },
  {
    title: 'a revision above the store’s',
    code: 'revision',
    says: new RegExp(`its revision 99 is above that of all, ${SEEDED}`),
    plant: within('current', (current) =>
      current.put(key(GADGET), version(GADGET, { revision: 99n })),
    ),
  },
  {
    title: 'a revision of two objects',
    code: 'revision',
    says: /revision 6 is that of more than one version/,
    plant: within('current', (current) =>
      current.put(key(GADGET), version(GADGET, { revision: 6n })),
    ),
  },
  {
    title: 'an object made after it was written',
    code: 'revision',
    says: /created at revision 6, written at 5/,
    plant: within('current', (current) =>
      current.put(key(GADGET), version(GADGET, { createRevision: 6n })),
    ),
  },
  {
    title: 'a lost object',
    code: 'history',
    says: new RegExp(`row 5 of log: there is no such put of ${GADGET}`),
    plant: within('current', (current) => current.remove(key(GADGET))),
  },
  {
    title: 'a version that is not older than the current one',
    code: 'revision',
    says: /version 9 of .* is not older than the current one, 5/,
    plant: within('superseded', (superseded) =>
      superseded.put(encodeVersionKey(key(GADGET), 9n), version(GADGET, { revision: 9n })),
    ),
  },
  {
    title: 'a version that tells another revision',
    code: 'revision',
    says: /version 2 of .* holds revision 3/,
    plant: within('superseded', (superseded) =>
      superseded.put(
        encodeVersionKey(key(SHOP_A), 2n),
        version(SHOP_A, { revision: 3n, createRevision: 2n }),
      ),
    ),
  },
  {
    title: 'an older version that is no JSON',
    code: 'json',
    says: new RegExp(`version 2 of ${SHOP_A} in superseded: `),
    plant: within('superseded', (superseded) =>
      superseded.put(
        encodeVersionKey(key(SHOP_A), 2n),
        version(SHOP_A, { revision: 2n, createRevision: 2n, value: Buffer.from('[]') }),
      ),
    ),
  },
  {
    title: 'a lost older version',
    code: 'history',
    says: new RegExp(`row 8 of log: version 2 of ${SHOP_A}, which it replaced, is missing`),
    plant: within('superseded', (superseded) =>
      superseded.remove(encodeVersionKey(key(SHOP_A), 2n)),
    ),
  },
  {
    title: 'a lost deletion',
    code: 'history',
    says: new RegExp(`${GONE} has older versions, but neither a current one nor a deletion`),
    plant: within('superseded', (superseded) =>
      superseded.remove(encodeVersionKey(key(GONE), 10n)),
    ),
  },
  {
    title: 'a deletion above the store’s revision',
    code: 'revision',
    says: /version 99 of .* is above the store's revision, 10/,
    plant: within('superseded', (superseded) =>
      superseded.put(encodeVersionKey(key(GONE), 99n), Buffer.of(0)),
    ),
  },
  {
    title: 'a gap in the log',
    code: 'history',
    says: /log has row 6 where 5 should be/,
    plant: within('log', (log) => log.remove(encodeRevision(5n))),
  },
  {
    title: 'a version without its log row',
    code: 'history',
    says: new RegExp(`row ${GADGET} of current: revision 5 of log does not tell of it`),
    plant: within('log', (log) => log.remove(encodeRevision(5n))),
  },
  {
    title: 'a log that begins too late',
    code: 'history',
    says: /log begins at 3, but history at 0/,
    plant: within('log', (log) => log.remove(encodeRevision(2n))),
  },
  {
    title: 'a log that ends too early',
    code: 'history',
    says: /log ends at 9, but the store is at 10/,
    plant: within('log', (log) => log.remove(encodeRevision(10n))),
  },
  {
    title: 'a log row of another key',
    code: 'history',
    says: new RegExp(`row 5 of log: there is no such put of ${NODE}`),
    plant: within('log', (log) => log.put(encodeRevision(5n), encodeLogRow('put', key(NODE), 0n))),
  },
  {
    title: 'a log row of another form',
    code: 'malformed',
    says: /row 5 of log is missing or malformed/,
    plant: within('log', (log) => log.put(encodeRevision(5n), Buffer.from('xyz'))),
  },
  {
    title: 'a log row that follows itself',
    code: 'revision',
    says: /row 8 of log: it follows revision 8/,
    plant: within('log', (log) =>
      log.put(encodeRevision(8n), encodeLogRow('put', key(SHOP_A), 8n)),
    ),
  },
  {
    title: 'a log row that deletes nothing',
    code: 'history',
    says: new RegExp(`row 10 of log: it deletes ${GONE}, which was not there`),
    plant: within('log', (log) =>
      log.put(encodeRevision(10n), encodeLogRow('delete', key(GONE), 0n)),
    ),
  },
  {
    title: 'a time to live without its row',
    code: 'expiry',
    says: new RegExp(`row ${LEASED} of current: its time to live has no row in expiry`),
    plant: within('expiry', (expiry) =>
      expiry.remove(encodeExpiryKey(START + 100_000, key(LEASED))),
    ),
  },
  {
    title: 'a row of a time to live that there is not',
    code: 'expiry',
    says: new RegExp(`row ${SHOP_B} at 5 of expiry: no object has this time to live at 3`),
    plant: within('expiry', (expiry) =>
      expiry.put(encodeExpiryKey(5, key(SHOP_B)), encodeRevision(3n)),
    ),
  },
  {
    title: 'half a time to live',
    code: 'expiry',
    says: /a time to live of 100 s ends at 0/,
    plant: within('current', (current) =>
      current.put(key(GADGET), version(GADGET, { ttlSeconds: 100 })),
    ),
  },
  {
    title: 'no revision',
    code: 'meta',
    says: /meta row "revision" is missing or malformed/,
    plant: within('meta', (meta) => meta.remove(key('revision'))),
  },
  {
    title: 'a compacted revision above the revision',
    code: 'meta',
    says: /at revision 10, compacted at 11/,
    plant: within('meta', (meta) => meta.put(key('compacted'), encodeRevision(11n))),
  },
  {
    title: 'no format',
    code: 'meta',
    says: /meta row "format" is missing/,
    plant: within('meta', (meta) => meta.remove(key('format'))),
  },
];

const PAGE_BYTES = 4096;

const PAGE_DAMAGES: readonly Damage[] = [
  {
    title: 'a data file that is cut to its half',
    code: 'page',
    says: /lies beyond the end of the file, which was cut off/,
    plant: async (path) => cutDataFile(path, (await sizeOf(path)) / 2),
  },
  {
    title: 'a data file that is cut within a page in use',
    code: 'page',
    says: /lies beyond the end of the file, which was cut off/,
    plant: async (path) => cutDataFile(path, (await leafOffset(path)) + 100),
  },
  {
    title: 'a data file that is cut behind its meta pages',
    code: 'page',
    says: /lies beyond the end of the file/,
    plant: (path) => cutDataFile(path, 2 * PAGE_BYTES),
  },
  {
    title: 'a data file that is cut in its head',
    code: 'meta',
    says: /is not an LMDB file, or is damaged/,
    plant: (path) => cutDataFile(path, PAGE_BYTES),
  },
  {
    title: 'a page of zeros',
    code: 'page',
    says: /has another page’s content, or none/,
    plant: (path) => withLeaf(path, (page) => page.fill(0)),
  },
  {
    title: 'a page of noise',
    code: 'page',
    says: /has another page’s content, or none/,
    plant: (path) => withLeaf(path, (page) => page.fill('noise')),
  },
  {
    title: 'a page whose inside is noise',
    code: 'page',
    says: /is malformed: /,
    plant: (path) => withLeaf(path, (page) => page.fill('noise', 20)),
  },
  {
    title: 'a page with fewer entries than its tree tells',
    code: 'page',
    says: /table \w+ has \d+ entries, but its tree tells \d+/,
    plant: (path) => withLeaf(path, (page) => page.writeUInt16LE(page.readUInt16LE(20) - 2, 20)),
  },
];

for (const { title, code, says, plant } of [...ROW_DAMAGES, ...PAGE_DAMAGES]) {
  test(`${title} is found`, async (t) => {
    const path = await makeFolder(t);
    await seed(path, new ManualClock(START));
    t.deepEqual((await verifyStore({ path })).findings, []);
    await plant(path);
    const report = await verifyStore({ path });
    t.is(report.findingCount, report.findings.length);
    t.true(
      report.findings.some((one) => one.code === code && says.test(one.message)),
      say(report),
    );
  });
}

test('verifying writes nothing', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const before = await readFile(join(path, 'data.mdb'));
  await verifyStore({ path });
  t.true(before.equals(await readFile(join(path, 'data.mdb'))));
});

for (const [title, cut] of [
  ['to its half', async (path: string) => cutDataFile(path, (await sizeOf(path)) / 2)],
  ['in a page', async (path: string) => cutDataFile(path, (await leafOffset(path)) + 100)],
] as const) {
  test(`a store whose file is cut ${title} is not opened by a server, nor exported`, async (t) => {
    const path = await makeFolder(t);
    await seed(path);
    await cut(path);
    const reason = /data\.mdb is damaged: it has \d+ bytes, and page \d+ .* lies beyond the end/;
    await throwsCode(t, 'corrupt', () => LmdbStorage.open({ path }), reason);
    const output = new PassThrough();
    await throwsCode(t, 'corrupt', () => exportStore({ path, output }), reason);
  });
}

test('a file may be shorter than its last page where the pages at its end are free', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const file = join(path, 'data.mdb');
  const bytes = await readFile(file);
  // Both meta pages tell of a page that was never written.
  for (const offset of [0, PAGE_BYTES]) {
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(offset + 144) + 1n, offset + 144);
  }
  await writeFile(file, bytes);
  t.deepEqual((await verifyStore({ path })).findings, []);
  const storage = await LmdbStorage.open({ path });
  t.is((await storage.list('/')).values.length, 6);
  t.is(await put(storage, SHOP_A, objectJson(SHOP_A)), SEEDED + 1n);
  await storage.close();
  t.deepEqual((await verifyStore({ path })).findings, []);
});

test('what can not be verified is told', async (t) => {
  const path = await makeFolder(t);
  const none = await t.throwsAsync(() => verifyStore({ path }), { instanceOf: BackupError });
  t.is(none.code, 'no-store');
  await seed(path);
  await withTable(path, 'meta', (meta) => meta.put(key('format'), key('2')));
  const format = await t.throwsAsync(() => verifyStore({ path }), { instanceOf: StorageError });
  t.is(format.code, 'unsupported-format');
});

test('verifying can be interrupted', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const controller = new AbortController();
  const onProgress = (): void => controller.abort();
  const { signal } = controller;
  const error = await t.throwsAsync(() => verifyStore({ path, signal, onProgress }), {
    instanceOf: BackupError,
  });
  t.is(error.code, 'aborted');
  await (await LmdbStorage.open({ path })).close();
});

async function sizeOf(path: string): Promise<number> {
  return (await stat(join(path, 'data.mdb'))).size;
}

async function withLeaf(path: string, change: (page: Buffer) => unknown): Promise<void> {
  const file = join(path, 'data.mdb');
  const offset = await leafOffset(path);
  const bytes = await readFile(file);
  change(bytes.subarray(offset, offset + PAGE_BYTES));
  await writeFile(file, bytes);
}

// That of `current`: the one with the newest objects. Older copies of it are in no tree.
async function leafOffset(path: string): Promise<number> {
  const bytes = await readFile(join(path, 'data.mdb'));
  const pages = Math.floor(bytes.byteLength / PAGE_BYTES);
  const offsets = Array.from({ length: pages - 2 }, (_, index) => (index + 2) * PAGE_BYTES);
  const isLeaf = (offset: number): boolean => {
    const page = bytes.subarray(offset, offset + PAGE_BYTES);
    return page.readUInt16LE(18) === 2 && page.includes(GADGET) && page.includes('"again":true');
  };
  const transaction = (offset: number): bigint => bytes.readBigUInt64LE(offset + 8);
  return offsets
    .filter(isLeaf)
    .reduce((left, right) => (transaction(left) > transaction(right) ? left : right));
}

function say({ findings }: VerifyReport): string {
  return findings.map(({ code, message }) => `${code}: ${message}`).join('\n');
}
