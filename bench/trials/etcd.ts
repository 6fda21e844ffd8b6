/**
 * The client of etcd against `etcd3` and against grpc-js with nothing around it, on one real etcd:
 * the CPU time of the client's process for one call, whatever it waits for. `list-joined` is about
 * time instead: how long one of 64 lists takes that are asked for at once.
 *
 * No engine has a part in it; both are run, and tell the same.
 */

import { cpuSince } from '../kernel.js';
import {
  connectBare,
  connectEtcd3,
  connectOurs,
  connectStorage,
  type EtcdPeer,
} from '../peers/etcd-clients.js';
import { etcdProblem, sharedEtcd } from '../peers/shared-etcd.js';
import { quantile } from '../statistics.js';
import {
  digestBelow,
  digestOf,
  fillEtcd,
  inFlight,
  valuesOf,
  type Entry,
} from '../workload/etcd-objects.js';
import type {
  Effort,
  Operation,
  Operations,
  Prepare,
  RowPlan,
  Sample,
  Setup,
  Trial,
} from './contract.js';

const IN_FLIGHT = 64;
/** Keys that are written again and again. */
const KEYS = 256;
const LISTS = 64;
/** Keys that are written to be compared. */
const DIGESTED = 20;

const lacking = Object.fromEntries(
  ['native', 'javascript', 'etcd3', 'grpcJs', 'unjoined'].map((name) => [name, etcdProblem]),
);

export const etcdTrials: readonly Trial[] = [
  {
    name: 'etcd/put-64',
    ...efforts(KEYS),
    engine: prepare(
      'etcd/put-64',
      connectOurs,
      writing((client) => client.put),
    ),
    rivals: {
      etcd3: prepare(
        'etcd/put-64',
        connectEtcd3,
        writing((client) => client.put),
      ),
      grpcJs: prepare(
        'etcd/put-64',
        connectBare,
        writing((client) => client.put),
      ),
    },
    lacking,
    rows: [ratio('put-64', 'etcd3', 'write'), ratio('put-64', 'grpcJs', 'write')],
  },
  {
    name: 'etcd/txn-64',
    ...efforts(KEYS),
    engine: prepare(
      'etcd/txn-64',
      connectOurs,
      writing((client) => client.swap),
    ),
    rivals: {
      etcd3: prepare(
        'etcd/txn-64',
        connectEtcd3,
        writing((client) => client.swap),
      ),
    },
    lacking,
    rows: [ratio('txn-64', 'etcd3', 'write')],
  },
  {
    name: 'etcd/range-10k',
    ...efforts(10_000),
    engine: prepare(
      'etcd/range-10k',
      connectOurs,
      reading((client) => client.range),
    ),
    rivals: {
      etcd3: prepare(
        'etcd/range-10k',
        connectEtcd3,
        reading((client) => client.range),
      ),
      grpcJs: prepare(
        'etcd/range-10k',
        connectBare,
        reading((client) => client.range),
      ),
    },
    lacking,
    rows: [ratio('range-10k', 'etcd3', 'read'), ratio('range-10k', 'grpcJs', 'read')],
  },
  {
    name: 'etcd/watch-replay-10k',
    ...efforts(10_000),
    engine: prepare(
      'etcd/watch-replay-10k',
      connectOurs,
      reading((client) => client.replay),
    ),
    rivals: {
      etcd3: prepare(
        'etcd/watch-replay-10k',
        connectEtcd3,
        reading((client) => client.replay),
      ),
    },
    lacking,
    rows: [ratio('watch-replay-10k', 'etcd3', 'read')],
  },
  {
    name: 'etcd/list-joined',
    ...efforts(1_000),
    engine: prepare('etcd/list-joined', connectStorage, listing),
    rivals: { unjoined: prepare('etcd/list-joined', connectOurs, listing) },
    lacking,
    rows: [{ ...ratio('list-joined', 'unjoined', 'list'), metric: 'p50Ms', metricUnit: 'ms' }],
  },
];

function efforts(objects: number): { readonly full: Effort; readonly quick: Effort } {
  const effort = (scale: number, budgetMs: number): Effort => ({
    size: { objects: Math.max(KEYS, objects * scale), objectBytes: 1_024, updates: 0 },
    sets: 1,
    rounds: 11,
    budgetMs,
  });
  return { full: effort(1, 1_000), quick: effort(0.2, 200) };
}

