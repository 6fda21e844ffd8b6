/**
 * A server under writers, slow and fast watchers, pages and fresh reads, for as long as one likes:
 * first through restarts, kills and compaction; then in one process, whose memory has to stay flat.
 * What is read is checked as it is read (readers.ts); in the end every watcher has heard of every
 * change once, or has passed it over by a list, and has the server's state.
 */

import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { type ServerMeasure, TroubledServer } from '../informers/troubled-server.js';
import { Writers } from '../informers/writers.js';
import { ItemsClient } from './items-client.js';
import { FreshReader, PagingReader, type ReaderTally, WatchingReader } from './readers.js';

/** The part of the time in which the server's process is ended again and again. */
const TROUBLED_PART = 0.3;
/** Of the rest, the part in which it grows to its size. */
const WARM_UP_PART = 0.2;
const RESTARTS = 8;
const MEASURES = 24;

/** At least so many changes in a second are too many for a machine that does other things. */
const CHANGES_A_BURST = 20;
const BURST_PAUSE_MS = 40;

const FAST = 4;
/** Milliseconds that each dawdles over every few lines. */
const SLOW_MS = [20, 300, 2_000];

/** Of memory, what it may be more at the end; and what is no growth in any case. */
const GROWTH_MAX = 0.1;
const NOISE_BYTES = 16 * 2 ** 20;

/** All there is to say of a soak. */
export interface SoakSummary {
  readonly seconds: number;
  readonly changes: number;
  readonly restarts: number;
  readonly reads: ReaderTally;
  /** Resident bytes of the server's own at the beginning and at the end of its measured life. */
  readonly memory: readonly [before: number, after: number];
}

/** Throws what it finds wrong. */
export async function soakServer(
  minutes: number,
  say: (text: string) => void,
): Promise<SoakSummary> {
  const server = await TroubledServer.start();
  const writers = new Writers(server.writersKubeconfig);
  const over = new AbortController();
  // Every watch of every reader listens to it.
  setMaxListeners(0, over.signal);
  try {
    const client = await ItemsClient.open(server.kubeconfig);
    const before = Number((await writers.list()).metadata.resourceVersion);
    const watchers = [...Array<number>(FAST).fill(0), ...SLOW_MS].map(
      (dawdleMs) => new WatchingReader(client, dawdleMs),
    );
    const pager = new PagingReader(client);
    const fresh = new FreshReader(client, () => writers.acknowledged);
    const readers = [...watchers, pager, fresh];
    const running = readers.map((reader) => reader.run(over.signal));
    const failure = Promise.all(running).then(() => new Promise<never>(() => {}));
    const calm = new AbortController();
    const writing = write(writers, calm.signal);
    const startedMs = performance.now();
    const secondsLeft = minutes * 60;
    await Promise.race([failure, troubled(server, secondsLeft * TROUBLED_PART, say)]);
    const measuring = measured(server, secondsLeft * (1 - TROUBLED_PART), say);
    const memory = await Promise.race([failure, measuring]);
    calm.abort();
    await writing;
    for (const watcher of watchers) watcher.hurry();
    const last = await writers.list();
    const through = Number(last.metadata.resourceVersion);
    const state = new Map(
      last.items.map(({ metadata }) => [metadata.name, Number(metadata.resourceVersion)]),
    );
    await Promise.race([failure, Promise.all(watchers.map(({ account }) => account.until(state)))]);
    over.abort();
    await Promise.all(running);
    for (const { account } of watchers) account.check(before, through);
    await checkLeftovers(server);
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    const reads = sum(readers.map(({ tally }) => tally));
    return { seconds, changes: through - before, restarts: RESTARTS, reads, memory };
  } finally {
    over.abort();
    await writers.close();
    await server.stop();
  }
}

async function write(writers: Writers, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await writers.make(writers.made + CHANGES_A_BURST);
    await pause(BURST_PAUSE_MS);
  }
}

async function troubled(
  server: TroubledServer,
  seconds: number,
  say: (text: string) => void,
): Promise<void> {
  for (let count = 0; count < RESTARTS; count++) {
    await pause((seconds * 1_000) / RESTARTS / 2);
    server.followers.cut();
    await server.compact();
    await pause((seconds * 1_000) / RESTARTS / 2);
    await server.restart(count % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
    say(`restart ${count + 1} of ${RESTARTS}`);
  }
}

async function measured(
  server: TroubledServer,
  seconds: number,
  say: (text: string) => void,
): Promise<readonly [number, number]> {
  await pause(seconds * 1_000 * WARM_UP_PART);
  const sizes: number[] = [];
  const restMs = seconds * 1_000 * (1 - WARM_UP_PART);
  for (let count = 0; count < MEASURES; count++) {
    await pause(restMs / MEASURES);
    if (count % 3 === 0) server.followers.cut();
    await server.compact();
    const measure = await server.measure();
    sizes.push(measure.anonymousBytes);
    say(describe(measure));
  }
  const quarter = MEASURES / 4;
  const [before, after] = [median(sizes.slice(0, quarter)), median(sizes.slice(-quarter))];
  const growth = after - before;
  const isFlat = growth <= Math.max(before * GROWTH_MAX, NOISE_BYTES);
  assert.ok(isFlat, `invariant 18: memory grew from ${before} to ${after} bytes`);
  return [before, after];
}

/** When all clients are gone, so are their watches. */
async function checkLeftovers(server: TroubledServer): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const { watches, watchGroups } = await server.measure();
    if (watches === 0 && watchGroups === 0) return;
    const left = `invariant 18: ${watches} watches in ${watchGroups} groups are left`;
    assert.ok(performance.now() < deadline, left);
    await pause(100);
  }
}

function describe(measure: ServerMeasure): string {
  const { anonymousBytes, fileBytes, heapBytes, externalBytes, reservedBytes } = measure;
  const sizes = Object.entries({
    anonymous: anonymousBytes,
    'of files': fileBytes,
    heap: heapBytes,
    external: externalBytes,
    cache: reservedBytes,
  }).map(([name, bytes]) => `${mebibytes(bytes)} MiB ${name}`);
  return `${sizes.join(', ')}; ${measure.watches} watches, ${measure.logEntries} log entries`;
}

/** For people to read. */
export const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

const median = (sizes: readonly number[]): number =>
  sizes.toSorted((left, right) => left - right)[Math.floor(sizes.length / 2)]!;

function sum(tallies: readonly ReaderTally[]): ReaderTally {
  const keys = Object.keys(tallies[0]!) as (keyof ReaderTally)[];
  const entries = keys.map((key) => [key, tallies.reduce((total, one) => total + one[key], 0)]);
  return Object.fromEntries(entries) as ReaderTally;
}
