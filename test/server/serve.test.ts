/** `shardwatch serve` as a process: refusals at the start, who gets in, and how it ends. */

import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { engineReport } from '../../lib/engine/index.js';
import { apiClient, type ApiClient } from '../witness/api-client.js';
import { run, type CommandResult } from '../witness/command.js';
import { exampleFile, startServer } from '../witness/server-process.js';

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));
const APPS = '/apis/platform.example.com/v1/namespaces/shop/apps';

const app = (name: string): object => ({
  apiVersion: 'platform.example.com/v1',
  kind: 'App',
  metadata: { name },
  spec: { image: 'registry.example.com/app:1' },
});

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-serve-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const serve = (...args: readonly string[]): Promise<CommandResult> =>
  run(process.execPath, [COMMAND, 'serve', ...args]);

interface Refusal {
  readonly title: string;
  /** Arguments besides the data folder's and the port's; `files` are written before. */
  readonly args: (folder: string) => readonly string[];
  readonly files?: { readonly [name: string]: string };
  readonly env?: { readonly [name: string]: string };
  readonly says: RegExp;
}

const CRDS = exampleFile('crds');
const isNative = engineReport().kind === 'native';

const REFUSALS: readonly Refusal[] = [
  { title: 'no types', args: () => [], says: /nothing to serve: .*--crd/ },
  {
    title: 'a missing file',
    args: (folder) => ['--crd', join(folder, 'none.yaml')],
    says: /none\.yaml/,
  },
  {
    title: 'a definition without a schema',
    args: (folder) => ['--crd', join(folder, 'bad.yaml')],
    files: {
      'bad.yaml':
        'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n' +
        'metadata: {name: widgets.example.com}\n' +
        'spec: {group: example.com, scope: Namespaced, names: {plural: widgets, kind: Widget}, ' +
        'versions: [{name: v1, served: true, storage: true}]}\n',
    },
    says: /bad\.yaml.*spec\.versions\[0\]\.schema/s,
  },
  {
    title: 'YAML that is none',
    args: (folder) => ['--crd', join(folder, 'bad.yaml')],
    files: { 'bad.yaml': 'kind: [' },
    says: /bad\.yaml/,
  },
  {
    title: 'an object of no type',
    args: (folder) => ['--crd', CRDS, '--load', join(folder, 'objects.yaml')],
    files: { 'objects.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n' },
    says: /objects\.yaml: document 1: no resource type serves v1 Pod/,
  },
  {
    title: 'an invalid object',
    args: (folder) => ['--crd', CRDS, '--load', join(folder, 'objects.yaml')],
    files: {
      'objects.yaml':
        'apiVersion: platform.example.com/v1\nkind: Team\nmetadata: {name: Not_Valid}\n',
    },
    says: /objects\.yaml: document 1: .*metadata\.name: Invalid value/,
  },
  {
    title: 'a token file with too few columns',
    args: (folder) => ['--crd', CRDS, '--token-auth-file', join(folder, 'tokens.csv')],
    files: { 'tokens.csv': 'secret,ana\n' },
    says: /tokens\.csv.*line 1/s,
  },
  {
    title: 'a key without its certificate',
    args: () => ['--crd', CRDS, '--tls-private-key-file', 'key.pem'],
    says: /--tls-cert-file and --tls-private-key-file belong together/,
  },
  {
    title: 'authorities that are none',
    args: (folder) => ['--crd', CRDS, '--client-ca-file', join(folder, 'ca.pem')],
    files: { 'ca.pem': 'nothing' },
    says: /ca\.pem/,
  },
  {
    title: 'an engine that is not there',
    args: () => ['--crd', CRDS, '--engine', 'native'],
    env: { SHARDWATCH_ADDON: 'none.node' },
    says: /the native engine is not available: .*none\.node: there is no such file/,
  },
  {
    title: 'threads on the JavaScript engine',
    args: () => ['--crd', CRDS, '--engine', 'javascript', '--threads', '2'],
    says: /2 serving threads need the native engine/,
  },
  {
    title: 'a number of threads that is none',
    args: () => ['--crd', CRDS, '--threads', '0'],
    says: /1 to 64/,
  },
  { title: 'a port that is none', args: () => ['--insecure-port', '70000'], says: /65535/ },
  {
    title: 'an interval that is none',
    args: () => ['--consistency-check-interval', '-1s'],
    says: /duration such as 90s or 5m, or 0s/,
  },
  { title: 'a duration that is none', args: () => ['--event-window', 'soon'], says: /duration/ },
];

for (const { title, args, files = {}, env = {}, says } of REFUSALS) {
  test(`${title}: one sentence, exit code 1`, async (t) => {
    await inFolder(async (folder) => {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      const data = ['--data-dir', join(folder, 'data'), '--secure-port', '0', '--store', 'memory'];
      const command = [COMMAND, 'serve', ...data, ...args(folder)];
      const { code, stdout, stderr } = await run(process.execPath, command, { env });
      t.is(code, 1);
      t.is(stdout, '');
      t.regex(stderr, says);
      t.regex(stderr, /^error: /);
      t.notRegex(stderr, /\n\s+at /);
    });
  });
}

