import { X509Certificate } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import { KubeConfig } from '@kubernetes/client-node';
import test from 'ava';
import type { ExecutionContext } from 'ava';

import {
  AuthError,
  authenticatorChain,
  clientCertificateAuthenticator,
  generateCertificates,
  kubeconfigText,
  writeKubeconfig,
} from '../../lib/auth/index.js';
import type { GenerateOptions } from '../../lib/auth/index.js';
import { textAnswer } from '../../lib/request/index.js';
import { bench, testCertificates } from '../transport/fixture.js';

const NOW = Date.UTC(2030, 0, 15);
const DAY_MS = 86_400_000;

function folder(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function options(directory: string, more: Partial<GenerateOptions> = {}): GenerateOptions {
  return { directory, clock: { now: () => NOW }, ...more };
}

test('everything is made once and kept, in files that only their owner may read', async (t) => {
  const directory = join(folder(t), 'new', 'pki');
  const first = await generateCertificates(options(directory));
  t.deepEqual(first.made, ['authority', 'serving', 'client']);
  const second = await generateCertificates(options(directory));
  t.deepEqual(second, { ...first, made: [] });
  const files = readdirSync(directory);
  t.deepEqual(files.toSorted(), [
    'ca.crt',
    'ca.key',
    'client.crt',
    'client.key',
    'serving.crt',
    'serving.key',
  ]);
  for (const file of files) t.is(statSync(join(directory, file)).mode & 0o777, 0o600, file);
  t.is(readFileSync(first.client.keyFile, 'utf8'), first.client.key);
});

test('certificates say what they are for', async (t) => {
  const { authority, serving, client } = await generateCertificates(
    options(folder(t), { hosts: ['api.example.com', '10.0.0.1', '0.0.0.0', '::'] }),
  );
  const ca = new X509Certificate(authority.cert);
  const server = new X509Certificate(serving.cert);
  const user = new X509Certificate(client.cert);
  t.true(ca.ca);
  t.false(server.ca || user.ca);
  t.true(server.checkIssued(ca) && user.checkIssued(ca));
  t.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  t.deepEqual(user.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  t.is(user.subject, 'O=system:masters\nCN=shardwatch-admin');
  for (const host of ['localhost', 'api.example.com', hostname()]) t.truthy(server.checkHost(host));
  for (const address of ['127.0.0.1', '::1', '10.0.0.1']) t.truthy(server.checkIP(address));
  t.false(server.subjectAltName?.includes('0.0.0.0'));
  t.is(Date.parse(user.validFrom), NOW - 300_000);
  t.is(Date.parse(user.validTo), NOW + 365 * DAY_MS);
});

interface Remake {
  readonly name: string;
  readonly change?: (directory: string) => void;
  readonly more?: Partial<GenerateOptions>;
  readonly made: readonly string[];
}

const ALL = ['authority', 'serving', 'client'];
const later = (days: number): Partial<GenerateOptions> => ({
  clock: { now: () => NOW + days * DAY_MS },
});

const REMAKES: readonly Remake[] = [
  { name: 'a month and more before the end', more: later(334), made: [] },
  { name: 'less than a month before the end', more: later(336), made: ['serving', 'client'] },
  { name: 'after the end', more: later(400), made: ['serving', 'client'] },
  { name: 'near the end of the authority', more: later(3640), made: ALL },
  { name: 'before the authority was made', more: later(-1), made: ALL },
  { name: 'with another host', more: { hosts: ['other.example.com'] }, made: ['serving'] },
  { name: 'with another address', more: { hosts: ['10.1.2.3'] }, made: ['serving'] },
  { name: 'with a host that is there', more: { hosts: ['LOCALHOST', '127.0.0.1'] }, made: [] },
  { name: 'for another user', more: { user: 'anna' }, made: ['client'] },
  { name: 'for other groups', more: { groups: ['dev', 'ops'] }, made: ['client'] },
  {
    name: 'without the serving key',
    change: (directory) => unlinkSync(join(directory, 'serving.key')),
    made: ['serving'],
  },
  {
    name: 'with half a certificate',
    change: (directory) => truncateSync(join(directory, 'client.crt'), 100),
    made: ['client'],
  },
  {
    name: 'with a key of another certificate',
    change: (directory) =>
      writeFileSync(join(directory, 'client.key'), readFileSync(join(directory, 'serving.key'))),
    made: ['client'],
  },
  {
    name: 'without the authority',
    change: (directory) => unlinkSync(join(directory, 'ca.crt')),
    made: ALL,
  },
  {
    name: 'with garbage for the authority',
    change: (directory) => writeFileSync(join(directory, 'ca.key'), 'garbage'),
    made: ALL,
  },
];

for (const { name, change, more, made } of REMAKES) {
  const what = made.length === 0 ? 'nothing is' : `${made.join(', ')} are`;
  test(`${name}, ${what} made anew`, async (t) => {
    const directory = folder(t);
    const before = await generateCertificates(options(directory));
    change?.(directory);
    const after = await generateCertificates(options(directory, more));
    t.deepEqual(after.made, made as typeof after.made);
    for (const pair of ['authority', 'serving', 'client'] as const) {
      t.is(after[pair].cert === before[pair].cert, !made.includes(pair), pair);
    }
    t.deepEqual((await generateCertificates(options(directory, more))).made, []);
  });
}

for (const host of ['two words', 'a..b', '-', 'ünicode', 'x'.repeat(64), 'a/b']) {
  test(`a certificate for the host ${host} is refused`, async (t) => {
    const error = await t.throwsAsync(generateCertificates(options(folder(t), { hosts: [host] })), {
      instanceOf: AuthError,
    });
    t.is(error?.code, 'bad-host');
  });
}

test('a folder that is none is told by its name', async (t) => {
  const file = join(folder(t), 'file');
  writeFileSync(file, '');
  const error = await t.throwsAsync(generateCertificates(options(join(file, 'pki'))), {
    instanceOf: AuthError,
  });
  t.is(error?.code, 'bad-folder');
  t.true(error?.message.includes(file));
});

test('a written kubeconfig is what clients read, and only its owner', (t) => {
  const file = join(folder(t), 'config');
  writeFileSync(file, 'old');
  writeKubeconfig(file, {
    server: 'https://127.0.0.1:6443',
    ca: 'the ca',
    cert: 'the cert',
    key: 'the key',
    name: 'demo',
  });
  t.is(statSync(file).mode & 0o777, 0o600);
  const config = new KubeConfig();
  config.loadFromFile(file);
  t.is(config.getCurrentContext(), 'demo');
  t.like(config.getCurrentCluster(), {
    name: 'demo',
    server: 'https://127.0.0.1:6443',
    caData: Buffer.from('the ca').toString('base64'),
  });
  t.like(config.getCurrentUser(), {
    certData: Buffer.from('the cert').toString('base64'),
    keyData: Buffer.from('the key').toString('base64'),
  });
  t.deepEqual(readdirSync(join(file, '..')), ['config']);
});

test('a kubeconfig for plain HTTP has no credentials', (t) => {
  const text = kubeconfigText({ server: 'http://127.0.0.1:8080' });
  t.false(text.includes('-data'));
  t.true(text.includes('current-context: shardwatch'));
});

test('a kubeconfig that can not be written is told by its name', (t) => {
  const error = t.throws(() => writeKubeconfig('/nowhere/config', { server: 'http://a' }), {
    instanceOf: AuthError,
  });
  t.regex(error?.message ?? '', /\/nowhere\/config/);
});

for (const protocol of ['HTTP/1.1 over TLS', 'HTTP/2'] as const) {
  test(`${protocol}: the generated client certificate is accepted`, async (t) => {
    const { authority } = await testCertificates();
    const authenticator = authenticatorChain([
      await clientCertificateAuthenticator({
        authorities: authority.cert,
        clock: { now: () => Date.now() },
      }),
    ]);
    const { client } = await bench(t, protocol, async (request) => {
      const { username, groups } = await authenticator.authenticate(request);
      return textAnswer(200, `${username} ${groups.join(',')}`);
    });
    const response = await client.send('GET', '/');
    t.is(await response.text(), 'shardwatch-admin system:masters,system:authenticated');
  });
}
