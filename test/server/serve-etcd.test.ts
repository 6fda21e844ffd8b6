/** `shardwatch serve --etcd-servers`: many servers over one etcd, and an etcd that fails. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import test, { type ExecutionContext } from 'ava';

import { EtcdClient, keyBytes, prefixRange } from '../../lib/storage/etcd/index.js';
import { startCluster } from '../storage/etcd/member.js';
import { apiClient, type ApiClient } from '../witness/api-client.js';
import { run } from '../witness/command.js';
import { exampleFile, startServer, type ServerProcess } from '../witness/server-process.js';

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));
const CRDS = exampleFile('crds');
const APPS = '/apis/platform.example.com/v1/namespaces/shop/apps';

interface AppObject {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

const app = (name: string): object => ({
  apiVersion: 'platform.example.com/v1',
  kind: 'App',
  metadata: { name },
  spec: { image: 'registry.example.com/app:1' },
});

test('what is written at one server is listed and watched at another, as at one', async (t) => {
  const { endpoints } = await startCluster(t);
  const [one, other] = [await serve(t, endpoints), await serve(t, endpoints)];
  const created = (await one.client.request('POST', APPS, app('a'))).json<AppObject>();
  // A list without a resourceVersion has all that is acknowledged, whichever server is asked.
  const listed = (await other.client.request('GET', APPS)).json<{ items: AppObject[] }>();
  t.deepEqual(listed.items, [created]);
  const changed = (
    await other.client.request('PUT', `${APPS}/a`, { ...created, spec: { image: 'b' } })
  ).json<AppObject>();
  await one.client.request('POST', APPS, app('b'));
  // Who has seen the first at one server goes on at the other, and misses nothing.
  const since = created.metadata.resourceVersion;
  const watch = `${APPS}?watch=1&resourceVersion=${since}&timeoutSeconds=1`;
  const events = (await other.client.request('GET', watch)).text.trim().split('\n');
  const seen = events.map((line) => JSON.parse(line) as { type: string; object: AppObject });
  t.deepEqual(
    seen.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ['MODIFIED a', 'ADDED b'],
  );
  t.deepEqual(seen[0]?.object, changed);
  const etcd = new EtcdClient({ endpoints });
  t.teardown(() => etcd.close());
  const { kvs } = await etcd.kv.range({ ...prefixRange('/registry/'), keysOnly: true });
  t.deepEqual(
    kvs.map(({ key, modRevision }) => `${Buffer.from(key).toString()} ${modRevision}`),
    [
      `/registry/platform.example.com/apps/shop/a ${changed.metadata.resourceVersion}`,
      `/registry/platform.example.com/apps/shop/b ${seen[1]?.object.metadata.resourceVersion}`,
    ],
  );
  const metrics = (await one.client.request('GET', '/metrics')).text;
  const type = 'group="platform.example.com",resource="apps"';
  t.true(metrics.includes(`\netcd_requests_total{operation="create",${type}} 2\n`));
  t.true(
    metrics.includes(
      `\nshardwatch_etcd_circuit_state{endpoint="${endpoints[0]}",state="closed"} 1`,
    ),
  );
  // One of them dies, and the other has everything.
  await one.server.signal('SIGKILL');
  const left = (await other.client.request('GET', APPS)).json<{ items: AppObject[] }>();
  t.is(left.items.length, 2);
});

test('without etcd a server is not ready, and is again without a restart', async (t) => {
  const { endpoints, members } = await startCluster(t);
  const { client } = await serve(t, endpoints);
  t.is((await client.request('POST', APPS, app('a'))).status, 201);
  t.is((await client.request('GET', '/readyz/etcd')).text, 'ok');
  await members[0]?.kill();
  await statusOf(client, '/readyz', 500);
  t.regex(
    (await client.request('GET', '/readyz/etcd')).text,
    /no member of etcd answers: http:\/\/127\.0\.0\.1:\d+/,
  );
  t.is((await client.request('GET', '/livez')).status, 200);
  await members[0]?.start();
  await statusOf(client, '/readyz', 200);
  t.is((await client.request('POST', APPS, app('b'))).status, 201);
  const { items } = (await client.request('GET', APPS)).json<{ items: AppObject[] }>();
  t.is(items.length, 2);
});

test('a foreign value under the prefix is told with its key, and deleted on demand', async (t) => {
  const { endpoints } = await startCluster(t);
  const { client, server } = await serve(t, endpoints);
  const etcd = new EtcdClient({ endpoints });
  t.teardown(() => etcd.close());
  t.is((await client.request('POST', APPS, app('a'))).status, 201);
  const key = keyBytes('/registry/platform.example.com/apps/shop/foreign');
  await etcd.kv.put({ key, value: keyBytes('\x0a\x02v1') });
  await statusOf(client, APPS, 500);
  const told = (await client.request('GET', APPS)).json<{
    reason: string;
    details: { causes: { field: string; message: string }[] };
  }>();
  t.is(told.reason, 'StorageReadError');
  t.deepEqual(
    told.details.causes.map(({ field }) => field),
    ['/platform.example.com/apps/shop/foreign'],
  );
  t.regex(told.details.causes[0]!.message, /^it is no object: .*unexpected /);
  t.is((await client.request('GET', '/readyz')).status, 500);
  t.is((await client.request('GET', '/livez')).status, 200);
  t.is((await client.request('GET', `${APPS}/a`)).status, 200);
  // A server that starts then serves what it can.
  await server.signal('SIGTERM');
  const { client: next } = await serve(t, endpoints);
  t.is((await next.request('GET', APPS)).status, 500);
  const option = 'ignoreStoreReadErrorWithClusterBreakingPotential=true';
  t.is((await next.request('DELETE', `${APPS}/foreign?${option}`)).status, 200);
  t.deepEqual((await etcd.kv.range({ key })).kvs, []);
  await statusOf(next, APPS, 200);
  const { items } = (await next.request('GET', APPS)).json<{ items: AppObject[] }>();
  t.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['a'],
  );
  await statusOf(next, '/readyz', 200);
});

const NOWHERE = ['--etcd-servers', 'http://127.0.0.1:1'];

const REFUSALS: readonly (readonly [about: string, args: readonly string[], says: RegExp])[] = [
  ['nobody there', NOWHERE, /at http:\/\/127\.0\.0\.1:1: No connection .*ECONNREFUSED/],
  ['a wrong scheme', ['--etcd-servers', 'ftp://host'], /--etcd-servers: .*scheme "ftp"/],
  ['an empty list', ['--etcd-servers', ''], /--etcd-servers: .*is no address/],
  ['two stores', [...NOWHERE, '--store', 'memory'], /--etcd-servers and --store memory exclude/],
  ['no servers', ['--store', 'etcd'], /--store etcd needs --etcd-servers/],
  ['a prefix that is none', [...NOWHERE, '--etcd-prefix', 'x'], /invalid prefix "x"/],
  ['half of a user', [...NOWHERE, '--etcd-user', 'x'], /--etcd-user and --etcd-password-file/],
  ['a missing file', [...NOWHERE, '--etcd-cafile', 'none.pem'], /--etcd-cafile none\.pem: ENOENT/],
  ['no connections', [...NOWHERE, '--etcd-grpc-proxy-connections', '0'], /from 1 to 9999/],
];

for (const [about, args, says] of REFUSALS) {
  test(`an etcd that can't be used ends with one sentence: ${about}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'shardwatch-serve-etcd-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const data = ['--data-dir', folder, '--secure-port', '0', '--crd', CRDS];
    const { code, stdout, stderr } = await run(process.execPath, [
      COMMAND,
      'serve',
      ...data,
      ...args,
    ]);
    t.deepEqual([code, stdout], [1, '']);
    t.regex(stderr, says);
    t.regex(stderr, /^error: /);
    t.notRegex(stderr, /\n\s+at /);
  });
}

test('a user of etcd gets in by the password of a file', async (t) => {
  const { endpoints } = await startCluster(t);
  const root = new EtcdClient({ endpoints });
  t.teardown(() => root.close());
  await root.auth.addRole('root');
  await root.auth.addUser('root', 'secret');
  await root.auth.grantRole('root', 'root');
  await root.auth.enable();
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-serve-etcd-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'password'), 'secret\n', { mode: 0o600 });
  const user = ['--etcd-user', 'root', '--etcd-password-file', join(folder, 'password')];
  const { client } = await serve(t, endpoints, user);
  t.is((await client.request('POST', APPS, app('a'))).status, 201);
});

async function serve(
  t: ExecutionContext,
  endpoints: readonly string[],
  args: readonly string[] = [],
): Promise<{ readonly server: ServerProcess; readonly client: ApiClient }> {
  const etcd = ['--etcd-servers', endpoints.join(',')];
  const server = await startServer(['--crd', CRDS, ...etcd, ...args]);
  const client = await apiClient(server.kubeconfig);
  t.teardown(async () => {
    client.close();
    await server.stop();
  });
  return { server, client };
}

async function statusOf(client: ApiClient, path: string, status: number): Promise<void> {
  while ((await client.request('GET', path)).status !== status);
}
