/**
 * GET and LIST over HTTP/1.1: a whole API server, every filter included, against Node's bare server
 * with as little behind it as can answer the same bytes. The client is a program in C in a process
 * of its own. Of GET the CPU time of the server's process for one answer is compared, the kernel's
 * for its sockets included; of LIST the rate.
 *
 *  - `stringify`: parsed objects, made text of for every answer.
 *  - `bareHttp`: each object's bytes in a Buffer in a Map, found by the path.
 *  - `concat`: the list as `Buffer.concat` of stored Buffers.
 *  - `static`: one Buffer of the whole list, written again and again: what the kernel costs.
 */

import type { ServerResponse } from 'node:http';

import { type BareServer, startBareHttp } from '../peers/bare-server.js';
import { loadClientProblem, type Protocol } from '../peers/load-client.js';
import { startPodServer } from '../peers/pod-server.js';
import { requestOperation } from '../peers/requesting.js';
import { Churn } from '../workload/churn.js';
import { FIRST_REVISION, keyOrder, podIdentity } from '../workload/pods.js';
import { seededRandom } from '../workload/random.js';
import type { Effort, Operations, Prepare, RowPlan, Setup, Trial } from './contract.js';

/** So many objects are asked for in turn, chosen at random. */
const TARGETS = 4_096;
/** Requests at a time: each on a connection of its own, or eight on each of eight. */
const GET_STREAMS = { http: { connections: 64, streams: 1 }, h2: { connections: 8, streams: 8 } };
/** Answers for each object before anything is measured: a trial of few is soon warm. */
const GET_WARM_UP = 2;
const LIST_CONNECTIONS = 2;
const LIST_WARM_UP = 20;

const LIST_TARGET = '/api/v1/pods?resourceVersion=0';

const lacking = Object.fromEntries(
  ['native', 'javascript', 'stringify', 'bareHttp', 'concat', 'static'].map((name) => [
    name,
    loadClientProblem,
  ]),
);

export const httpTrials: readonly Trial[] = [
  getTrial('2k', 2_048, ['stringify', 'bareHttp']),
  getTrial('8k', 8_192, ['stringify']),
  {
    name: 'http/list-10k',
    full: effort(10_000, 2_048, 1_000, 1),
    quick: effort(10_000, 2_048, 300, 1),
    engine: prepareList('http', async ({ engine, size, seed }) =>
      startPodServer({ engine, size, seed }),
    ),
    rivals: {
      stringify: prepareList('http', listStringified),
      concat: prepareList('http', listConcatenated),
      static: prepareList('http', listStatic),
    },
    lacking,
    rows: ['stringify', 'concat', 'static'].map((rival) => ({
      ...ratio('http/list-10k', rival, 'list'),
      metric: 'wallUs',
    })),
  },
];

function getTrial(name: string, objectBytes: number, rivals: readonly string[]): Trial {
  const all: Readonly<Record<string, Prepare>> = {
    stringify: prepareGet('http', getStringified),
    bareHttp: prepareGet('http', getBytes),
  };
  return {
    name: `http/get-${name}`,
    full: effort(10_000, objectBytes, 1_000, 1),
    quick: effort(2_000, objectBytes, 200, 1),
    engine: prepareGet('http', async ({ engine, size, seed }) =>
      startPodServer({ engine, size, seed }),
    ),
    rivals: Object.fromEntries(rivals.map((rival) => [rival, all[rival]!])),
    lacking,
    rows: rivals.map((rival) => ratio(`http/get-${name}`, rival, 'get')),
  };
}

function effort(objects: number, objectBytes: number, budgetMs: number, sets: number): Effort {
  return { size: { objects, objectBytes, updates: objects }, sets, rounds: 11, budgetMs };
}

function ratio(name: string, rival: string, operation: string): RowPlan {
  const metric = { metric: 'cpuUs', metricUnit: 'us' };
  return { kind: 'ratio', case: name, against: rival, rival, operation, ...metric };
}

export type Start = (setup: Setup) => Promise<BareServer>;

/** A server of which objects are asked for by name. */
export function prepareGet(protocol: Protocol, start: Start): Prepare {
  return async (setup): Promise<Operations> => {
    const { port, close } = await start(setup);
    setup.onEnd?.(close);
    const random = seededRandom(setup.seed + 1);
    const targets = Array.from({ length: TARGETS }, () => {
      const { namespace, name } = podIdentity(Math.floor(random() * setup.size.objects));
      return `/api/v1/namespaces/${namespace}/pods/${name}?resourceVersion=0`;
    });
    const bodyBytes = setup.size.objectBytes + NEWLINE.length;
    const options = {
      protocol,
      port,
      targets,
      ...GET_STREAMS[protocol],
      warmUp: GET_WARM_UP * setup.size.objects,
      bodyBytes,
    };
    return { get: requestOperation(setup, options) };
  };
}

