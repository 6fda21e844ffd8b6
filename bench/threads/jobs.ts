/**
 * What threads do: read as fast as they can, write and list at a pace. Every job is the same for
 * every store, and runs on the main thread and on workers alike.
 */

import { createHash } from 'node:crypto';

import { FIRST_REVISION, podIdentity, type PodIdentity, PodSource } from '../workload/pods.js';
import { seededRandom } from '../workload/random.js';
import { type Interval, nowUs, sleepUntil, spinUntil } from './clock.js';
import type { ReadView } from './open.js';

/** Reads between two looks at the clock. */
const READS_AT_ONCE = 64;

// Results need no consumer: adding up lengths keeps the work from being optimised away.
let bytesTaken = 0;

/** How many reads were done in the interval; never none. */
export function readUntil(
  view: ReadView,
  keys: readonly PodIdentity[],
  start: number,
  { fromUs, toUs }: Interval,
): number {
  let turn = start;
  spinUntil(fromUs);
  let reads = 0;
  do {
    for (let read = 0; read < READS_AT_ONCE; read++) {
      const { namespace, name } = keys[turn++ % keys.length]!;
      bytesTaken += view.read(namespace, name);
    }
    reads += READS_AT_ONCE;
  } while (nowUs() < toUs);
  return reads;
}

/** The time of each read, one behind the other, in microseconds; the clock's own is in it. */
export function readLatencies(
  view: ReadView,
  keys: readonly PodIdentity[],
  { fromUs, toUs }: Interval,
): Float64Array {
  // More reads than this are too fast to be true.
  const latencies = new Float64Array(Math.ceil((toUs - fromUs) / MIN_READ_US));
  spinUntil(fromUs);
  const endMs = performance.now() + (toUs - fromUs) / 1e3;
  let count = 0;
  for (let beganMs = 0; beganMs < endMs && count < latencies.length; count++) {
    const { namespace, name } = keys[count % keys.length]!;
    beganMs = performance.now();
    bytesTaken += view.read(namespace, name);
    latencies[count] = (performance.now() - beganMs) * 1e3;
  }
  return latencies.subarray(0, count);
}

const MIN_READ_US = 0.2;

/**
 * The time of reads that are due at a pace, in microseconds, from when each was due: whoever waits
 * for one is late for the next.
 */
export function readLatenciesPaced(
  view: ReadView,
  keys: readonly PodIdentity[],
  everyUs: number,
  { fromUs, toUs }: Interval,
): Float64Array {
  const latencies = new Float64Array(Math.floor((toUs - fromUs) / everyUs));
  spinUntil(fromUs);
  const startedMs = performance.now();
  for (let count = 0; count < latencies.length; count++) {
    const dueMs = startedMs + (count * everyUs) / 1e3;
    while (performance.now() < dueMs);
    const { namespace, name } = keys[count % keys.length]!;
    bytesTaken += view.read(namespace, name);
    latencies[count] = (performance.now() - dueMs) * 1e3;
  }
  return latencies;
}

export interface WriterSetup {
  readonly objectBytes: number;
  readonly seed: number;
  /** The last revision that the store has seen. */
  readonly revision: number;
}

/** Writes new versions of random pods. */
export class Writer {
  readonly #view: ReadView;
  readonly #pods: PodSource;
  readonly #random: () => number;
  #revision: number;

  constructor(view: ReadView, { objectBytes, seed, revision }: WriterSetup) {
    this.#view = view;
    this.#pods = new PodSource(objectBytes);
    this.#random = seededRandom(seed);
    this.#revision = revision;
  }

  /** One of the pods with these indexes. */
  write(indexes: readonly number[]): void {
    const index = indexes[Math.floor(this.#random() * indexes.length)]!;
    const revision = ++this.#revision;
    const bytes = this.#pods.bytes(index, revision - FIRST_REVISION, revision);
    this.#view.put(podIdentity(index), bytes, revision);
  }
}

/** Writes so often, evenly spread. Keeps its processor busy. Tells how often. */
export function writeEvenly(
  write: () => void,
  perSecond: number,
  { fromUs, toUs }: Interval,
): number {
  let writes = 0;
  for (let dueUs = fromUs; dueUs < toUs; dueUs += 1e6 / perSecond) {
    spinUntil(dueUs);
    write();
    writes++;
  }
  return writes;
}

/**
 * Does a turn's work in every period, and sleeps between them; late turns follow at once. Tells how
 * many turns there were.
 */
export function inTurns(turn: () => void, periodUs: number, { fromUs, toUs }: Interval): number {
  let turns = 0;
  for (let dueUs = fromUs; dueUs < toUs; dueUs += periodUs) {
    sleepUntil(dueUs);
    turn();
    turns++;
  }
  return turns;
}

export function takeList(view: ReadView, namespace: string): void {
  view.list!(namespace, (chunk) => (bytesTaken += chunk.length));
}

export function listDigest(view: ReadView, namespace: string): string {
  const hash = createHash('sha256');
  view.list!(namespace, (chunk) => void hash.update(chunk));
  return hash.digest('hex');
}

/** The value that so large a part of the values is not above. */
export function quantile(values: Float64Array, part: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}
