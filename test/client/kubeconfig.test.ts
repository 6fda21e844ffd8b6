/** Kubeconfigs as people have them, and what is wrong with the others; the pod's connection. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { stringify } from 'yaml';

import { kubeconfigText } from '../../lib/auth/index.js';
import { ClientError, inClusterConfig, readKubeconfig } from '../../lib/client/index.js';

const config = (cluster: object, user: object = {}, more: object = {}): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'main', context: { cluster: 'c', user: 'u' } },
      { name: 'nobody', context: { cluster: 'c' } },
    ],
    'current-context': 'main',
    ...more,
  });

test('data wins over a file, and a token file over a token; files are beside the kubeconfig', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-kubeconfig-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'config');
  const text = config(
    {
      'certificate-authority': 'pki/ca.crt',
      'tls-server-name': 'kubernetes',
    },
    {
      'client-certificate': '/etc/client.crt',
      'client-key': 'client.key',
      'client-key-data': Buffer.from('KEY').toString('base64'),
      token: 'old',
      tokenFile: 'token',
      as: 'ana',
      'as-groups': ['dev'],
      'as-user-extra': { scopes: ['a', 'b'] },
    },
  );
  await writeFile(file, text);
  t.deepEqual(readKubeconfig({ file }), {
    server: 'https://127.0.0.1:6443',
    certificateAuthority: { file: join(folder, 'pki/ca.crt') },
    tlsServerName: 'kubernetes',
    insecureSkipTlsVerify: false,
    clientCertificate: { file: '/etc/client.crt' },
    clientKey: { data: 'KEY' },
    token: { file: join(folder, 'token') },
    impersonate: { username: 'ana', groups: ['dev'], extra: { scopes: ['a', 'b'] } },
  });
});

test('a context may be chosen, and have no user', (t) => {
  t.deepEqual(readKubeconfig({ text: config({}, { token: 'x' }), context: 'nobody' }), {
    server: 'https://127.0.0.1:6443',
    insecureSkipTlsVerify: false,
  });
});

test('a user with a password, and a server that is not to be verified', (t) => {
  const text = config({ 'insecure-skip-tls-verify': true }, { username: 'ana', password: 'p' });
  t.like(readKubeconfig({ text }), {
    insecureSkipTlsVerify: true,
    basic: { username: 'ana', password: 'p' },
  });
});

test('the kubeconfigs that are written here are read', (t) => {
  const server = 'https://localhost:1';
  const text = kubeconfigText({ server, ca: 'CA', cert: 'CERT', key: 'KEY' });
  t.deepEqual(readKubeconfig({ text }), {
    server,
    certificateAuthority: { data: 'CA' },
    insecureSkipTlsVerify: false,
    clientCertificate: { data: 'CERT' },
    clientKey: { data: 'KEY' },
  });
});

const REFUSED: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['no YAML', 'a: [', /is no YAML/],
  ['a list', '[]', /holds no Config/],
  ['no current context', config({}, {}, { 'current-context': '' }), /has no current-context/],
  ['an unknown context', config({}, {}, { 'current-context': 'x' }), /has no context "x"/],
  ['an unknown cluster', config({}, {}, { clusters: [] }), /has no cluster "c"/],
  ['an unknown user', config({}, {}, { users: 'none' }), /has no user "u"/],
  ['a server that is no URL', config({ server: 'localhost' }), /cluster "c": server is no http/],
  ['a proxy', config({ 'proxy-url': 'http://p' }), /cluster "c": proxy-url is not supported/],
  ['a program to run', config({}, { exec: {} }), /user "u": exec is not supported/],
  ['a provider', config({}, { 'auth-provider': {} }), /user "u": auth-provider is not supported/],
  ['a number for a token', config({}, { token: 1 }), /user "u": token is no string/],
  ['groups that are no list', config({}, { as: 'a', 'as-groups': 'b' }), /as-groups is no list/],
  ['a certificate without key', config({}, { 'client-certificate': 'a' }), /and not both/],
  [
    'authorities that are not to be used',
    config({ 'insecure-skip-tls-verify': true, 'certificate-authority': 'a' }),
    /certificate-authority and insecure-skip-tls-verify/,
  ],
];

for (const [what, text, message] of REFUSED) {
  test(`a kubeconfig with ${what} is refused, and says why`, (t) => {
    const error = t.throws(() => readKubeconfig({ text }), { instanceOf: ClientError, message });
    t.is(error?.code, 'bad-kubeconfig');
  });
}

test('a kubeconfig that is not there is refused by its name', (t) => {
  const error = t.throws(() => readKubeconfig({ file: '/nowhere/config' }), {
    instanceOf: ClientError,
    message: /kubeconfig \/nowhere\/config: ENOENT/,
  });
  t.is(error?.code, 'bad-kubeconfig');
});

test('a pod finds its cluster in its environment and its service account', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'shardwatch-pod-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const refused = (options: object): string | undefined =>
    t.throws(() => inClusterConfig(options), { instanceOf: ClientError })?.message;
  t.regex(refused({ env: {}, directory }) ?? '', /this is no pod of a cluster/);
  t.regex(refused({ env, directory }) ?? '', /token is not there: the pod has no service account/);
  await writeFile(join(directory, 'token'), 't');
  await writeFile(join(directory, 'ca.crt'), 'CA');
  t.deepEqual(inClusterConfig({ env, directory }), {
    server: 'https://[fd00::1]:443',
    certificateAuthority: { file: join(directory, 'ca.crt') },
    token: { file: join(directory, 'token') },
  });
});
