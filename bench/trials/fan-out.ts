/**
 * WATCH over HTTP/1.1: one event to a thousand connections and more, through a whole API server,
 * against Node's bare server that holds the responses in an array and writes the event, made once,
 * to each.
 *
 *  - `resWrite`: `response.write` of one shared Buffer.
 *  - `onePerWrite`: sixteen events wait for each watch, framed as chunks once for all of them; each
 *    is a write of its own.
 *
 * The client, a program in C, compares every byte of every watch with what was published.
 */

import type { ServerResponse } from 'node:http';

import { type BareServer, startBareHttp } from '../peers/bare-server.js';
import { fanOutOperations, type PublishedEvent } from '../peers/fanning-out.js';
import { loadClientProblem } from '../peers/load-client.js';
import { startPodServer } from '../peers/pod-server.js';
import type { Effort, Operations, RowPlan, Setup, Trial } from './contract.js';

const OBJECTS = 1_000;

const lacking = Object.fromEntries(
  ['native', 'javascript', 'resWrite', 'onePerWrite'].map((name) => [name, loadClientProblem]),
);

const wall = { metric: 'wallUs', metricUnit: 'us' };

export const fanOutTrials: readonly Trial[] = [
  {
    name: 'http/fanout-1k',
    full: effort(1_000, 1_000),
    quick: effort(1_000, 300),
    engine: prepareEngine,
    rivals: { resWrite: (setup) => prepareRival(setup, writeResponses) },
    lacking,
    rows: [ratio('http/fanout-1k', 'resWrite', 'rate')],
  },
  {
    name: 'http/fanout-5k',
    full: effort(5_000, 3_000),
    quick: effort(1_000, 500),
    engine: prepareEngine,
    rivals: { resWrite: (setup) => prepareRival(setup, writeResponses) },
    lacking,
    rows: [
      ratio('http/fanout-5k', 'resWrite', 'rate'),
      {
        ...ratio('http/fanout-5k-p99', 'resWrite', 'paced'),
        metric: 'p99Ms',
        metricUnit: 'ms',
      },
    ],
  },
  {
    name: 'http/fanout-backlog-16',
    full: effort(2_000, 1_000),
    quick: effort(2_000, 300),
    engine: prepareEngine,
    rivals: { onePerWrite: (setup) => prepareRival(setup, writeChunks) },
    lacking,
    rows: [ratio('http/fanout-backlog-16', 'onePerWrite', 'backlog')],
  },
];

function effort(watches: number, budgetMs: number): Effort {
  const size = { objects: OBJECTS, objectBytes: 2_048, updates: 0, watches };
  return { size, sets: 1, rounds: 11, budgetMs };
}

function ratio(name: string, rival: string, operation: string): RowPlan {
  return { kind: 'ratio', case: name, against: rival, rival, operation, ...wall };
}

async function prepareEngine(setup: Setup): Promise<Operations> {
  const { engine, size, seed } = setup;
  const { storage, port, close } = await startPodServer({ engine, size, seed });
  setup.onEnd?.(close);
  const publish = (events: readonly PublishedEvent[]): void => {
    for (const { index, bytes, revision } of events) storage.put(index, bytes, revision);
  };
  return fanOutOperations(setup, { protocol: 'http', port, connections: size.watches!, publish });
}

type Write = (responses: readonly ServerResponse[], events: readonly PublishedEvent[]) => void;

async function prepareRival(setup: Setup, write: Write): Promise<Operations> {
  const responses: ServerResponse[] = [];
  const { port, close }: BareServer = await startBareHttp((_, response) => {
    responses.push(response);
    response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders();
  });
  setup.onEnd?.(close);
  const connections = setup.size.watches!;
  const publish = (events: readonly PublishedEvent[]): void => write(responses, events);
  return fanOutOperations(setup, { protocol: 'http', port, connections, publish });
}

function writeResponses(
  responses: readonly ServerResponse[],
  events: readonly PublishedEvent[],
): void {
  for (const { frame } of events) {
    for (const response of responses) response.write(frame);
  }
}

function writeChunks(
  responses: readonly ServerResponse[],
  events: readonly PublishedEvent[],
): void {
  const chunks = events.map(({ frame }) =>
    Buffer.concat([Buffer.from(`${frame.length.toString(16)}\r\n`), frame, Buffer.from('\r\n')]),
  );
  for (const { socket } of responses) {
    for (const chunk of chunks) socket?.write(chunk);
  }
}
