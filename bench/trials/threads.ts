/**
 * Threads: one store that the main thread and a worker have open.
 *
 *  - `read-2`: both read objects at random as fast as they can, in the same interval: its length
 *    over the number of their reads.
 *  - `read-p99-writing`: the time of each read of the main thread, one behind the other, while the
 *    worker writes.
 *
 * `mutex` is a store in C++ behind one lock, `sharedArrayBuffer` a hash table in shared memory,
 * `postMessage` a thread that owns a Map and answers. None of them has a history.
 */

import type { MessagePort } from 'node:worker_threads';

import { cpuSince } from '../kernel.js';
import { type Interval, intervalSoon } from '../threads/clock.js';
import { quantile, readLatencies, readUntil } from '../threads/jobs.js';
import { lockedStoreProblem } from '../threads/locked-store.js';
import type { ReadView } from '../threads/open.js';
import { Asker, type AskerJob, type AskerSetup, startOwner } from '../threads/owner.js';
import { Peer } from '../threads/peer.js';
import { grow, makeEngine, makeLocked, type MakeStore, makeTable } from '../threads/stores.js';
import { digestOf, randomKeys } from '../threads/view.js';
import type { Job, JobResult, WorkerSetup } from '../threads/worker.js';
import type { Effort, Operations, RowPlan, Sample, Setup, Trial } from './contract.js';

const WRITES_PER_SECOND = 10_000;
const WRITES_COMPARED = 100;

export const threadTrials: readonly Trial[] = [
  {
    name: 'threads/read',
    full: effort(50_000, 2, 6, 300),
    quick: effort(10_000, 1, 10, 100),
    engine: (setup) => prepare(setup, makeEngine),
    rivals: {
      mutex: (setup) => prepare(setup, makeLocked),
      sharedArrayBuffer: async (setup) => {
        const { read } = await prepare(setup, makeTable);
        return { read: read! };
      },
      postMessage: prepareAsking,
    },
    lacking: {
      javascript: () => 'a cache of the JavaScript engine belongs to one thread',
      mutex: lockedStoreProblem,
    },
    rows: [
      ...['mutex', 'sharedArrayBuffer', 'postMessage'].map((rival) =>
        ratio('read-2', rival, 'read', 'wallUs'),
      ),
      ratio('read-p99-writing', 'mutex', 'writing', 'p99Us'),
      {
        kind: 'value',
        case: 'threads/read-p99-writing',
        against: 'limit',
        operation: 'writing',
        metric: 'p99Us',
        metricUnit: 'us',
      },
    ],
  },
];

function effort(objects: number, sets: number, rounds: number, budgetMs: number): Effort {
  return { size: { objects, objectBytes: 2_048, updates: 10 * objects }, sets, rounds, budgetMs };
}

function ratio(name: string, rival: string, operation: string, metric: string): RowPlan {
  const base = { case: `threads/${name}`, against: rival, rival, operation };
  return { kind: 'ratio', ...base, metric, metricUnit: 'us' };
}

async function prepare<Store extends ReadView>(
  setup: Setup,
  make: MakeStore<Store>,
): Promise<Operations> {
  const { objects, objectBytes } = setup.size;
  const { view, token } = make(setup);
  const busy = Array.from({ length: objects }, (_, index) => index);
  const revision = grow(view, busy, setup);
  const seed = setup.seed + 1;
  const keys = randomKeys(objects, seed);
  const workerSetup: WorkerSetup = { token, keys, objectBytes, seed, revision, busy };
  const peer: Peer<Job, JobResult> = await Peer.start('worker.js', workerSetup);
  return {
    read: {
      digest: async () => `${digestOf(keys, view)} ${await peer.run({ type: 'digest' })}`,
      sample: (budgetMs) =>
        sampleReads(budgetMs, async (interval) => {
          const theirs = peer.run({ type: 'read', interval });
          return readUntil(view, keys, 0, interval) + Number(await theirs);
        }),
    },
    writing: {
      digest: async () => {
        await peer.run({ type: 'write', count: WRITES_COMPARED });
        return digestOf(keys, view);
      },
      sample: async (budgetMs) => {
        const interval = intervalSoon(budgetMs);
        const written = peer.run({ type: 'writeEvenly', perSecond: WRITES_PER_SECOND, interval });
        const latencies = readLatencies(view, keys, interval);
        await written;
        return { p99Us: quantile(latencies, 0.99) };
      },
    },
  };
}

async function prepareAsking({ size, seed }: Setup): Promise<Operations> {
  const [own, other] = (await startOwner({ ...size, seed }, 2)) as [MessagePort, MessagePort];
  const keys = randomKeys(size.objects, seed + 1);
  const asker = new Asker({ port: own, keys }, 0);
  const setup: AskerSetup = { port: other, keys };
  const peer: Peer<AskerJob, JobResult> = await Peer.start('asker-thread.js', setup, [other]);
  return {
    read: {
      digest: async () => `${await asker.digest()} ${await peer.run({ type: 'digest' })}`,
      sample: (budgetMs) =>
        sampleReads(budgetMs, async (interval) => {
          const theirs = peer.run({ type: 'read', interval });
          return (await asker.read(interval)) + Number(await theirs);
        }),
    },
  };
}

async function sampleReads(
  budgetMs: number,
  countReads: (interval: Interval) => Promise<number>,
): Promise<Sample> {
  const before = process.cpuUsage();
  const interval = intervalSoon(budgetMs);
  const reads = await countReads(interval);
  return { wallUs: (interval.toUs - interval.fromUs) / reads, cpuUs: cpuSince(before) / reads };
}