/** A server that is asked for all objects. */
export function prepareList(protocol: Protocol, start: Start): Prepare {
  return async (setup): Promise<Operations> => {
    const { port, close } = await start(setup);
    setup.onEnd?.(close);
    const { objects, objectBytes, updates } = setup.size;
    const bodyBytes = listOf([], objects + updates).length + objects * (objectBytes + 1) - 1;
    const options = {
      protocol,
      port,
      targets: [LIST_TARGET],
      connections: LIST_CONNECTIONS,
      warmUp: LIST_WARM_UP,
      bodyBytes,
    };
    return { list: requestOperation(setup, options) };
  };
}

function getStringified(setup: Setup): Promise<BareServer> {
  const objects = new Map<string, unknown>();
  eachPod(setup, (key, bytes) => objects.set(key, JSON.parse(bytes.toString('latin1'))));
  return startBareHttp(({ url = '' }, response) => {
    sendWhole(response, Buffer.from(`${JSON.stringify(objects.get(keyIn(url)))}\n`));
  });
}

function getBytes(setup: Setup): Promise<BareServer> {
  const objects = objectsByKey(setup);
  return startBareHttp(({ url = '' }, response) => {
    const bytes = objects.get(keyIn(url));
    if (bytes === undefined) response.writeHead(404).end();
    else sendWhole(response, bytes);
  });
}

function listStringified(setup: Setup): Promise<BareServer> {
  const { objects, updates } = setup.size;
  const all = inOrder(setup).map((bytes) => JSON.parse(bytes.toString('latin1')) as unknown);
  const metadata = { resourceVersion: String(FIRST_REVISION + objects + updates) };
  return startBareHttp((_, response) => {
    const list = { kind: 'PodList', apiVersion: 'v1', metadata, items: all };
    sendWhole(response, Buffer.from(`${JSON.stringify(list)}\n`));
  });
}

function listConcatenated(setup: Setup): Promise<BareServer> {
  const { objects, updates } = setup.size;
  const all = inOrder(setup);
  return startBareHttp((_, response) => sendWhole(response, listOf(all, objects + updates)));
}

function listStatic(setup: Setup): Promise<BareServer> {
  const whole = wholeList(setup);
  return startBareHttp((_, response) => sendWhole(response, whole));
}

function sendWhole(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

/** Each object's document by its key. */
export function objectsByKey(setup: Setup): ReadonlyMap<string, Buffer> {
  const objects = new Map<string, Buffer>();
  eachPod(setup, (key, bytes) => objects.set(key, Buffer.concat([bytes, NEWLINE])));
  return objects;
}

/** The list of all objects as the server writes it. */
export function wholeList(setup: Setup): Buffer {
  const { objects, updates } = setup.size;
  return listOf(inOrder(setup), objects + updates);
}

const COMMA = Buffer.from(',');
const TAIL = Buffer.from(']}\n');
/** Behind every document, as upstream's encoder has it. */
const NEWLINE = Buffer.from('\n');

/** A list of these objects as the server writes it. */
function listOf(objects: readonly Buffer[], changes: number): Buffer {
  const revision = FIRST_REVISION + changes;
  const parts: Buffer[] = [
    Buffer.from(
      `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"${revision}"},"items":[`,
    ),
  ];
  for (const [index, object] of objects.entries()) {
    if (index > 0) parts.push(COMMA);
    parts.push(object);
  }
  parts.push(TAIL);
  return Buffer.concat(parts);
}

function inOrder({ size, seed }: Setup): readonly Buffer<ArrayBuffer>[] {
  const all: Buffer<ArrayBuffer>[] = [];
  grow({ size, seed }, (index, bytes) => (all[index] = Buffer.from(bytes)));
  return Array.from(keyOrder(size.objects), (index) => all[index]!);
}

function eachPod(setup: Setup, take: (key: string, bytes: Buffer) => void): void {
  grow(setup, (index, bytes) => {
    const { namespace, name } = podIdentity(index);
    take(`${namespace}/${name}`, Buffer.from(bytes));
  });
}

function grow(
  { size, seed }: Pick<Setup, 'size' | 'seed'>,
  put: (index: number, bytes: Uint8Array) => void,
): void {
  const churn = new Churn(size, seed, { put });
  churn.load();
  churn.update(size.updates);
}

/** The key of the object that a path names. */
export function keyIn(url: string): string {
  const [, , , , namespace, , name = ''] = url.split('/');
  return `${namespace}/${name.slice(0, name.indexOf('?'))}`;
}
