/**
 * A server whose clients open many watches, do not read, and are killed, round by round. Prints
 * what the process holds after each round as a line of JSON. Every round asks the same of it: the
 * objects that it makes are gone before the next.
 *
 * Arguments: the engine, and a DyingLoad as JSON. Needs --expose-gc.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { WatchCache } from '../../lib/cache/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer } from '../../lib/server/index.js';
import { testCertificates } from '../../lib/testing/certificates.js';
import { start } from '../witness/command.js';
import type { DyingClientPlan } from './dying-client.js';
import type { DyingLoad, RoundReport } from './dying-clients.js';
import { residentMemory } from './resident-memory.js';

const CLIENT = fileURLToPath(new URL('dying-client.js', import.meta.url));

/** Initial objects of those who stop reading: far more than a socket takes. */
const LARGE_OBJECTS = 80;
const LARGE_BYTES = 100_000;
const SMALL_OBJECTS = 5;
const SMALL_BYTES = 100;
/** Watches with the same selector make a group. */
const GROUPS = 50;
/** So little that it has filled when the process has warmed up. */
const HISTORY = { entriesMin: 20, entriesMax: 20 };
/** Of the descriptors of this process, those that are not for sockets of watches. */
const DESCRIPTORS_LEFT = 1_000;
const POLL_MS = 10;
/** Far more than is needed. */
const LOOKS_MAX = 12_000;

const ROOT = '/apis/example.com/v1/namespaces';
const [engine, loadText] = process.argv.slice(2) as ['native' | 'javascript', string];
const load = JSON.parse(loadText) as DyingLoad;

const server = createServer({
  resources: [defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' })],
  engine,
  history: HISTORY,
  authenticator: {
    authenticate: async () => ({ username: 'ana', uid: '', groups: [], extra: {} }),
  },
});
const { serving } = await testCertificates();
const plain = await server.listen({ host: '127.0.0.1' });
const secure = await server.listen({ host: '127.0.0.1', tls: serving });
await server.ready();
const cache = server.cache('widgets.example.com') as WatchCache;
for (let index = 0; index < LARGE_OBJECTS; index++) await create('large', index, LARGE_BYTES);
const quiet = openDescriptors();
for (let round = 0; round < load.rounds; round++) {
  process.stdout.write(`${JSON.stringify(await runRound(round))}\n`);
}
await server.close();

async function runRound(round: number): Promise<RoundReport> {
  const before = residentMemory().anonymousBytes;
  const plan = makePlan(round);
  const client = start(process.execPath, [CLIENT], { input: JSON.stringify(plan) });
  await client.until((output) => output.includes('sent'));
  const wanted = plan.paths.length + plan.streamPaths.length;
  await until(() => cache.stats().watches === wanted);
  for (let index = 0; index < SMALL_OBJECTS; index++) await create('small', index, SMALL_BYTES);
  const { watches: opened } = cache.stats();
  const heldBytes = residentMemory().anonymousBytes - before;
  client.child.kill('SIGKILL');
  await client.ended;
  for (let index = 0; index < SMALL_OBJECTS; index++) await remove('small', index);
  await until(() => cache.stats().watches === 0 && openDescriptors() <= quiet);
  await settle();
  const { watches, watchGroups: groups } = cache.stats();
  const { heapUsed: heapBytes } = process.memoryUsage();
  return { ...residentMemory(), heapBytes, heldBytes, watches, groups, opened };
}

function makePlan(round: number): DyingClientPlan {
  const sockets = Math.min(load.watches, descriptorsMax() - DESCRIPTORS_LEFT);
  const small = (index: number): string =>
    `${ROOT}/small/widgets?watch=1&labelSelector=n!%3D${index % GROUPS}`;
  const all = Array.from({ length: load.watches }, (_, index) => small(index));
  // A fifth of them by HTTP/2, or more where sockets are few.
  const byHttp1 = Math.min(sockets, Math.floor(all.length * 0.8));
  const large = Array.from({ length: load.stalled }, () => `${ROOT}/large/widgets?watch=1`);
  return {
    port: plain.port,
    securePort: secure.port,
    localAddress: `127.0.0.${2 + (round % 200)}`,
    paths: [...all.slice(0, byHttp1), ...large],
    streamPaths: [...all.slice(byHttp1), ...large],
    halves: load.halves,
  };
}

async function create(namespace: string, index: number, bytes: number): Promise<void> {
  const { status } = await server.inject({
    method: 'POST',
    path: `${ROOT}/${namespace}/widgets`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: `o${index}` },
      spec: { text: 'x'.repeat(bytes) },
    }),
  });
  if (status !== 201) throw new Error(`${namespace}/o${index}: ${status}`);
}

async function remove(namespace: string, index: number): Promise<void> {
  const path = `${ROOT}/${namespace}/widgets/o${index}`;
  const { status } = await server.inject({ method: 'DELETE', path });
  if (status !== 200) throw new Error(`${path}: ${status}`);
}

// What waits for a turn of the loop, a finalizer or a closing socket has had it by then.
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

// What is waited for happens in other processes and sockets: nothing tells of it.
async function until(condition: () => boolean): Promise<void> {
  for (let looks = 0; !condition(); looks++) {
    if (looks === LOOKS_MAX) {
      throw new Error(`still ${cache.stats().watches} watches, ${openDescriptors()} descriptors`);
    }
    await new Promise((resolve) => void setTimeout(resolve, POLL_MS));
  }
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** How many descriptors this process may have. */
function descriptorsMax(): number {
  const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return Number(line?.[1] ?? DESCRIPTORS_LEFT);
}
