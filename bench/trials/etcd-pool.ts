/**
 * What the pool of connections to etcd is worth: as it ships against one, two and four connections
 * for calls, and against one for calls and watches together, on one real etcd.
 *
 *  - `put64`, `put512`: puts, so many in flight.
 *  - `beside`: small gets while ranges of all objects come one behind the other.
 *  - `watched`: puts and a watch of them, while another watch replays all objects again and again.
 *  - `dropped`: writes of a storage while 25 connections a second are reset; `undisturbed` are the
 *    same without that. What was acknowledged is looked for, and told once and in order.
 *  - `members`: puts and gets over three members, against one connection to one of them, and one to
 *    each.
 *
 * No engine has a part in it; both are run, and tell the same.
 */

import { setTimeout as pause } from 'node:timers/promises';

import { cpuSince } from '../kernel.js';
import { connectPool, connectShared, type PoolPeer } from '../peers/etcd-pool.js';
import { etcdProblem, sharedCluster } from '../peers/shared-etcd.js';
import { StoredWrites } from '../peers/stored-writes.js';
import { watchedPuts } from '../peers/watched-puts.js';
import { quantile } from '../statistics.js';
import {
  digestBelow,
  digestOf,
  filledKey,
  fillEtcd,
  inFlight,
  valuesOf,
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

const MEMBERS = 3;
const OBJECTS = 10_000;
/** Each key is written by one of those in flight. */
const KEYS_EACH = 4;
const GETTERS = 4;
const GET_PAUSE_MS = 2;
/** Keys that are written to be compared. */
const DIGESTED = 20;

const names = ['native', 'javascript', 'one', 'two', 'four', 'shared', 'undisturbed', 'oneEach'];
const lacking = Object.fromEntries(names.map((name) => [name, etcdProblem]));

const wall = { metric: 'wallUs', metricUnit: 'us' };
const cpu = { metric: 'cpuUs', metricUnit: 'us' };
const p50 = { metric: 'p50Ms', metricUnit: 'ms' };
const p99 = { metric: 'p99Ms', metricUnit: 'ms' };
const lagP99 = { metric: 'lagP99Ms', metricUnit: 'ms' };

export const etcdPoolTrials: readonly Trial[] = [
  {
    name: 'etcd/pool',
    ...efforts(OBJECTS),
    engine: prepare('etcd/pool', 1, (endpoints) => connectPool(endpoints), everything()),
    rivals: {
      one: prepare('etcd/pool', 1, (endpoints) => connectPool(endpoints, 1), everything(1)),
      two: prepare('etcd/pool', 1, (endpoints) => connectPool(endpoints, 2), calls),
      four: prepare('etcd/pool', 1, (endpoints) => connectPool(endpoints, 4), calls),
      undisturbed: prepare('etcd/pool', 1, (endpoints) => connectPool(endpoints), undisturbed),
    },
    lacking,
    rows: [
      ...rows('etcd/pool-put-64', ['one', 'two', 'four'], 'put64', wall),
      ...rows('etcd/pool-put-64-cpu', ['one'], 'put64', cpu),
      ...rows('etcd/pool-put-512', ['one', 'two', 'four'], 'put512', wall),
      ...rows('etcd/pool-put-512-cpu', ['one'], 'put512', cpu),
      ...rows('etcd/pool-get-beside-range-p50', ['one', 'two', 'four'], 'beside', p50),
      ...rows('etcd/pool-get-beside-range-p99', ['one', 'two', 'four'], 'beside', p99),
      ...rows('etcd/pool-dropped', ['one', 'undisturbed'], 'dropped', wall),
      ...rows('etcd/pool-dropped-p99', ['one', 'undisturbed'], 'dropped', p99),
    ],
  },
  // A watch that replays goes through all that was ever written: here that is little.
  {
    name: 'etcd/pool-watched',
    ...efforts(OBJECTS),
    engine: prepare('etcd/pool-watched', 1, (endpoints) => connectPool(endpoints), watched),
    rivals: {
      shared: prepare('etcd/pool-watched', 1, ([endpoint]) => connectShared(endpoint!), watched),
    },
    lacking,
    rows: [
      ...rows('etcd/pool-watched-put-p99', ['shared'], 'watched', p99),
      ...rows('etcd/pool-watched-lag-p99', ['shared'], 'watched', lagP99),
    ],
  },
  {
    name: 'etcd/pool-members',
    ...efforts(OBJECTS / 10),
    engine: prepare('etcd/pool-members', MEMBERS, (endpoints) => connectPool(endpoints), members),
    rivals: {
      one: prepare('etcd/pool-members', MEMBERS, (all) => connectPool(all, 1), members),
      oneEach: prepare('etcd/pool-members', MEMBERS, (all) => connectPool(all, MEMBERS), members),
    },
    lacking,
    rows: [
      ...rows('etcd/pool-members-put-64', ['one', 'oneEach'], 'put', wall),
      ...rows('etcd/pool-members-get-64', ['one', 'oneEach'], 'get', wall),
    ],
  },
];

function efforts(objects: number): { readonly full: Effort; readonly quick: Effort } {
  const effort = (scale: number, budgetMs: number): Effort => ({
    size: { objects: objects * scale, objectBytes: 1_024, updates: 0 },
    sets: 1,
    rounds: 11,
    budgetMs,
  });
  return { full: effort(1, 600), quick: effort(0.2, 150) };
}

function rows(
  name: string,
  rivals: readonly string[],
  operation: string,
  metric: Pick<RowPlan, 'metric' | 'metricUnit'>,
): readonly RowPlan[] {
  return rivals.map((rival) => ({
    kind: 'ratio',
    case: name,
    against: rival,
    rival,
    operation,
    ...metric,
    hasNoGoal: true,
  }));
}

interface Contender {
  readonly peer: PoolPeer;
  readonly endpoint: string;
  readonly setup: Setup;
}

type Connect = (endpoints: readonly string[]) => PoolPeer;
type Offer = (contender: Contender) => Operations | Promise<Operations>;

function prepare(name: string, size: number, connect: Connect, offer: Offer): Prepare {
  return async (setup) => {
    const endpoints = await sharedCluster(name, setup, size, (fresh) => fillEtcd(fresh, setup));
    const peer = connect(endpoints);
    setup.onEnd?.(async () => void (await peer.close()));
    return offer({ peer, endpoint: endpoints[0]!, setup });
  };
}

function everything(connections?: number): Offer {
  return async (contender) => ({
    ...calls(contender),
    dropped: await storing(contender, true, connections),
  });
}

function calls(contender: Contender): Operations {
  return {
    put64: putting(contender, 64),
    put512: putting(contender, 512),
    beside: getting(contender),
  };
}

function watched(contender: Contender): Operations {
  return { watched: watchedPuts(contender.peer, contender.setup) };
}

async function undisturbed(contender: Contender): Promise<Operations> {
  return { dropped: await storing(contender, false) };
}

function members(contender: Contender): Operations {
  const { peer, setup } = contender;
  const get = async (index: number): Promise<void> => {
    const found = await peer.get(filledKey(index % setup.size.objects));
    if (found === undefined) throw new Error('an object is not there');
  };
  return {
    put: putting(contender, 64),
    get: { digest: async () => digestOf(await peer.range()), sample: closedLoop(64, get) },
  };
}

function putting({ peer, endpoint, setup }: Contender, lanes: number): Operation {
  const values = valuesOf(setup);
  const prefix = uniquePrefix('written');
  const put = (index: number, lane: number): Promise<unknown> =>
    peer.put(`${prefix}${lane}-${index % KEYS_EACH}`, values(index));
  return {
    // What is in etcd afterwards: each key has been written twice.
    digest: async () => {
      const digested = uniquePrefix('digested');
      for (let index = 0; index < 2 * DIGESTED; index++) {
        await peer.put(`${digested}${index % DIGESTED}`, values(index));
      }
      return digestBelow(endpoint, digested);
    },
    sample: closedLoop(lanes, put),
  };
}

/** So much at once, each as soon as the one before is answered: time and CPU time of one. */
function closedLoop(
  lanes: number,
  act: (index: number, lane: number) => Promise<unknown>,
): (budgetMs: number) => Promise<Sample> {
  let next = 0;
  return async (budgetMs) => {
    const first = next;
    const before = process.cpuUsage();
    const startedMs = performance.now();
    await inFlight(lanes, async (lane) => {
      do await act(next++, lane);
      while (performance.now() < startedMs + budgetMs);
    });
    const count = next - first;
    const wallUs = ((performance.now() - startedMs) * 1e3) / count;
    return { wallUs, cpuUs: cpuSince(before) / count };
  };
}

function getting({ peer, setup }: Contender): Operation {
  return {
    digest: async () => digestOf(await peer.range()),
    sample: async (budgetMs) => {
      const timesMs: number[] = [];
      const deadlineMs = performance.now() + budgetMs;
      const over = new AbortController();
      const ranging = (async () => {
        do {
          const entries = await peer.range();
          if (entries.length !== setup.size.objects) throw new Error('objects are not there');
        } while (!over.signal.aborted);
      })();
      await inFlight(GETTERS, async (lane) => {
        do {
          const startedMs = performance.now();
          const found = await peer.get(filledKey(lane));
          if (found === undefined) throw new Error('an object is not there');
          timesMs.push(performance.now() - startedMs);
          await pause(GET_PAUSE_MS);
        } while (performance.now() < deadlineMs);
      });
      over.abort();
      await ranging;
      return { p50Ms: quantile(timesMs, 0.5), p99Ms: quantile(timesMs, 0.99) };
    },
  };
}

async function storing(
  { endpoint, setup }: Contender,
  isDisturbed: boolean,
  connections?: number,
): Promise<Operation> {
  const values = valuesOf(setup);
  const writes = await StoredWrites.open({
    endpoint,
    isDisturbed,
    values,
    ...(connections === undefined ? {} : { connections }),
  });
  setup.onEnd?.(() => writes.close());
  return { sample: (budgetMs) => writes.sample(budgetMs) };
}

function uniquePrefix(folder: string): string {
  return `/${folder}/${process.pid}-${Math.floor(Math.random() * 1e9)}/`;
}
