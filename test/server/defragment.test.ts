/** `shardwatch store defrag` as a process, against a cluster. */

import { fileURLToPath } from 'node:url';

import test from 'ava';

import { EtcdClient, keyBytes, prefixRange } from '../../lib/storage/etcd/index.js';
import { startCluster } from '../storage/etcd/member.js';
import { run, type CommandResult } from '../witness/command.js';

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));

const defragment = (...args: readonly string[]): Promise<CommandResult> =>
  run(process.execPath, [COMMAND, 'store', 'defrag', ...args]);

test('every member gets smaller, the leader last; with one away none is touched', async (t) => {
  const { endpoints, members } = await startCluster(t, { size: 3 });
  const client = new EtcdClient({ endpoints });
  t.teardown(() => client.close());
  const value = new Uint8Array(2 ** 20);
  for (let number = 0; number < 8; number++) {
    await client.kv.put({ key: keyBytes(`/a/${number}`), value });
  }
  const { header } = await client.kv.deleteRange(prefixRange('/a/'));
  await client.kv.compact({ revision: header!.revision, physical: true });
  const states = await Promise.all(endpoints.map((url) => client.maintenance.status(url)));
  const leader = endpoints.find((_, at) => states[at]!.header?.memberId === states[at]!.leader)!;
  const { code, stdout, stderr } = await defragment('--etcd-servers', endpoints.join(','));
  t.deepEqual([code, stderr], [0, '']);
  const lines = [...stdout.matchAll(/^(\S+): (\d+) bytes before, (\d+) now$/gm)];
  t.deepEqual(lines.map(([, url]) => url).toSorted(), endpoints.toSorted());
  t.is(lines.at(-1)?.[1], leader);
  for (const [line, , before, after] of lines) t.true(Number(after) < Number(before) / 4, line);

  await members[0]!.kill();
  const refused = await defragment('--etcd-servers', endpoints.join(','));
  t.deepEqual([refused.code, refused.stdout], [1, '']);
  t.regex(refused.stderr, new RegExp(`^error: etcd Status at ${endpoints[0]}: [^\\n]*\\n$`));
});

test('without members, and with ones that are none, it ends with one sentence', async (t) => {
  for (const [args, says] of [
    [[], /--etcd-servers/],
    [['--etcd-servers', 'ftp://host'], /^error: etcd: .*scheme "ftp"/],
    [['--etcd-servers', 'http://127.0.0.1:1', '--etcd-user', 'x'], /--etcd-password-file belong/],
  ] as const) {
    const { code, stdout, stderr } = await defragment(...args);
    t.deepEqual([code, stdout], [1, '']);
    t.regex(stderr, says);
    t.regex(stderr, /^error: [^\n]*\n$/);
  }
});
