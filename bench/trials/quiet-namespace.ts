/**
 * A quiet namespace beside a busy one: one worker churns the busy one, another lists it from time
 * to time; meanwhile the main thread
 *
 *  - `read`s the quiet one at a pace: a read counts from when it was due, so that whoever has to
 *    wait for one is late for those behind it, as requests are;
 *  - `watch`es the quiet one, which the first worker also writes to: an event counts from before it
 *    is written until its frame is in the watcher's hands.
 *
 * `globalLock` is a store in C++ behind one lock, which whoever lists holds meanwhile.
 */

import { createHash } from 'node:crypto';

import { intervalSoon, nowUs } from '../threads/clock.js';
import { Frames } from '../threads/frames.js';
import { quantile, readLatenciesPaced } from '../threads/jobs.js';
import { lockedStoreProblem } from '../threads/locked-store.js';
import { Peer } from '../threads/peer.js';
import { grow, makeEngine, makeLocked, type MakeStore } from '../threads/stores.js';
import { digestOf, type View } from '../threads/view.js';
import type { Job, JobResult, WorkerSetup } from '../threads/worker.js';
import { NAMESPACES, podIdentity } from '../workload/pods.js';
import type { Effort, Operation, Operations, RowPlan, Setup, Trial } from './contract.js';

const WRITES_PER_MS = 10;
const WRITES_COMPARED = 100;
const LISTS_PER_SECOND = 20;

/** A read of the quiet namespace is due so often. */
const READ_EVERY_US = 20;

/** Places of the namespaces in the order of all. */
const BUSY = 7;
const QUIET = 42;

/** Pods in the busy namespace for each one in the quiet one. */
const BUSY_PER_QUIET = 10;

/** Turns of a writer that is late may be more than its milliseconds. */
const TURNS_PER_MS_MAX = 2;

type WriterPeer = Peer<Job, JobResult>;

export const quietNamespaceTrials: readonly Trial[] = [
  {
    name: 'threads/quiet-namespace',
    full: effort(10_000, 2, 6, 1_000),
    quick: effort(2_000, 1, 10, 250),
    engine: (setup) => prepare(setup, makeEngine),
    rivals: { globalLock: (setup) => prepare(setup, makeLocked) },
    lacking: {
      javascript: () => 'a cache of the JavaScript engine belongs to one thread',
      globalLock: lockedStoreProblem,
    },
    rows: [row('read'), row('watch')],
  },
];

function effort(objects: number, sets: number, rounds: number, budgetMs: number): Effort {
  return { size: { objects, objectBytes: 2_048, updates: 10 * objects }, sets, rounds, budgetMs };
}

function row(operation: string): RowPlan {
  const rival = 'globalLock';
  const name = `threads/quiet-namespace-${operation}-p99`;
  const base = { case: name, against: rival, rival, operation };
  return { kind: 'ratio', ...base, metric: 'p99Us', metricUnit: 'us' };
}

async function prepare(setup: Setup, make: MakeStore<View>): Promise<Operations> {
  const { objects, objectBytes } = setup.size;
  const { view, token } = make(setup);
  const busy = indexesIn(BUSY, objects);
  const quiet = indexesIn(QUIET, Math.ceil(objects / BUSY_PER_QUIET));
  const revision = grow(view, [...busy, ...quiet], setup);
  const keys = quiet.map(podIdentity);
  const seed = setup.seed + 1;
  const workerSetup: WorkerSetup = { token, keys, objectBytes, seed, revision, busy, quiet };
  const writer: WriterPeer = await Peer.start('worker.js', workerSetup);
  const lister: WriterPeer = await Peer.start('worker.js', workerSetup);
  const frames = new Frames(view, podIdentity(QUIET).namespace);
  const { namespace } = podIdentity(BUSY);
  const writeSome = async (): Promise<number> =>
    Number(await writer.run({ type: 'write', count: WRITES_COMPARED }));
  return {
    read: {
      digest: async () => {
        await frames.during(writeSome, () => undefined);
        const listed = await lister.run({ type: 'listDigest', namespace });
        return `${digestOf(keys, view)} ${listed}`;
      },
      sample: async (budgetMs) => {
        const interval = intervalSoon(budgetMs);
        const perSecond = LISTS_PER_SECOND;
        const others = [
          writer.run({ type: 'churn', perMs: WRITES_PER_MS, interval }),
          lister.run({ type: 'list', namespace, perSecond, interval }),
        ];
        const latencies = readLatenciesPaced(view, keys, READ_EVERY_US, interval);
        await Promise.all(others);
        return { p99Us: quantile(latencies, 0.99) };
      },
    },
    watch: {
      digest: async () => {
        const hash = createHash('sha256');
        await frames.during(writeSome, (frame) => void hash.update(frame));
        return hash.digest('hex');
      },
      sample: watching(frames, writer, lister, namespace),
    },
  };
}

function watching(
  frames: Frames,
  writer: WriterPeer,
  lister: WriterPeer,
  namespace: string,
): Operation['sample'] {
  return async (budgetMs) => {
    const turnsMax = Math.ceil(TURNS_PER_MS_MAX * budgetMs);
    const bytes = turnsMax * Float64Array.BYTES_PER_ELEMENT;
    const beganUs = new Float64Array(new SharedArrayBuffer(bytes));
    const latencies = new Float64Array(turnsMax);
    const interval = intervalSoon(budgetMs);
    const perSecond = LISTS_PER_SECOND;
    const listed = lister.run({ type: 'list', namespace, perSecond, interval });
    const write = async (): Promise<number> =>
      Number(await writer.run({ type: 'churn', perMs: WRITES_PER_MS, beganUs, interval }));
    let events = 0;
    await frames.during(write, (_frame, number) => {
      latencies[number] = nowUs() - beganUs[number]!;
      events = number + 1;
    });
    await listed;
    return { p99Us: quantile(latencies.subarray(0, events), 0.99) };
  };
}

/** Indexes of so many pods in the namespace at that place. */
function indexesIn(place: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, number) => place + NAMESPACES * number);
}
