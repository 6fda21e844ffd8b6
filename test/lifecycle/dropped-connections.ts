/**
 * Connections that are opened and dropped, at every moment that one has: before a byte, within the
 * TLS handshake, within a request, before its answer and after it. Their server has as many
 * descriptors afterwards as before, and as much memory.
 */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';

import type { EngineKind } from '../../lib/engine/index.js';
import { assertFlat, type HeldMemory } from './flat.js';

export interface DroppedLoad {
  readonly rounds: number;
  /**
   * Rounds in which the process grows to its size; of `rounds`. Absent: they are too few to tell
   * anything of memory.
   */
  readonly roundsToWarmUp?: number;
  /** In each round, half of them over TLS. */
  readonly connections: number;
}

/** What the server tells: its ports, then what it holds each time that it is asked. */
export interface DroppedReport extends HeldMemory {
  readonly descriptors: number;
}

export interface Ports {
  readonly plain: number;
  readonly secure: number;
}

const CHILD = fileURLToPath(new URL('dropped-connections-child.js', import.meta.url));
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=4'];
const TOGETHER = 200;

/** Runs the rounds against a server in a process of its own; throws what is wrong with them. */
export async function runDroppedConnections(
  engine: EngineKind,
  load: DroppedLoad,
  say: (text: string) => void,
): Promise<void> {
  const child = fork(CHILD, [engine], { execArgv: NODE_FLAGS });
  const told = async <Told>(): Promise<Told> => (await once(child, 'message'))[0] as Told;
  try {
    const ports = await told<Ports>();
    const ask = (): Promise<DroppedReport> => {
      const report = told<DroppedReport>();
      child.send('report');
      return report;
    };
    const quiet = (await ask()).descriptors;
    const reports: DroppedReport[] = [];
    for (let round = 0; round < load.rounds; round++) {
      await openAndDrop(ports, load.connections);
      let report = await ask();
      // Those of connections that the server has not noticed the end of yet.
      for (let looks = 0; report.descriptors > quiet && looks < LOOKS_MAX; looks++) {
        report = await ask();
      }
      assert.ok(report.descriptors <= quiet, `${report.descriptors} descriptors, of ${quiet}`);
      reports.push(report);
      say(`${engine}: ${load.connections} connections; left are ${describe(report)}`);
    }
    if (load.roundsToWarmUp !== undefined) assertFlat(reports, load.roundsToWarmUp);
  } finally {
    child.kill();
  }
}

const LOOKS_MAX = 1_000;

async function openAndDrop(ports: Ports, connections: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < connections) await drop(ports, next++);
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
}

const REQUEST = 'GET /apis/example.com/v1/widgets HTTP/1.1\r\nHost: a\r\n\r\n';

/** One way of leaving after the other. */
const WAYS: readonly ((socket: Socket) => unknown)[] = [
  () => undefined,
  (socket) => written(socket, REQUEST.slice(0, 20)),
  (socket) => written(socket, REQUEST),
  async (socket) => {
    socket.write(REQUEST);
    await once(socket, 'data');
  },
];

async function drop({ plain, secure }: Ports, index: number): Promise<void> {
  const isSecure = index % 2 === 1;
  const way = Math.floor(index / 2) % (WAYS.length + 1);
  // The first bytes of a handshake, and no more.
  const isCutShort = isSecure && way === WAYS.length;
  const socket = isSecure
    ? connectTls({ port: secure, host: '127.0.0.1', rejectUnauthorized: false })
    : connectPlain(plain, '127.0.0.1');
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, isSecure && !isCutShort ? 'secureConnect' : 'connect');
  await WAYS[way]?.(socket);
  socket.destroy();
  await closed;
}

function written(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => socket.write(text, () => resolve()));
}

function describe({ anonymousBytes, heapBytes, descriptors }: DroppedReport): string {
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${mebibytes(anonymousBytes)} anonymous, ${mebibytes(heapBytes)} heap, ${descriptors} descriptors`;
}