function ratio(name: string, rival: string, operation: string): RowPlan {
  const metric = { metric: 'cpuUs', metricUnit: 'us' };
  return { kind: 'ratio', case: `etcd/${name}`, against: rival, rival, operation, ...metric };
}

type Connect = (endpoint: string) => EtcdPeer | Promise<EtcdPeer>;
type Offer = (contender: EtcdPeer, setup: Setup, endpoint: string) => Operations;

function prepare(name: string, connect: Connect, offer: Offer): Prepare {
  return async (setup) => {
    const endpoint = await sharedEtcd(name, setup, (fresh) => fillEtcd(fresh, setup));
    const contender = await connect(endpoint);
    setup.onEnd?.(async () => void (await contender.close()));
    return offer(contender, setup, endpoint);
  };
}

type Write = (key: string, value: Uint8Array, revision: string) => Promise<unknown>;

function writing(choose: (contender: EtcdPeer) => Write | undefined): Offer {
  return (contender, setup, endpoint) => {
    const write = choose(contender)!;
    const values = valuesOf(setup);
    const prefix = `/written/${process.pid}-${Math.floor(Math.random() * 1e9)}/`;
    const revisions = new Map<string, string>();
    let next = 0;
    // Each of those in flight has keys of its own: none is in another's way.
    const writeSome = async (isOver: (lane: number) => boolean): Promise<void> => {
      await inFlight(IN_FLIGHT, async (lane) => {
        while (!isOver(lane)) {
          const index = next++;
          const key = `${prefix}${lane}-${index % (KEYS / IN_FLIGHT)}`;
          const revision = await write(key, values(index), revisions.get(key) ?? '0');
          if (typeof revision === 'string') revisions.set(key, revision);
        }
      });
    };
    const sample = async (budgetMs: number): Promise<Sample> => {
      const first = next;
      const before = process.cpuUsage();
      const deadlineMs = performance.now() + budgetMs;
      await writeSome(() => performance.now() >= deadlineMs);
      return { cpuUs: cpuSince(before) / (next - first) };
    };
    // What is in etcd afterwards: each key has been written twice.
    const digest = async (): Promise<string> => {
      const written = `/digest${prefix}`;
      for (const round of [0, 1]) {
        for (let index = 0; index < DIGESTED; index++) {
          const key = `${written}${index}`;
          const told = await write(key, values(index + round), revisions.get(key) ?? '0');
          if (typeof told === 'string') revisions.set(key, told);
        }
      }
      return digestBelow(endpoint, written);
    };
    return { write: { digest, sample } };
  };
}

function reading(
  choose: (contender: EtcdPeer) => ((count: number) => Promise<readonly Entry[]>) | undefined,
): Offer {
  return (contender, { size }) => {
    const read = choose(contender)!;
    const readAll = async (): Promise<readonly Entry[]> => {
      const entries = await read(size.objects);
      if (entries.length !== size.objects) throw new Error(`${entries.length} of ${size.objects}`);
      return entries;
    };
    const sample = async (budgetMs: number): Promise<Sample> => {
      const before = process.cpuUsage();
      const deadlineMs = performance.now() + budgetMs;
      let count = 0;
      do {
        await readAll();
        count++;
      } while (performance.now() < deadlineMs);
      return { cpuUs: cpuSince(before) / count };
    };
    return { read: { digest: async () => digestOf(await readAll()), sample } };
  };
}

function listing(contender: EtcdPeer): Operations {
  const list: Operation = {
    digest: async () => digestOf(await contender.range()),
    sample: async (budgetMs) => {
      const timesMs: number[] = [];
      const deadlineMs = performance.now() + budgetMs;
      do {
        const startedMs = performance.now();
        const one = async (): Promise<void> => {
          await contender.range();
          timesMs.push(performance.now() - startedMs);
        };
        await Promise.all(Array.from({ length: LISTS }, one));
      } while (performance.now() < deadlineMs);
      return { p50Ms: quantile(timesMs, 0.5) };
    },
  };
  return { list };
}
