/**
 * A process that writes pods at a rate, by etcd itself or through a server, and tells what was
 * acknowledged when: `node paced-writer.js ENDPOINT PREFIX PORT PODS BYTES`, spoken to by
 * `process.send`.
 *
 * Pods are written in turn, each as soon as its time has come and its last write is answered.
 */

import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { EtcdClient, keyBytes } from '../../lib/storage/etcd/index.js';
import {
  fnv1a,
  modifiedLine,
  smallPod,
  smallPodKey,
  smallPodPath,
} from '../workload/small-pods.js';
import { TOKEN } from './load-client.js';

export interface WriteOrder {
  readonly through: 'etcd' | 'server';
  readonly count: number;
  /** A second. */
  readonly rate: number;
}

export interface Acknowledged {
  readonly pod: number;
  readonly revision: string;
  /** By `process.hrtime`, as all processes of a machine have it. */
  readonly atNs: string;
  /** Of the line that watches are told it by. */
  readonly hash: number;
}

export interface WriteReport {
  readonly writes: readonly Acknowledged[];
  readonly ms: number;
  readonly problem?: string;
}

const CONNECTIONS = 64;
const TIMEOUT_MS = 60_000;

const [endpoint = '', prefix = '', port = '', pods = '', bytes = ''] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint], timeoutMs: TIMEOUT_MS });
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
/** Of each pod the write that is under way, or its last one. */
const last = Array.from({ length: Number(pods) }, () => Promise.resolve(''));
let next = 0;

process.on('disconnect', () => process.exit());
process.on('message', (order: WriteOrder) => {
  write(order).then(
    (report) => process.send?.(report),
    (error: Error) => process.send?.({ writes: [], ms: 0, problem: error.stack }),
  );
});

async function write({ through, count, rate }: WriteOrder): Promise<WriteReport> {
  const writeOne = through === 'etcd' ? put : update;
  const writes: Acknowledged[] = [];
  const startedMs = performance.now();
  for (let index = 0; index < count; index++) {
    const aheadMs = startedMs + (index * 1_000) / rate - performance.now();
    if (aheadMs > 0) await pause(aheadMs);
    const pod = next % last.length;
    const value = `${next++}`;
    const before = last[pod]!;
    last[pod] = before.then(async () => {
      const object = await writeOne(pod, value);
      const { revision, atNs } = object;
      writes.push({ pod, revision, atNs: String(atNs), hash: fnv1a(modifiedLine(object.text)) });
      return revision;
    });
    // What fails is told below.
    last[pod].catch(() => undefined);
  }
  await Promise.all(last);
  return { writes, ms: performance.now() - startedMs };
}

interface Written {
  readonly revision: string;
  readonly atNs: bigint;
  /** Its canonical JSON. */
  readonly text: string;
}

async function put(pod: number, value: string): Promise<Written> {
  const key = keyBytes(prefix + smallPodKey(pod));
  const object = keyBytes(smallPod(pod, value, Number(bytes)));
  const { header } = await client.kv.put({ key, value: object });
  const revision = String(header!.revision);
  return {
    revision,
    atNs: process.hrtime.bigint(),
    text: smallPod(pod, value, Number(bytes), revision),
  };
}

async function update(pod: number, value: string): Promise<Written> {
  const text = await send(smallPodPath(pod), smallPod(pod, value, Number(bytes)));
  const atNs = process.hrtime.bigint();
  const { metadata } = JSON.parse(text) as { metadata: { resourceVersion: string } };
  return { revision: metadata.resourceVersion, atNs, text: text.trimEnd() };
}

function send(path: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      Authorization: `Bearer ${TOKEN}`,
    };
    const sent = request(
      { host: '127.0.0.1', port: Number(port), path, method: 'PUT', agent, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject).on('end', () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`${path}: ${response.statusCode} ${text}`));
        });
      },
    );
    sent.on('error', reject).end(body);
  });
}
