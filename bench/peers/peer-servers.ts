/**
 * Whole API servers as processes of their own, started as a user starts them: `shardwatch serve`
 * over lmdb, and the real kube-apiserver over a real etcd. Both speak TLS, know one token, whose
 * user nothing limits, and keep the same types.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { EngineKind } from '../../lib/engine/index.js';
import { freePort } from '../../test/witness/free-port.js';
import { etcds } from '../../test/witness/tools/index.js';
import { processTicks } from '../load.js';
import { endWithProcess } from './end-with-process.js';
import { TOKEN } from './load-client.js';
import { PeerClient } from './peer-client.js';

export interface PeerServer {
  readonly port: number;
  /** CPU time of the server so far, in microseconds; without that of its store. */
  serverCpuUs(): number;
  /** That of its store as well, where that is another process. */
  wholeCpuUs(): number;
  close(): Promise<void>;
}

/** Where the program is, told by whoever has built it. */
const KUBE_APISERVER = process.env['SHARDWATCH_KUBE_APISERVER'];

/** Why there is no kube-apiserver; undefined where there is. */
export function kubeApiserverProblem(): string | undefined {
  if (KUBE_APISERVER === undefined) {
    return 'no kube-apiserver: `npm run bench -- peer/` builds it, with Go, in some minutes';
  }
  try {
    etcds();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const WIDGETS = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    ],
  },
};

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));

export async function startShardwatch(engine: EngineKind): Promise<PeerServer> {
  const folder = mkdtempSync(join(tmpdir(), 'shardwatch-peer-'));
  const definitions = join(folder, 'crds.json');
  writeFileSync(definitions, JSON.stringify(WIDGETS));
  const child = spawn(
    process.execPath,
    [
      COMMAND,
      'serve',
      ...['--bind-address', '127.0.0.1', '--secure-port', '0'],
      ...['--data-dir', join(folder, 'data')],
      ...['--write-kubeconfig', join(folder, 'kubeconfig')],
      ...['--token-auth-file', tokensIn(folder)],
      ...['--crd', definitions],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SHARDWATCH_ENGINE: engine } },
  );
  const end = ender([child], folder);
  return { port: await readyPort(child), ...cpuOf(child), close: end };
}

/** A server with the namespaces that objects are made in: it wants them to be there. */
export async function startKubeApiserver(namespaces: readonly string[]): Promise<PeerServer> {
  const folder = mkdtempSync(join(tmpdir(), 'shardwatch-peer-'));
  const [clientPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const etcd = startEtcd(folder, clientPort, peerPort);
  const key = join(folder, 'service-account.key');
  writeFileSync(key, serviceAccountKey());
  const child = spawn(
    KUBE_APISERVER as string,
    [
      `--etcd-servers=http://127.0.0.1:${clientPort}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${join(folder, 'certificates')}`,
      `--token-auth-file=${tokensIn(folder)}`,
      '--authorization-mode=AlwaysAllow',
      '--service-account-issuer=https://peer.example.com',
      `--service-account-key-file=${key}`,
      `--service-account-signing-key-file=${key}`,
      '--max-requests-inflight=4000',
      '--max-mutating-requests-inflight=2000',
      `--disable-admission-plugins=${UNWANTED_PLUGINS.join(',')}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said = saidBy(child);
  const close = ender([child, etcd], folder);
  const client = new PeerClient({ port, protocol: 'h1', connections: 4 });
  try {
    await until(child, said, async () => (await client.request('/readyz')).status === 200);
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await client.expect(201, definitions, { method: 'POST', body: JSON.stringify(WIDGETS) });
    for (const name of namespaces) {
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      await client.expect(201, '/api/v1/namespaces', { method: 'POST', body });
    }
    const widgets = '/apis/example.com/v1/widgets?limit=1';
    await until(child, said, async () => (await client.request(widgets)).status === 200);
  } catch (error) {
    await close();
    throw error;
  } finally {
    client.close();
  }
  return { port, ...cpuOf(child, etcd), close };
}

/** They ask for what no client of these objects has to do with, or for other servers. */
const UNWANTED_PLUGINS = [
  'ServiceAccount',
  'LimitRanger',
  'ResourceQuota',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionWebhook',
  'MutatingAdmissionPolicy',
  'ValidatingAdmissionPolicy',
  'DefaultStorageClass',
  'DefaultTolerationSeconds',
  'Priority',
  'StorageObjectInUseProtection',
  'RuntimeClass',
];

function startEtcd(folder: string, clientPort: number, peerPort: number): ChildProcess {
  const [client, peer] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  const newest = etcds().at(-1);
  if (newest === undefined) throw new Error('there is no etcd');
  return spawn(
    newest.path,
    [
      ...['--name', 'peer', '--data-dir', join(folder, 'etcd'), '--log-level', 'error'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `peer=${peer}`],
    ],
    { stdio: 'ignore' },
  );
}

function serviceAccountKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}

function tokensIn(folder: string): string {
  const file = join(folder, 'tokens.csv');
  writeFileSync(file, `${TOKEN},bench,bench,system:masters\n`, { mode: 0o600 });
  return file;
}

const READY_MAX_MS = 120_000;
const POLL_MS = 200;

async function until(
  child: ChildProcess,
  said: () => string,
  holds: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + READY_MAX_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server has ended: ${said().slice(-2_000)}`);
    if (await holds().catch(() => false)) return;
    if (performance.now() > deadline) throw new Error(`not ready: ${said().slice(-2_000)}`);
    await pause(POLL_MS);
  }
}

async function readyPort(child: ChildProcess): Promise<number> {
  const said = saidBy(child);
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const port = /https:\/\/[^\s:,]+:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stdout?.resume();
    return Number(port);
  }
  throw new Error(`the server has ended: ${said().slice(-2_000)}`);
}

function saidBy(child: ChildProcess): () => string {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_MAX);
  });
  return () => said;
}

const SAID_MAX = 20_000;

/** Linux counts in hundredths of a second. */
const TICK_US = 10_000;

function cpuOf(
  server: ChildProcess,
  store?: ChildProcess,
): Pick<PeerServer, 'serverCpuUs' | 'wholeCpuUs'> {
  const read = ({ pid }: ChildProcess): number =>
    processTicks(readFileSync(`/proc/${pid}/stat`, 'latin1')) * TICK_US;
  return {
    serverCpuUs: () => read(server),
    wholeCpuUs: () => read(server) + (store === undefined ? 0 : read(store)),
  };
}

function ender(children: readonly ChildProcess[], folder: string): () => Promise<void> {
  const kill = (): void => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const keep = endWithProcess(kill);
  return async () => {
    keep();
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
}
