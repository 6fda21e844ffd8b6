/** `shardwatch store` on etcd, as a process: flags, output, exit codes. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import test from 'ava';

import { EtcdClient, keyBytes } from '../../lib/storage/etcd/index.js';
import { seed, stateOf } from '../storage/backup/seed.js';
import { startCluster } from '../storage/etcd/member.js';
import { makeFolder } from '../storage/folder.js';
import { run, type CommandResult } from '../witness/command.js';

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));

const store = (args: readonly string[], input?: string): Promise<CommandResult> =>
  run(process.execPath, [COMMAND, 'store', ...args], input === undefined ? {} : { input });

test('a folder is moved to etcd, verified there, and moved back', async (t) => {
  const folder = await makeFolder(t);
  await seed(join(folder, 'data', 'store'));
  const { endpoints } = await startCluster(t);
  const etcd = ['--etcd-servers', endpoints.join(','), '--etcd-prefix', '/my/objects/'];
  const subject = `${endpoints[0]} /my/objects`;
  const { stdout: lines } = await store(['export', '--data-dir', join(folder, 'data')]);
  const dry = await store(['import', '-', ...etcd, '--dry-run'], lines);
  t.deepEqual([dry.code, dry.stderr], [0, '']);
  t.regex(dry.stdout, /^would import 6 objects into .*: 6 created, 0 replaced, 0 skipped/);
  const imported = await store(['import', '-', ...etcd], lines);
  t.deepEqual([imported.code, imported.stderr], [0, '']);
  t.is(
    imported.stdout,
    `imported 6 objects into ${subject}: 6 created, 0 replaced, 0 skipped; ` +
      'the store is at revision 16\n',
  );
  const again = await store(['import', '-', ...etcd], lines);
  t.is(again.code, 1);
  t.is(
    again.stderr,
    `error: the store at ${subject} holds objects: import with another prefix, or merge\n`,
  );
  const merged = await store(['import', '-', ...etcd, '--merge', '--existing', 'skip'], lines);
  t.regex(merged.stdout, /: 0 created, 0 replaced, 6 skipped; the store is at revision 16\n/);
  const verified = await store(['verify', ...etcd]);
  t.is(verified.code, 0, verified.stderr);
  t.regex(
    verified.stdout,
    /^store .* \/my\/objects: 6 objects at revision 16, compacted at 0\n(  \d \S+\n){3}noth/,
  );
  const file = join(folder, 'backup.jsonl.gz');
  const exported = await store(['export', file, ...etcd]);
  t.deepEqual([exported.code, exported.stderr], [0, '']);
  t.is(exported.stdout, `exported 6 objects at revision 16 to ${file}\n`);
  const back = join(folder, 'back');
  t.is((await store(['import', file, '--data-dir', back])).code, 0);
  const plain = (objects: readonly string[]): string[] =>
    objects.map((object) => object.replace(/@\d+\/\d+$/, ''));
  const after = await stateOf(join(back, 'store'));
  const before = await stateOf(join(folder, 'data', 'store'));
  t.deepEqual(plain(after.objects), plain(before.objects));
  t.is(after.revision, 16n);

  const client = new EtcdClient({ endpoints });
  t.teardown(() => client.close());
  await client.kv.put({ key: keyBytes('/my/objects/g/r/x'), value: keyBytes('k8s\0…') });
  const found = await store(['verify', '--json', ...etcd]);
  t.is(found.code, 2);
  const report = JSON.parse(found.stdout) as { findings: { code: string; message: string }[] };
  t.deepEqual(
    report.findings.map(({ code }) => code),
    ['json'],
  );
  t.regex(report.findings[0]!.message, /^object \/my\/objects\/g\/r\/x: /);
});

test('flags that do not go together, and an etcd that is away, end with a sentence', async (t) => {
  const folder = await makeFolder(t);
  const file = join(folder, 'none');
  await writeFile(file, '');
  const etcd = ['--etcd-servers', 'http://127.0.0.1:1'];
  for (const [args, says] of [
    [['verify', '--etcd-prefix', '/a'], /^error: --etcd-prefix needs --etcd-servers/],
    [['export', '--etcd-user', 'x'], /^error: --etcd-user needs --etcd-servers/],
    [['verify', '--data-dir', folder, ...etcd], /cannot be used with option '--etcd-servers/],
    [['verify', '--etcd-servers', 'ftp://a'], /^error: --etcd-servers: etcd: .*scheme "ftp"/],
    [['verify', ...etcd, '--etcd-prefix', 'x'], /^error: invalid prefix "x"/],
    [['verify', ...etcd, '--etcd-cafile', join(folder, 'ca')], /^error: --etcd-cafile /],
    [['verify', ...etcd], /^error: etcd .*at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/],
    [['import', file, ...etcd, '--existing', 'skip'], /^error: --existing .* --merge/],
  ] as const) {
    const { code, stdout, stderr } = await store(args);
    t.deepEqual([code, stdout], [1, ''], stderr);
    t.regex(stderr, says);
    t.regex(stderr, /^error: [^\n]*\n$/);
  }
});
