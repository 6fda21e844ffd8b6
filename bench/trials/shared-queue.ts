/**
 * One queue that the main thread and a worker have: each adds entries and takes out the first ones
 * of both, and each gets its own back, whoever took them out. The time between two entries that
 * come back.
 *
 * `atomics` is a heap in shared memory behind a lock, `postMessage` a queue that the main thread
 * owns and the worker asks. Neither has handles, deadlines, a capacity, or an order within a
 * priority.
 */

import { MessageChannel } from 'node:worker_threads';

import { PriorityQueue } from '../../lib/queue/index.js';
import { cpuSince } from '../kernel.js';
import { intervalSoon } from '../threads/clock.js';
import { lockedHeapMemory } from '../threads/locked-heap.js';
import { Peer } from '../threads/peer.js';
import {
  LockedQueueEnd,
  OwningQueueEnd,
  type QueueEnd,
  type QueueToken,
  SharedQueueEnd,
} from '../threads/queue-end.js';
import { Flow, type FlowJob } from '../threads/queue-flow.js';
import type { QueueThreadSetup } from '../threads/queue-thread.js';
import type { Effort, Operations, RowPlan, Setup, Trial } from './contract.js';

export const sharedQueueTrials: readonly Trial[] = [
  {
    name: 'queue/shared-2',
    full: effort(1_000, 3, 5, 300),
    quick: effort(1_000, 1, 10, 60),
    engine: (setup) => {
      const queue = new PriorityQueue<number>({ engine: setup.engine });
      const share = queue.share();
      return prepare(setup, new SharedQueueEnd(queue), { type: 'queue', share });
    },
    rivals: {
      atomics: (setup) => {
        const memory = lockedHeapMemory(2 * setup.size.objects);
        return prepare(setup, new LockedQueueEnd(memory, 0), { type: 'atomics', memory });
      },
      postMessage: (setup) => {
        const { port1, port2 } = new MessageChannel();
        return prepare(setup, new OwningQueueEnd(port1), { type: 'postMessage', port: port2 });
      },
    },
    lacking: { javascript: () => 'a queue on the JavaScript engine belongs to one thread' },
    rows: [row('postMessage'), row('atomics')],
  },
];

function effort(objects: number, sets: number, rounds: number, budgetMs: number): Effort {
  return { size: { objects, objectBytes: 0, updates: 0 }, sets, rounds, budgetMs };
}

function row(rival: string): RowPlan {
  return {
    kind: 'ratio',
    case: 'queue/shared-2',
    against: rival,
    rival,
    operation: 'pass',
    metric: 'wallUs',
    metricUnit: 'us',
    hasNoGoal: true,
  };
}

async function prepare(
  { size, seed }: Setup,
  end: QueueEnd,
  token: QueueToken,
): Promise<Operations> {
  const depth = size.objects;
  const own = new Flow(end, depth, seed);
  const setup: QueueThreadSetup = { token, depth, seed: seed + 1 };
  const ports = token.type === 'postMessage' ? [token.port] : [];
  const peer: Peer<FlowJob, string | number> = await Peer.start('queue-thread.js', setup, ports);
  const add = async (): Promise<void> => {
    await own.run({ type: 'add', count: depth / 2 });
    await peer.run({ type: 'add', count: depth / 2 });
  };
  await add();
  return {
    pass: {
      digest: async () => {
        await own.run({ type: 'take', count: depth });
        const theirs = await peer.run({ type: 'taken' });
        const digest = `${await own.run({ type: 'taken' })} ${theirs}`;
        await add();
        return digest;
      },
      sample: async (budgetMs) => {
        const before = process.cpuUsage();
        const interval = intervalSoon(budgetMs);
        const theirs = peer.run({ type: 'flow', interval });
        const came = Number(await own.run({ type: 'flow', interval })) + Number(await theirs);
        const wallUs = (interval.toUs - interval.fromUs) / came;
        return { wallUs, cpuUs: cpuSince(before) / came };
      },
    },
  };
}
