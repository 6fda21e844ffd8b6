/** `shardwatch serve --encryption-provider-config`: what is stored, and which keys it takes. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import test, { type ExecutionContext } from 'ava';

import { defineResource } from '../../lib/rest/index.js';
import { createServer, type InjectedResponse } from '../../lib/server/index.js';
import { EncryptedStorage } from '../../lib/storage/encryption/index.js';
import { MemoryStorage } from '../../lib/storage/index.js';
import { LmdbStorage } from '../../lib/storage/lmdb/index.js';
import { aesgcm, configuration, identity, rulesOf } from '../storage/encryption/configuration.js';
import { apiClient, type ApiClient } from '../witness/api-client.js';
import { run } from '../witness/command.js';
import { exampleFile, startServer, type ServerProcess } from '../witness/server-process.js';

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));
const CRDS = exampleFile('crds');
const APPS = '/apis/platform.example.com/v1/namespaces/shop/apps';
const IMAGE = 'registry.example.com/secret-image:1';

const app = {
  apiVersion: 'platform.example.com/v1',
  kind: 'App',
  metadata: { name: 'a' },
  spec: { image: IMAGE },
};

test('objects are encrypted in the store, keys are changed, and a lost one is told', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-encryption-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  const file = join(folder, 'encryption.yaml');
  const flags = ['--data-dir', data, '--encryption-provider-config', file];

  await writeFile(file, configuration([['*.*'], aesgcm(['old', 1])]));
  const first = await serve(t, flags);
  t.is((await first.client.request('POST', APPS, app)).status, 201);
  const read = (await first.client.request('GET', `${APPS}/a`)).json<{ spec: object }>();
  t.deepEqual(read.spec, app.spec);
  await first.server.signal('SIGTERM');
  t.false((await readFile(join(data, 'store', 'data.mdb'))).includes(IMAGE));
  t.is(await headIn(data), 'k8s:enc:aesgcm:v1:old:');

  await writeFile(file, configuration([['*.*'], aesgcm(['new', 2], ['old', 1])]));
  const second = await serve(t, flags);
  const present = (await second.client.request('GET', `${APPS}/a`)).json<object>();
  // Written as it is, it is encrypted with the first key: how all objects are brought to it.
  t.is((await second.client.request('PUT', `${APPS}/a`, present)).status, 200);
  await second.server.signal('SIGTERM');
  t.is(await headIn(data), 'k8s:enc:aesgcm:v1:new:');

  await writeFile(file, configuration([['*.*'], aesgcm(['new', 2])]));
  const third = await serve(t, flags);
  const listed = (await third.client.request('GET', APPS)).json<{ items: { spec: object }[] }>();
  t.deepEqual(
    listed.items.map(({ spec }) => spec),
    [app.spec],
  );
  await third.server.signal('SIGTERM');
});

test('what can not be decrypted keeps lists of its type back, which say so, and no others', async (t) => {
  const below = new MemoryStorage();
  const write = async (providers: readonly object[], key: string): Promise<void> => {
    const rules = rulesOf(...providers);
    const storage = new EncryptedStorage({ storage: below, rules: () => rules });
    const [, group, resource, namespace, name] = key.split('/');
    const kind = resource === 'widgets' ? 'Widget' : 'Gadget';
    const metadata = { name, namespace };
    const object = { apiVersion: `${group}/v1`, kind, metadata };
    await storage.write({ key, expected: 0n, value: Buffer.from(JSON.stringify(object)) });
  };
  await write([aesgcm(['lost', 1])], '/example.com/widgets/shop/a');
  await write([aesgcm(['key', 2])], '/example.com/gadgets/shop/a');
  const rules = rulesOf(aesgcm(['key', 2]));
  const server = createServer({
    resources: ['Widget', 'Gadget'].map((kind) =>
      defineResource({ group: 'example.com', version: 'v1', kind }),
    ),
    storage: new EncryptedStorage({ storage: below, rules: () => rules }),
  });
  t.teardown(() => server.close());
  await server.cache('gadgets.example.com')!.ready();
  const list = (resource: string): Promise<InjectedResponse> =>
    server.inject({ path: `/apis/example.com/v1/${resource}` });
  t.is((await list('gadgets')).status, 200);
  let refused = await list('widgets');
  while (!refused.text().includes('lost')) refused = await list('widgets');
  t.is(refused.status, 500);
  t.regex(
    refused.text(),
    /values that can't be read: .*\/example\.com\/widgets\/shop\/a.*key .*lost.* is not given/,
  );
});

test('a configuration that can not be used ends with one sentence', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-encryption-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'encryption.yaml');
  await writeFile(file, configuration([['*.*'], identity], [['a'], identity]));
  const reload = '--encryption-provider-config-automatic-reload';
  for (const [args, says] of [
    [
      ['--encryption-provider-config', file],
      /config .*encryption\.yaml: .* a is masked by \*\.\*$/,
    ],
    [['--encryption-provider-config', file, reload], /a is masked by \*\.\*$/],
    [['--encryption-provider-config', join(folder, 'none')], /config .*none: ENOENT/],
    [[reload], /-automatic-reload needs --encryption-provider-config FILE$/],
  ] as const) {
    const data = ['--data-dir', folder, '--secure-port', '0', '--crd', CRDS];
    const command = [COMMAND, 'serve', ...data, ...args];
    const { code, stdout, stderr } = await run(process.execPath, command);
    t.deepEqual([code, stdout], [1, ''], args.join(' '));
    t.regex(stderr.trim(), says);
    t.regex(stderr, /^error: [^\n]*\n$/);
  }
});

/** How the object begins in the store of a server that has ended. */
async function headIn(data: string): Promise<string> {
  const storage = await LmdbStorage.open({ path: join(data, 'store') });
  try {
    const stored = await storage.get('/platform.example.com/apps/shop/a');
    return Buffer.from(stored!.value.subarray(0, 22)).toString();
  } finally {
    await storage.close();
  }
}

async function serve(
  t: ExecutionContext,
  args: readonly string[],
): Promise<{ readonly server: ServerProcess; readonly client: ApiClient }> {
  const server = await startServer(['--crd', CRDS, ...args]);
  const client = await apiClient(server.kubeconfig);
  t.teardown(async () => {
    client.close();
    await server.stop();
  });
  return { server, client };
}