// Other systems have no /proc.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a data folder where the system makes none is refused, at once', async (t) => {
  for (const store of ['lmdb', 'memory']) {
    const args = ['--data-dir', '/proc/shardwatch/data', '--store', store, '--crd', CRDS];
    const { code, stderr } = await serve('--secure-port', '0', ...args);
    t.is(code, 1);
    t.regex(stderr, /^error: --data-dir: .*'\/proc\/shardwatch'\n$/);
  }
});

test('a port in use is named', async (t) => {
  await inFolder(async (folder) => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    const { code, stderr } = await serve(
      ...['--bind-address', '127.0.0.1', '--secure-port', String(port)],
      ...['--data-dir', join(folder, 'data'), '--store', 'memory', '--crd', CRDS],
    );
    holder.close();
    t.is(code, 1);
    t.regex(stderr, new RegExp(`^error: .*${port}`));
  });
});

test('--help explains every flag', async (t) => {
  const { code, stdout } = await serve('--help');
  t.is(code, 0);
  const flags = [
    ...['bind-address', 'secure-port', 'insecure-port', 'store', 'data-dir', 'crd', 'load'],
    ...['write-kubeconfig', 'token-auth-file', 'tls-cert-file', 'tls-private-key-file'],
    ...['client-ca-file', 'engine', 'event-window', 'request-timeout', 'min-request-timeout'],
    ...['freshness-fallback', 'consistency-check-interval'],
    ...['shutdown-grace-period', 'shutdown-delay-duration'],
    ...['etcd-servers', 'etcd-prefix', 'etcd-cafile', 'etcd-certfile', 'etcd-keyfile'],
    ...['etcd-user', 'etcd-password-file', 'etcd-grpc-proxy-connections'],
    ...['etcd-compaction-interval', 'shutdown-watch-termination-grace-period', 'v'],
  ];
  for (const flag of flags) t.regex(stdout, new RegExp(`^\\s+--${flag} <\\w+>\\s+\\S`, 'm'), flag);
});

// A signal that a process sends itself while it writes comes as early as any can.
const SIGNAL_WITH_THE_LINE = `data:text/javascript,
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text) => {
    const written = write(text);
    if (/ is ready /.test(text)) process.kill(process.pid, 'SIGTERM');
    return written;
  };
`;

test('a signal that comes with the ready line stops the server gracefully', async (t) => {
  await inFolder(async (folder) => {
    const place = ['--data-dir', folder, '--bind-address', '127.0.0.1', '--secure-port', '0'];
    const args = ['serve', ...place, '--store', 'memory', '--crd', CRDS];
    const preload = SIGNAL_WITH_THE_LINE.replaceAll('\n', '');
    const ended = await run(process.execPath, ['--import', preload, COMMAND, ...args]);
    t.is(ended.code, 0, ended.stderr);
    t.regex(ended.stdout, / is ready /);
  });
});

