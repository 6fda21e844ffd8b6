/** Every fault that an export can have: found by verification, and refused by an import. */

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import test from 'ava';

import {
  BackupError,
  exportStore,
  FINDINGS_MAX,
  importStore,
  verifyExport,
  type FindingCode,
} from '../../../lib/storage/lmdb/index.js';
import { makeFolder } from '../folder.js';
import { LAB_A, objectJson, seed, SEEDED, SHOP_A } from './seed.js';

interface Damage {
  readonly title: string;
  readonly code: FindingCode;
  readonly says: RegExp;
  /** On the lines, without the footer, which is made anew: a damage that the checksum hides. */
  readonly lines?: (lines: string[]) => string[];
  /** On the bytes. */
  readonly bytes?: (bytes: Buffer) => Buffer;
  /** What an import says. Default `damaged`. */
  readonly importCode?: 'truncated';
}

const change =
  (index: number, pattern: string | RegExp, replacement: string) =>
  (lines: string[]): string[] =>
    lines.with(index, lines[index]!.replace(pattern, replacement));

const DAMAGES: readonly Damage[] = [
  {
    title: 'an empty file',
    code: 'truncated',
    says: /is empty/,
    bytes: () => Buffer.alloc(0),
    importCode: 'truncated',
  },
  {
    title: 'another file',
    code: 'malformed',
    says: /its first line is no header/,
    bytes: () => Buffer.from('hello\n'),
  },
  {
    title: 'a header without a revision',
    code: 'malformed',
    says: /the header of the export is malformed/,
    lines: change(0, /"revision":"\d+",/, ''),
  },
  {
    title: 'a cut within a line',
    code: 'truncated',
    says: /ends within a line/,
    bytes: (bytes) => bytes.subarray(0, 1000),
    importCode: 'truncated',
  },
  {
    title: 'a cut between lines',
    code: 'truncated',
    says: /ends after line 3, before its footer/,
    bytes: (bytes) => Buffer.from(bytes.toString().split('\n').slice(0, 3).join('\n') + '\n'),
    importCode: 'truncated',
  },
  {
    title: 'a cut of the compressed bytes',
    code: 'truncated',
    says: /ends within its compressed data/,
    bytes: (bytes) => gzipSync(bytes).subarray(0, -20),
    importCode: 'truncated',
  },
  {
    title: 'noise in the compressed bytes',
    code: 'malformed',
    says: /can't be decompressed/,
    bytes: (bytes) => gzipSync(bytes).fill('noise', 20, 200),
  },
  {
    title: 'a changed byte',
    code: 'checksum',
    says: /its SHA-256 is [0-9a-f]{64}, but its footer tells/,
    bytes: (bytes) => Buffer.from(bytes.toString().replace('1e3', '1e4')),
  },
  {
    title: 'something behind the footer',
    code: 'malformed',
    says: /something follows the footer/,
    bytes: (bytes) => Buffer.concat([bytes, Buffer.from('{}\n')]),
  },
  {
    title: 'a line that is gone',
    code: 'count',
    says: /the header tells 6 objects, but there are 5/,
    lines: (lines) => lines.toSpliced(2, 1),
  },
  {
    title: 'a line of another form',
    code: 'malformed',
    says: /line 3 is no line of an export/,
    lines: (lines) => lines.with(2, '{"hello":1}'),
  },
  {
    title: 'a revision that is none',
    code: 'malformed',
    says: /line 3 is malformed/,
    lines: change(2, /"revision":"\d+"/, '"revision":"x"'),
  },
  {
    title: 'a key twice',
    code: 'order',
    says: /line 4.*the key is there twice/,
    lines: (lines) => lines.with(3, lines[2]!.replace(/"revision":"\d+"/, '"revision":"9"')),
  },
  {
    title: 'keys out of order',
    code: 'order',
    says: /line 4.*the key before it is greater/,
    lines: (lines) => lines.with(2, lines[3]!).with(3, lines[2]!),
  },
  {
    title: 'a key that no object has',
    code: 'key',
    says: /a key is \/<group>\/<resource>/,
    lines: change(1, '/core/nodes/n1', '/core/n1'),
  },
  {
    title: 'a key with an empty segment',
    code: 'key',
    says: /empty segment/,
    lines: change(1, '/core/nodes/n1', '/core/nodes//n1'),
  },
  {
    title: 'an object that is no JSON',
    code: 'json',
    says: /line 2, \/core\/nodes\/n1: /,
    lines: change(1, '"kind":"Thing"', '"kind":Thing'),
  },
  {
    title: 'an object with spaces',
    code: 'canonical',
    says: /not canonical JSON/,
    lines: change(1, '"kind":"Thing"', '"kind": "Thing"'),
  },
  {
    title: 'an object with a resourceVersion',
    code: 'canonical',
    says: /without a resourceVersion/,
    lines: change(1, '"name":"n1"', '"name":"n1","resourceVersion":"7"'),
  },
  {
    title: 'an object of another name',
    code: 'metadata',
    says: /metadata\.name is "n2", but its key says "n1"/,
    lines: change(1, '"name":"n1"', '"name":"n2"'),
  },
  {
    title: 'an object of another namespace',
    code: 'metadata',
    says: /metadata\.namespace is "far", but its key says "lab"/,
    lines: change(3, '"namespace":"lab"', '"namespace":"far"'),
  },
  {
    title: 'an object of another group',
    code: 'metadata',
    says: /the group of apiVersion is "other.io", but its key says "example.com"/,
    lines: change(3, '"apiVersion":"example.com/v1"', '"apiVersion":"other.io/v1"'),
  },
  {
    title: 'a revision above that of the export',
    code: 'revision',
    says: new RegExp(`its revision 99 is above that of all, ${SEEDED}`),
    lines: change(3, /"revision":"\d+"/, '"revision":"99"'),
  },
  {
    title: 'an object made after it was written',
    code: 'revision',
    says: /created at revision 9, written at 4/,
    lines: change(3, /"createRevision":"\d+"/, '"createRevision":"9"'),
  },
  {
    title: 'a revision of two objects',
    code: 'revision',
    says: /revision 8 is that of more than one object/,
    lines: change(3, /"revision":"\d+"/, '"revision":"8"'),
  },
  {
    title: 'a time to live that can not be',
    code: 'expiry',
    says: /a time to live of 9999999999 s/,
    lines: change(6, '"ttlSeconds":100', '"ttlSeconds":9999999999'),
  },
];

