/**
 * GET, LIST and WATCH over HTTP/2 and TLS: a whole API server against core streams of a bare
 * `node:http2` server that send the same bytes. What is compared is the CPU time of the server's
 * process, the kernel's for its sockets included: the client is Node's in a process of its own, and
 * dearer than any server.
 *
 *  - `bareHttp2`: each object's bytes in a Buffer in a Map, found by the path.
 *  - `static`: one Buffer of the whole list, written again and again.
 *  - `streamWrite`: `stream.write` of one shared Buffer to every watch.
 */

import type { ServerHttp2Stream } from 'node:http2';

import { generatedTls } from '../peers/generated-tls.js';
import { type BareServer, startBareHttp2 } from '../peers/bare-server.js';
import { fanOutOperations, type PublishedEvent } from '../peers/fanning-out.js';
import { startPodServer } from '../peers/pod-server.js';
import { keyIn, objectsByKey, prepareGet, prepareList, wholeList } from './http.js';
import type { Effort, Operations, RowPlan, Setup, Trial } from './contract.js';

const FAN_OUT_CONNECTIONS = 10;
const OBJECTS = 1_000;

export const h2Trials: readonly Trial[] = [
  {
    name: 'h2/get-2k',
    full: requests(1_000),
    quick: requests(300),
    engine: prepareGet('h2', startOurs),
    rivals: { bareHttp2: prepareGet('h2', getBytes) },
    rows: [ratio('h2/get-2k', 'bareHttp2', 'get')],
  },
  {
    name: 'h2/list-10k',
    full: requests(1_000),
    quick: requests(300),
    engine: prepareList('h2', startOurs),
    rivals: { static: prepareList('h2', listStatic) },
    rows: [ratio('h2/list-10k', 'static', 'list')],
  },
  {
    name: 'h2/fanout-1k',
    full: watches(1_000),
    quick: watches(300),
    engine: prepareWatches,
    rivals: { streamWrite: prepareStreams },
    rows: [ratio('h2/fanout-1k', 'streamWrite', 'rate')],
  },
];

function requests(budgetMs: number): Effort {
  const size = { objects: 10_000, objectBytes: 2_048, updates: 10_000 };
  return { size, sets: 1, rounds: 11, budgetMs };
}

function watches(budgetMs: number): Effort {
  const size = { objects: OBJECTS, objectBytes: 2_048, updates: 0, watches: 1_000 };
  return { size, sets: 1, rounds: 11, budgetMs };
}

function ratio(name: string, rival: string, operation: string): RowPlan {
  const metric = { metric: 'cpuUs', metricUnit: 'us' };
  return { kind: 'ratio', case: name, against: rival, rival, operation, ...metric };
}

async function startOurs({ engine, size, seed }: Setup) {
  return startPodServer({ engine, size, seed, tls: await generatedTls() });
}

async function getBytes(setup: Setup): Promise<BareServer> {
  const objects = objectsByKey(setup);
  return startBareHttp2(await generatedTls(), (stream, headers) => {
    const bytes = objects.get(keyIn(headers[':path'] ?? ''));
    if (bytes === undefined) stream.respond({ ':status': 404 }, { endStream: true });
    else sendWhole(stream, bytes);
  });
}

async function listStatic(setup: Setup): Promise<BareServer> {
  const whole = wholeList(setup);
  return startBareHttp2(await generatedTls(), (stream) => sendWhole(stream, whole));
}

function sendWhole(stream: ServerHttp2Stream, body: Buffer): void {
  stream.respond({
    ':status': 200,
    'content-type': 'application/json',
    'content-length': body.length,
  });
  stream.end(body);
}

function streamsOf({ size }: Setup): { connections: number; streams: number } {
  const connections = FAN_OUT_CONNECTIONS;
  return { connections, streams: Math.ceil(size.watches! / connections) };
}

async function prepareWatches(setup: Setup): Promise<Operations> {
  const { storage, port, close } = await startOurs(setup);
  setup.onEnd?.(close);
  const publish = (events: readonly PublishedEvent[]): void => {
    for (const { index, bytes, revision } of events) storage.put(index, bytes, revision);
  };
  const { rate } = fanOutOperations(setup, { protocol: 'h2', port, ...streamsOf(setup), publish });
  return { rate: rate! };
}

async function prepareStreams(setup: Setup): Promise<Operations> {
  const open: ServerHttp2Stream[] = [];
  const { port, close } = await startBareHttp2(await generatedTls(), (stream) => {
    open.push(stream);
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
  });
  setup.onEnd?.(close);
  const publish = (events: readonly PublishedEvent[]): void => {
    for (const { frame } of events) for (const stream of open) stream.write(frame);
  };
  const { rate } = fanOutOperations(setup, { protocol: 'h2', port, ...streamsOf(setup), publish });
  return { rate: rate! };
}