test('one line says when the server is ready, and where', async (t) => {
  const server = await startServer(['--store', 'memory', '--crd', CRDS]);
  t.regex(server.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  t.is(await server.signal('SIGTERM'), 0);
  t.is(server.errors(), '');
  await server.stop();
});

test('a stopped server serves on for its delay, but is not ready; a second signal ends it', async (t) => {
  const server = await startServer(
    ['--store', 'memory', '--crd', CRDS].concat('--shutdown-delay-duration', '10m'),
  );
  const client = await apiClient(server.kubeconfig);
  t.is((await client.request('GET', '/readyz')).status, 200);
  const ended = server.signal('SIGTERM');
  let readiness = 200;
  while (readiness === 200) ({ status: readiness } = await client.request('GET', '/readyz'));
  t.is(readiness, 500);
  t.is((await client.request('GET', '/livez')).status, 200);
  t.is((await client.request('POST', APPS, app('late'))).status, 201);
  client.close();
  void server.signal('SIGTERM');
  t.is(await ended, 1);
  await server.stop();
});

test('a second server on the same folder is refused and told who holds it', async (t) => {
  const server = await startServer(['--crd', CRDS]);
  const { code, stderr } = await serve(
    ...['--data-dir', join(server.folder, 'data'), '--secure-port', '0', '--crd', CRDS],
  );
  t.is(code, 1);
  t.regex(stderr, new RegExp(`^error: .*${server.pid}`));
  await server.stop();
});

test('what was written is there after a restart, and revisions go on', async (t) => {
  await inFolder(async (folder) => {
    const args = ['--crd', CRDS, '--data-dir', join(folder, 'data')];
    const first = await startServer(args);
    const before = await apiClient(first.kubeconfig);
    const created = await before.request('POST', APPS, app('kept'));
    t.is(created.status, 201);
    before.close();
    t.is(await first.signal('SIGINT'), 0);
    await first.stop();
    const second = await startServer(args);
    const after = await apiClient(second.kubeconfig);
    t.is((await after.request('GET', `${APPS}/kept`)).text, created.text);
    const next = await after.request('POST', APPS, app('next'));
    t.is(revisionOf(next.text), revisionOf(created.text) + 1);
    after.close();
    await second.stop();
  });
});

const revisionOf = (text: string): number =>
  Number((JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata.resourceVersion);

const ENDS = [
  { signal: 'SIGTERM', threads: 1 },
  { signal: 'SIGKILL', threads: 1 },
  // Only the native engine's caches are shared by threads.
  ...(isNative ? [{ signal: 'SIGTERM', threads: 2 } as const] : []),
] as const;

for (const { signal, threads } of ENDS) {
  const title = `${signal} under load: every acknowledged write is there afterwards, ${threads} threads`;
  test(title, async (t) => {
    await inFolder(async (folder) => {
      const count = ['--threads', String(threads)];
      const args = ['--crd', CRDS, '--data-dir', join(folder, 'data'), ...count];
      const first = await startServer(args);
      const client = await apiClient(first.kubeconfig);
      const acknowledged: string[] = [];
      const writing = Promise.all(
        Array.from({ length: 16 }, (_, lane) => writeUntilRefused(client, lane, acknowledged)),
      );
      while (acknowledged.length < 200) await new Promise((resolve) => setImmediate(resolve));
      const ended = await first.signal(signal);
      t.is(ended, signal === 'SIGTERM' ? 0 : 'SIGKILL');
      const failures = await writing;
      if (signal === 'SIGTERM') t.deepEqual(failures.flat(), [], 'no write was cut off');
      const second = await startServer(args);
      const reader = await apiClient(second.kubeconfig);
      const list = (await reader.request('GET', APPS)).json<{
        items: { metadata: { name: string } }[];
      }>();
      const names = new Set(list.items.map(({ metadata }) => metadata.name));
      t.deepEqual(
        acknowledged.filter((name) => !names.has(name)),
        [],
      );
      reader.close();
      await second.stop();
      await first.stop();
    });
  });
}

// Resolves, once the server takes no more, to the requests it took and did not answer.
async function writeUntilRefused(
  client: ApiClient,
  lane: number,
  acknowledged: string[],
): Promise<string[]> {
  for (let number = 0; ; number++) {
    const name = `app-${lane}-${number}`;
    try {
      const answer = await client.request('POST', APPS, app(name));
      if (answer.status !== 201) return [];
      acknowledged.push(name);
    } catch (error) {
      return isRefusal(error) ? [] : [`${name}: ${String(error)}`];
    }
  }
}

// The connection was closed, or going away, before the request was sent.
const isRefusal = (error: unknown): boolean =>
  ['ERR_HTTP2_INVALID_SESSION', 'ERR_HTTP2_GOAWAY_SESSION', 'ECONNREFUSED'].includes(
    (error as { code?: string }).code ?? '',
  ) || String(error).includes('NGHTTP2_REFUSED_STREAM');

test('SIGTERM ends a watch cleanly', async (t) => {
  const server = await startServer(['--store', 'memory', '--crd', CRDS]);
  const client = await apiClient(server.kubeconfig);
  const watching = client.request('GET', `${APPS}?watch=1`);
  t.is((await client.request('POST', APPS, app('seen'))).status, 201);
  t.is(await server.signal('SIGTERM'), 0);
  const watched = await watching;
  t.is(watched.status, 200);
  const lines = watched.text.trim().split('\n');
  t.like(JSON.parse(lines[0] ?? ''), { type: 'ADDED', object: { metadata: { name: 'seen' } } });
  t.is(lines.length, 1);
  client.close();
  await server.stop();
});

test('a first signal waits for a request in flight, a second one does not', async (t) => {
  const server = await startServer(['--store', 'memory', '--crd', CRDS]);
  const pki = (name: string): Promise<Buffer> => readFile(join(server.folder, 'data/pki', name));
  const [ca, cert, key] = await Promise.all([pki('ca.crt'), pki('client.crt'), pki('client.key')]);
  const headers = { expect: '100-continue', 'content-length': 100 };
  const request = https.request(server.url + APPS, { method: 'POST', ca, cert, key, headers });
  request.on('error', () => {
    // The connection ends with the server.
  });
  // The server wants the body, which never comes.
  const wanted = once(request, 'continue');
  request.flushHeaders();
  await wanted;
  const ended = server.signal('SIGTERM');
  const first = await Promise.race([ended, listenerGone(server.url)]);
  t.is(first, 'gone', 'it takes no more, but has not ended');
  t.is(await server.signal('SIGTERM'), 1);
  request.destroy();
  await server.stop();
});

// Resolves when nothing listens at the address any more.
async function listenerGone(url: string): Promise<'gone'> {
  const { hostname, port } = new URL(url);
  for (;;) {
    const socket = connect(Number(port), hostname);
    const refused = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(false)).once('error', () => resolve(true));
    });
    socket.destroy();
    if (refused) return 'gone';
  }
}