for (const { title, code, says, lines, bytes, importCode } of DAMAGES) {
  test(`${title} is found, and not imported`, async (t) => {
    const folder = await makeFolder(t);
    const file = await exportFile(folder);
    const whole = await readFile(file);
    await writeFile(file, bytes?.(whole) ?? withFooter(lines!(whole.toString().split('\n'))));
    const { findings, findingCount } = await verifyExport({ input: file });
    t.is(findingCount, findings.length);
    const finding = findings.find((one) => one.code === code);
    t.regex(finding?.message ?? JSON.stringify(findings), says);
    const path = join(folder, 'imported');
    const error = await t.throwsAsync(() => importStore({ path, input: file }), {
      instanceOf: BackupError,
    });
    t.is(error.code, importCode ?? 'damaged');
    t.deepEqual(await readdir(folder), ['export.jsonl', 'store']);
  });
}

test('an export that nothing is wrong with: what is in it', async (t) => {
  const folder = await makeFolder(t);
  const input = await exportFile(folder);
  t.deepEqual(await verifyExport({ input }), {
    ...{ subject: input, kind: 'export', revision: SEEDED, compactedRevision: 0n, objects: 6 },
    objectsByResource: { nodes: 1, 'gadgets.example.com': 1, 'widgets.example.com': 4 },
    ...{ findingCount: 0, findings: [] },
  });
});

test('an export of a newer version is refused, and says which this program reads', async (t) => {
  const folder = await makeFolder(t);
  const input = await exportFile(folder);
  const text = await readFile(input, 'utf8');
  await writeFile(input, text.replace('"formatVersion":1', '"formatVersion":2'));
  const expectations = { instanceOf: BackupError, message: /has format 2; .* reads up to 1/ };
  for (const read of [
    () => verifyExport({ input }),
    () => importStore({ path: join(folder, 'imported'), input }),
  ]) {
    t.is((await t.throwsAsync(read, expectations)).code, 'unsupported-format');
  }
});

test('of very many findings the first are kept and all are counted', async (t) => {
  const folder = await makeFolder(t);
  const input = await exportFile(folder);
  const [header] = (await readFile(input, 'utf8')).split('\n');
  const rows = Array.from({ length: FINDINGS_MAX + 7 }, () => 'no row');
  await writeFile(input, withFooter([header!, ...rows, '', '']));
  const { findings, findingCount, objects } = await verifyExport({ input });
  t.is(findings.length, FINDINGS_MAX);
  // The header's count is wrong, too.
  t.is(findingCount, FINDINGS_MAX + 8);
  t.is(objects, 0);
});

test('an object that says ,"object": within a text and a key is read right', async (t) => {
  const folder = await makeFolder(t);
  const input = await exportFile(folder);
  const lines = (await readFile(input, 'utf8')).split('\n');
  t.true(lines[3]!.includes(',\\"object\\":'));
  const key = '/example.com/widgets/lab/,"object":{}';
  const json = JSON.stringify(key);
  const row = lines[3]!.replace(JSON.stringify(LAB_A), json);
  const object = objectJson(key);
  const cut = row.indexOf(',"object":');
  await writeFile(input, withFooter(lines.with(3, `${row.slice(0, cut)},"object":${object}}`)));
  t.deepEqual((await verifyExport({ input })).findings, []);
  t.true(lines[4]!.includes(SHOP_A));
});

async function exportFile(folder: string): Promise<string> {
  const path = join(folder, 'store');
  await seed(path);
  const file = join(folder, 'export.jsonl');
  await exportStore({ path, output: file });
  return file;
}

// `lines` end as a file's do that was split: the old footer, and an empty one.
function withFooter(lines: readonly string[]): string {
  const body = lines
    .slice(0, -2)
    .map((line) => `${line}\n`)
    .join('');
  const sha256 = createHash('sha256').update(body).digest('hex');
  const objects = lines.length - 3;
  return `${body}${JSON.stringify({ end: 'shardwatch.export', objects, sha256 })}\n`;
}
