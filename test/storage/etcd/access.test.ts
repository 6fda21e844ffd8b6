/** Who may reach etcd, and how: addresses, TLS, mutual TLS, users and their tokens. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import {
  EtcdClient,
  EtcdError,
  keyBytes,
  prefixRange,
  type EtcdClientOptions,
} from '../../../lib/storage/etcd/index.js';
import { keyOf, type Issued } from '../../auth/authority.js';
import { issueNow } from '../../client/server.js';
import { ETCDS, NEWEST, startCluster } from './member.js';

const WRONG_ENDPOINTS: readonly (readonly [about: string, endpoints: string[], message: RegExp])[] =
  [
    ['none', [], /no endpoint: name at least one/],
    ['another scheme', ['ftp://host:2379'], /"ftp:\/\/host:2379" has the scheme "ftp"/],
    ['no scheme', ['127.0.0.1:2379'], /"127\.0\.0\.1:2379" is no address|has the scheme/],
    ['no host', ['http://'], /is no address such as/],
    ['a path', ['http://host:2379/v3'], /more than scheme, host and port/],
    ['a user', ['http://user@host:2379'], /user and a password are options/],
    ['one twice', ['http://host:2379', 'http://host:2379/'], /http:\/\/host:2379 is there twice/],
  ];

for (const [about, endpoints, message] of WRONG_ENDPOINTS) {
  test(`endpoints that can't be used are refused: ${about}`, (t) => {
    const error = t.throws(() => new EtcdClient({ endpoints }), { instanceOf: EtcdError });
    t.is(error?.code, 'invalid-argument');
    t.regex(error?.message ?? '', message);
  });
}

test('an address without a port has that of etcd', (t) => {
  const endpoints = ['http://host', 'https://[::1]', 'http://other:80', 'https://host:443'];
  const client = new EtcdClient({ endpoints });
  t.deepEqual(client.endpoints, [
    'http://host:2379',
    'https://[::1]:2379',
    'http://other:80',
    'https://host:443',
  ]);
});

test('options that make no sense are refused', (t) => {
  const endpoints = ['http://host:2379'];
  for (const wrong of [
    { connections: 0 },
    { connections: 1.5 },
    { timeoutMs: 0 },
    { attempts: 0 },
    { retryDelayMs: -1 },
    { streamConnections: NaN },
  ]) {
    t.throws(() => new EtcdClient({ endpoints, ...wrong }), { instanceOf: RangeError });
  }
  const plain = t.throws(() => new EtcdClient({ endpoints, tls: { ca: 'x' } }));
  t.regex(
    plain?.message ?? '',
    /at http:\/\/host:2379: TLS material is given for an http endpoint/,
  );
  const secure = ['https://host:2379'];
  const half = t.throws(() => new EtcdClient({ endpoints: secure, tls: { cert: 'x' } }));
  t.regex(half?.message ?? '', /needs both cert and key/);
  const broken = t.throws(
    () => new EtcdClient({ endpoints: secure, tls: { cert: 'x', key: 'y' } }),
  );
  t.regex(broken?.message ?? '', /TLS material can't be used/);
});

test('TLS: the right authority gets in, another one or none is told why not', async (t) => {
  const pki = await makePki(t);
  const { endpoints } = await startCluster(t, { scheme: 'https', flags: pki.serverFlags });
  const good = open(t, { endpoints, tls: { ca: pki.ca.pem } });
  t.truthy((await good.kv.range({ key: keyBytes('/a') })).header);
  const stranger = await issueNow({ subject: 'CN=stranger', authority: true });
  for (const tls of [{ ca: stranger.pem }, {}]) {
    const error = await failure(t, open(t, { endpoints, tls, attempts: 1 }));
    t.deepEqual([error.code, error.mayBeApplied], ['unavailable', false]);
    t.regex(error.message, /at https:\/\/127\.0\.0\.1:\d+: .*(certificate|issuer)/);
  }
  const plain = endpoints.map((url) => url.replace('https:', 'http:'));
  const error = await failure(t, open(t, { endpoints: plain, attempts: 1 }));
  t.is(error.code, 'unavailable');
});

test('TLS: a certificate for another name is refused, unless the name is told', async (t) => {
  const pki = await makePki(t, ['etcd.example']);
  const { endpoints } = await startCluster(t, { scheme: 'https', flags: pki.serverFlags });
  const tls = { ca: pki.ca.pem };
  const error = await failure(t, open(t, { endpoints, tls, attempts: 1 }));
  t.regex(error.message, /altnames/);
  const named = open(t, { endpoints, tls: { ...tls, serverName: 'etcd.example' } });
  t.truthy((await named.kv.range({ key: keyBytes('/a') })).header);
});

test('TLS: of a certificate that is not valid now the clock is told with it', async (t) => {
  for (const [validity, says] of [
    [{ notBeforeDays: 1 }, /certificate is not yet valid \(the clock of this machine is at 20/],
    [{ notAfterDays: -1 }, /certificate has expired \(the clock of this machine is at 20/],
  ] as const) {
    const pki = await makePki(t, ['127.0.0.1'], validity);
    const { endpoints } = await startCluster(t, { scheme: 'https', flags: pki.serverFlags });
    const error = await failure(t, open(t, { endpoints, tls: { ca: pki.ca.pem }, attempts: 1 }));
    t.is(error.code, 'unavailable');
    t.regex(error.message, says);
    t.true(error.message.includes(`at ${endpoints[0]!}: `));
  }
});

test('mutual TLS: a client certificate of the right authority is asked for', async (t) => {
  const pki = await makePki(t);
  const flags = [...pki.serverFlags, '--client-cert-auth', '--trusted-ca-file', pki.caFile];
  const { endpoints } = await startCluster(t, { scheme: 'https', flags });
  const cert = await issueNow({ subject: 'CN=client', issuer: pki.ca });
  const ca = pki.ca.pem;
  const tls = { ca, cert: cert.pem, key: await keyOf(cert) };
  t.truthy((await open(t, { endpoints, tls }).kv.put({ key: keyBytes('/a') })).header);
  const stranger = await issueNow({ subject: 'CN=stranger', authority: true });
  const forged = await issueNow({ subject: 'CN=client', issuer: stranger });
  for (const wrong of [{ ca }, { ca, cert: forged.pem, key: await keyOf(forged) }]) {
    const error = await failure(t, open(t, { endpoints, tls: wrong, attempts: 1 }));
    t.is(error.code, 'unavailable', error.message);
  }
});

for (const etcd of ETCDS) {
  test(`etcd ${etcd.version}: a user may do what the role allows, with the right password`, async (t) => {
    const { endpoints } = await startCluster(t, { etcd });
    await enableAuth(t, endpoints);
    const auth = { user: 'reader', password: 'secret' };
    const client = open(t, { endpoints, auth });
    await client.kv.put({ key: keyBytes('/r/a'), value: keyBytes('1') });
    t.is((await client.kv.range(prefixRange('/r/'))).count, 1n);
    const denied = await failure(t, client);
    t.deepEqual([denied.code, denied.key], ['permission-denied', '/a']);
    const ended = new Promise<EtcdError>((onEnd) =>
      client.watch(prefixRange('/other/'), { onEvents: () => t.fail(), onEnd }),
    );
    t.is((await ended).code, 'permission-denied');
    const wrong = await failure(t, open(t, { endpoints, auth: { ...auth, password: 'x' } }));
    t.deepEqual([wrong.code, wrong.method], ['unauthenticated', 'Authenticate']);
    const nobody = await failure(t, open(t, { endpoints }));
    t.is(nobody.code, 'unauthenticated');
  });

  test(`etcd ${etcd.version}: a token that etcd has forgotten is renewed, for calls and watches`, async (t) => {
    const { endpoints, members } = await startCluster(t, { etcd });
    await enableAuth(t, endpoints);
    const auth = { user: 'reader', password: 'secret' };
    const client = open(t, { endpoints, auth, attempts: 20, retryDelayMs: 50 });
    await client.kv.put({ key: keyBytes('/r/a'), value: keyBytes('1') });
    let isOpen = (): void => undefined;
    let delivered = (): void => undefined;
    const opened = new Promise<void>((resolve) => (isOpen = resolve));
    const event = new Promise<void>((resolve) => (delivered = resolve));
    client.watch(prefixRange('/r/'), {
      onOpen: isOpen,
      onEvents: delivered,
      onEnd: () => undefined,
    });
    await opened;
    await members[0]?.stop();
    await members[0]?.start();
    t.is((await client.kv.range({ key: keyBytes('/r/a') })).count, 1n);
    await client.kv.put({ key: keyBytes('/r/b'), value: keyBytes('2') });
    await event;
    t.pass();
  });
}

test('a password is not needed where etcd has no users, and given does no harm', async (t) => {
  const { endpoints } = await startCluster(t, { etcd: NEWEST });
  const client = open(t, { endpoints, auth: { user: 'anybody', password: 'x' } });
  t.truthy((await client.kv.put({ key: keyBytes('/a') })).header);
});

function open(t: ExecutionContext, options: EtcdClientOptions): EtcdClient {
  const client = new EtcdClient(options);
  t.teardown(() => client.close());
  return client;
}

async function failure(t: ExecutionContext, client: EtcdClient): Promise<EtcdError> {
  const put = client.kv.put({ key: keyBytes('/a'), value: keyBytes('1') });
  return (await t.throwsAsync(put, { instanceOf: EtcdError })) as EtcdError;
}

async function enableAuth(t: ExecutionContext, endpoints: readonly string[]): Promise<void> {
  const root = open(t, { endpoints });
  await root.auth.addRole('root');
  await root.auth.addUser('root', 'root');
  await root.auth.grantRole('root', 'root');
  await root.auth.addRole('readers');
  await root.auth.grantRange('readers', prefixRange('/r/'));
  await root.auth.addUser('reader', 'secret');
  await root.auth.grantRole('reader', 'readers');
  await root.auth.enable();
}

interface Pki {
  readonly ca: Issued;
  readonly caFile: string;
  readonly serverFlags: readonly string[];
}

async function makePki(
  t: ExecutionContext,
  hosts = ['127.0.0.1'],
  validity: { readonly notBeforeDays?: number; readonly notAfterDays?: number } = {},
): Promise<Pki> {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-etcd-pki-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const ca = await issueNow({ subject: 'CN=etcd-ca', authority: true });
  const server = await issueNow({ subject: 'CN=etcd', issuer: ca, hosts, ...validity });
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const caFile = await file('ca.crt', ca.pem);
  const serverFlags = [
    ...['--cert-file', await file('server.crt', server.pem)],
    ...['--key-file', await file('server.key', await keyOf(server))],
  ];
  return { ca, caFile, serverFlags };
}
