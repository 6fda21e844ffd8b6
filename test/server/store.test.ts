/** `shardwatch store` as a process: backup and restore of a server, exit codes, signals. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import test, { type ExecutionContext } from 'ava';

import { reportText, terminalProgress } from '../../lib/server/store.js';
import { LmdbStorage } from '../../lib/storage/lmdb/index.js';
import { objectJson, seed, SEEDED, SHOP_A, stateOf } from '../storage/backup/seed.js';
import { put } from '../storage/conformance/subject.js';
import { apiClient } from '../witness/api-client.js';
import { run, type CommandResult } from '../witness/command.js';
import { exampleFile, startServer } from '../witness/server-process.js';

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));
const CRDS = exampleFile('crds');
const APPS = '/apis/platform.example.com/v1/apps';

const store = (args: readonly string[], input?: string): Promise<CommandResult> =>
  run(process.execPath, [COMMAND, 'store', ...args], input === undefined ? {} : { input });

test('a server that serves is exported, and another one goes on from there', async (t) => {
  const folder = await makeFolder(t);
  const first = await startServer(['--crd', CRDS, '--load', exampleFile('objects')]);
  const data = join(first.folder, 'data');
  const file = join(folder, 'backup.jsonl.gz');
  const exported = await store(['export', file, '--data-dir', data]);
  t.is(exported.code, 0, exported.stderr);
  t.regex(exported.stdout, /^exported \d+ objects at revision \d+ to .*backup\.jsonl\.gz\n$/);
  t.is(exported.stderr, '');
  const before = await apiClient(first.kubeconfig);
  const list = await before.request('GET', APPS);
  before.close();
  const inUse = await store(['import', file, '--data-dir', data]);
  t.is(inUse.code, 1);
  t.regex(inUse.stderr, new RegExp(`^error: .*process ${first.pid} has it open`));
  const verified = await store(['verify', '--data-dir', data]);
  t.is(verified.code, 0, verified.stdout);
  t.regex(
    verified.stdout,
    /^store .*store: \d+ objects at revision \d+.*\n(  \d+ \S+\n){3}nothing/,
  );
  await first.stop();
  const restored = join(folder, 'restored');
  const imported = await store(['import', file, '--data-dir', restored]);
  t.is(imported.code, 0, imported.stderr);
  t.regex(imported.stdout, /^imported \d+ objects into .*store: \d+ created, 0 replaced, 0 skip/);
  const second = await startServer(['--crd', CRDS, '--data-dir', restored]);
  const after = await apiClient(second.kubeconfig);
  // Every object and every resourceVersion, that of the list included.
  t.is((await after.request('GET', APPS)).text, list.text);
  const { resourceVersion } = list.json<{ metadata: { resourceVersion: string } }>().metadata;
  const exactly = `${APPS}?resourceVersionMatch=Exact&resourceVersion=${resourceVersion}`;
  t.is((await after.request('GET', exactly)).text, list.text);
  after.close();
  await second.stop();
});

test('an export goes to standard output, and an import comes from standard input', async (t) => {
  const folder = await makeFolder(t);
  await seed(join(folder, 'data', 'store'));
  const data = ['--data-dir', join(folder, 'data')];
  const { code, stdout, stderr } = await store(['export', ...data]);
  t.is(code, 0);
  t.is(stderr, '');
  t.is(stdout.split('\n').length, 9);
  t.is((await store(['verify', '-'], stdout)).code, 0);
  const target = join(folder, 'other');
  const dry = await store(['import', '-', '--data-dir', target, '--dry-run'], stdout);
  t.regex(dry.stdout, /^would import 6 objects/);
  t.deepEqual(await readdir(folder), ['data']);
  t.is((await store(['import', '-', '--data-dir', target], stdout)).code, 0);
  t.is((await stateOf(join(target, 'store'))).revision, SEEDED);
  const filter = ['--resource', 'nodes', '--resource', 'widgets.example.com'];
  const some = await store(['export', '-', ...data, ...filter, '--namespace', 'shop']);
  t.deepEqual(keysIn(some.stdout), [
    '/example.com/widgets/shop/a',
    '/example.com/widgets/shop/b',
    '/example.com/widgets/shop/leased',
  ]);
});

test('flags of export and import do what they say', async (t) => {
  const folder = await makeFolder(t);
  await seed(join(folder, 'data', 'store'));
  const data = ['--data-dir', join(folder, 'data')];
  const file = join(folder, 'backup');
  t.is((await store(['export', file, ...data, '--gzip'])).code, 0);
  t.deepEqual([...(await readFile(file)).subarray(0, 2)], [0x1f, 0x8b]);
  const again = await store(['export', file, ...data]);
  t.is(again.code, 1);
  t.is(again.stderr, `error: ${file} is there already\n`);
  t.is((await store(['export', file, ...data, '--force'])).code, 0);
  t.is((await readFile(file, 'utf8'))[0], '{');
  const full = await store(['import', file, ...data]);
  t.is(full.code, 1);
  t.regex(full.stderr, /^error: .* holds objects: import into another folder, or merge\n$/);
  const conflict = await store(['import', file, ...data, '--merge']);
  t.is(conflict.code, 1);
  t.regex(conflict.stderr, /has these already: .*, and 1 more/);
  const skipped = await store(['import', file, ...data, '--merge', '--existing', 'skip']);
  t.is(skipped.code, 0);
  t.regex(skipped.stdout, /: 0 created, 0 replaced, 6 skipped; the store is at revision 10\n/);
  const alone = await store(['import', file, ...data, '--existing', 'skip']);
  t.is(alone.code, 1);
  t.regex(alone.stderr, /--existing .* --merge/);
  const none = await store(['export', join(folder, 'new'), '--data-dir', join(folder, 'none')]);
  t.is(none.code, 1);
  t.regex(none.stderr, /^error: there is no store in .*none\/store\n$/);
});

test('a verification that finds something ends with 2, and lists it, as JSON too', async (t) => {
  const folder = await makeFolder(t);
  const path = join(folder, 'data', 'store');
  await seed(path);
  const data = ['--data-dir', join(folder, 'data')];
  const file = join(path, 'data.mdb');
  await writeFile(file, (await readFile(file)).subarray(0, (await stat(file)).size / 2));
  const { code, stdout, stderr } = await store(['verify', ...data]);
  t.is(code, 2);
  t.is(stderr, '');
  t.regex(stdout, /\nfindings: \d+\n- page: .*data\.mdb: page \d+ .* was cut off\n/);
  const json = await store(['verify', '--json', ...data]);
  t.is(json.code, 2);
  const report = JSON.parse(json.stdout) as { findingCount: number; findings: { code: string }[] };
  t.is(report.findings[0]?.code, 'page');
  t.is(report.findingCount, report.findings.length);
  const served = await run(process.execPath, [
    ...[COMMAND, 'serve', '--crd', CRDS, '--secure-port', '0', ...data],
  ]);
  t.is(served.code, 1);
  t.regex(served.stderr, /^error: .*data\.mdb is damaged: it has \d+ bytes, and page/);
});

test('the JSON of a whole store: revisions as texts', async (t) => {
  const folder = await makeFolder(t);
  await seed(join(folder, 'store'));
  const { code, stdout } = await store(['verify', '--json', '--data-dir', folder]);
  t.is(code, 0);
  t.like(JSON.parse(stdout), { revision: String(SEEDED), compactedRevision: '0', findings: [] });
});

// Windows has no signals that a program may catch.
const posix = process.platform === 'win32' ? test.skip : test;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  posix(`${signal} while an import waits for more leaves nothing half done`, async (t) => {
    const folder = await makeFolder(t);
    await seed(join(folder, 'data', 'store'));
    const { stdout } = await store(['export', '--data-dir', join(folder, 'data')]);
    const target = join(folder, 'other');
    await mkdir(target);
    const child = spawn(process.execPath, [COMMAND, 'store', 'import', '-', '--data-dir', target], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const exit = once(child, 'exit');
    const errors = child.stderr.toArray();
    child.stdin.write(stdout.slice(0, 1000));
    await until(async () => (await readdir(target)).length > 0);
    child.kill(signal);
    t.deepEqual(await exit, [130, null]);
    t.is(Buffer.concat(await errors).toString(), INTERRUPTED);
    t.deepEqual(await readdir(target), []);
  });

  posix(`${signal} while nobody reads an export ends it, and the store is free`, async (t) => {
    const folder = await makeFolder(t);
    const path = join(folder, 'store');
    const storage = await LmdbStorage.open({ path });
    await put(storage, SHOP_A, objectJson(SHOP_A, `{"text":"${'x'.repeat(1_000_000)}"}`));
    await storage.close();
    const child = spawn(process.execPath, [COMMAND, 'store', 'export', '--data-dir', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exit = once(child, 'exit');
    const errors = child.stderr.toArray();
    await once(child.stdout, 'readable');
    child.kill(signal);
    t.deepEqual(await exit, [130, null]);
    t.is(Buffer.concat(await errors).toString(), INTERRUPTED);
    await (await LmdbStorage.open({ path })).close();
  });
}

posix('a reader of standard output that goes away ends an export without a trace', async (t) => {
  const folder = await makeFolder(t);
  const path = join(folder, 'store');
  const storage = await LmdbStorage.open({ path });
  for (const name of ['a', 'b', 'c']) {
    const key = `/example.com/widgets/shop/${name}`;
    await put(storage, key, objectJson(key, `{"text":"${'x'.repeat(1_000_000)}"}`));
  }
  await storage.close();
  const child = spawn(process.execPath, [COMMAND, 'store', 'export', '--data-dir', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit');
  const errors = child.stderr.toArray();
  await once(child.stdout, 'readable');
  child.stdout.destroy();
  t.deepEqual(await exit, [1, null]);
  t.regex(Buffer.concat(await errors).toString(), /^error: .*EPIPE.*\n$/);
});

test('progress is one line of a terminal, and nothing elsewhere', (t) => {
  for (const [isTTY, expected] of [
    [true, '\rread 0 of 25000 objects\rread 11000 of 25000 objects\rread 20000 objects\r\x1b[K'],
    [false, ''],
  ] as const) {
    let text = '';
    const write = (part: unknown): boolean => ((text += String(part)), true);
    const progress = terminalProgress('read', { isTTY, write });
    for (const objects of [0, 1000, 11_000, 12_000]) progress.update(objects, 25_000);
    progress.update(20_000, undefined);
    progress.end();
    t.is(text, expected);
  }
});

test('a report tells how many findings it leaves out', (t) => {
  const findings = [{ code: 'page', message: 'page 7 is used twice' }] as const;
  const report = { subject: '/data/store', objects: 0, objectsByResource: {}, findings };
  t.is(
    reportText({ ...report, kind: 'store', findingCount: 3 }),
    'store /data/store: 0 objects\nfindings: 3\n- page: page 7 is used twice\n… and 2 more',
  );
});

test('--help explains every flag and the exit codes', async (t) => {
  for (const [command, flags] of [
    ['export', ['data-dir', 'resource', 'namespace', 'gzip', 'force']],
    ['import', ['data-dir', 'merge', 'existing', 'dry-run']],
    ['verify', ['data-dir', 'json']],
  ] as const) {
    const { code, stdout } = await store([command, '--help']);
    t.is(code, 0);
    for (const flag of flags) t.regex(stdout, new RegExp(`^\\s+--${flag} .*\\w`, 'm'), flag);
    t.regex(stdout, /^Exit code: 0 done, 1 /m);
  }
});

const INTERRUPTED = 'error: it was interrupted; nothing has been changed\n';

async function makeFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-store-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function keysIn(text: string): string[] {
  const rows = text.split('\n').slice(1, -2);
  return rows.map((row) => (JSON.parse(row) as { key: string }).key);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
