/**
 * The client of etcd against `etcd3` and against grpc-js with nothing around it, on one real etcd:
 * the CPU time of the client's process for one call, whatever it waits for. `list-joined` is about
 * time instead: how long one of 64 lists takes that are asked for at once.
 *
 * No engine has a part in it; both are run, and tell the same.
 */

import { createHash } from 'node:crypto';

import { Etcd3 } from 'etcd3';

import {
  COMPARE_RESULT,
  COMPARE_TARGET,
  EtcdClient,
  EtcdStorage,
  keyBytes,
  prefixRange,
} from '../../lib/storage/etcd/index.js';
import { cpuSince } from '../kernel.js';
import { BareGrpc } from '../peers/bare-grpc.js';
import { etcdProblem, sharedEtcd } from '../peers/shared-etcd.js';
import { quantile } from '../statistics.js';
import { seededRandom } from '../workload/random.js';
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
/** Where the objects are that are ranged over and replayed. */
const FILLED = '/registry/g/r/';
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

/** What is told of a key; only what all contenders can tell. */
interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: string;
}

/** As much of a client as the trials are about. What one has no row for is absent. */
interface Contender {
  readonly put: (key: string, value: Uint8Array) => Promise<unknown>;
  /** Writes where the key is at this revision (0: not there); resolves to its new one. */
  readonly swap?: (key: string, value: Uint8Array, revision: string) => Promise<string>;
  readonly range: () => Promise<readonly Entry[]>;
  /** Every change of the objects since the first one, up to so many. */
  readonly replay?: (count: number) => Promise<readonly Entry[]>;
  readonly close: () => unknown;
}

type Connect = (endpoint: string) => Contender | Promise<Contender>;
type Offer = (contender: Contender, setup: Setup, endpoint: string) => Operations;

function prepare(name: string, connect: Connect, offer: Offer): Prepare {
  return async (setup) => {
    const endpoint = await sharedEtcd(name, setup, (fresh) => fill(fresh, setup));
    const contender = await connect(endpoint);
    setup.onEnd?.(async () => void (await contender.close()));
    return offer(contender, setup, endpoint);
  };
}

async function fill(endpoint: string, setup: Setup): Promise<void> {
  const client = connectOurs(endpoint);
  const { objects } = setup.size;
  const values = valuesOf(setup);
  let next = 0;
  await inFlight(async () => {
    while (next < objects) {
      const index = next++;
      await client.put(`${FILLED}${String(index).padStart(7, '0')}`, values(index));
    }
  });
  await client.close();
}

function connectOurs(endpoint: string): Contender {
  const client = new EtcdClient({ endpoints: [endpoint], timeoutMs: 60_000 });
  const range = prefixRange(FILLED);
  return {
    put: (key, value) => client.kv.put({ key: keyBytes(key), value }),
    swap: async (name, value, revision) => {
      const key = keyBytes(name);
      const { result, target } = { result: COMPARE_RESULT.equal, target: COMPARE_TARGET.mod };
      const { succeeded, header } = await client.kv.txn({
        compare: [
          { key, result, target, targetUnion: { case: 'modRevision', value: BigInt(revision) } },
        ],
        success: [{ request: { case: 'requestPut', value: { key, value } } }],
        failure: [{ request: { case: 'requestRange', value: { key } } }],
      });
      if (!succeeded) throw new Error(`${name} is not at ${revision}`);
      return String(header!.revision);
    },
    range: async () => (await client.kv.range(range)).kvs.map(entryOf),
    replay: (count) =>
      new Promise((resolve, reject) => {
        const entries: Entry[] = [];
        const watch = client.watch(
          { ...range, startRevision: 1n },
          {
            onEvents: (events) => {
              for (const { kv } of events) entries.push(entryOf(kv!));
              if (entries.length < count) return;
              watch.close();
              resolve(entries);
            },
            onEnd: reject,
          },
        );
      }),
    close: () => client.close(),
  };
}

async function connectStorage(endpoint: string): Promise<Contender> {
  const storage = await EtcdStorage.open({ client: { endpoints: [endpoint], timeoutMs: 60_000 } });
  return {
    put: () => Promise.reject(new Error('nothing is put here')),
    range: async () =>
      (await storage.list('/g/r/')).values.map(({ key, value, revision }) => ({
        key: `/registry${key}`,
        value,
        revision: String(revision),
      })),
    close: () => storage.close(),
  };
}

function connectEtcd3(endpoint: string): Contender {
  const client = new Etcd3({
    hosts: endpoint,
    grpcOptions: { 'grpc.max_receive_message_length': -1 },
  });
  return {
    put: (key, value) =>
      client
        .put(key)
        .value(value as Buffer)
        .exec(),
    swap: async (key, value, revision) => {
      const { succeeded, header } = await client
        .if(key, 'Mod', '==', Number(revision))
        .then(client.put(key).value(value as Buffer))
        .else(client.get(key))
        .commit();
      if (!succeeded) throw new Error(`${key} is not at ${revision}`);
      return header.revision;
    },
    range: async () => {
      const { kvs } = await client.getAll().prefix(FILLED).exec();
      return kvs.map(({ key, value, mod_revision }) => ({
        key: key.toString(),
        value,
        revision: mod_revision,
      }));
    },
    replay: async (count) => {
      const watcher = await client.watch().prefix(FILLED).startRevision('1').create();
      const entries: Entry[] = [];
      await new Promise<void>((resolve, reject) => {
        watcher.on('put', ({ key, value, mod_revision }) => {
          entries.push({ key: key.toString(), value, revision: mod_revision });
          if (entries.length === count) resolve();
        });
        watcher.on('error', reject);
      });
      await watcher.cancel();
      return entries;
    },
    close: () => client.close(),
  };
}

function connectBare(endpoint: string): Contender {
  const client = new BareGrpc(endpoint);
  const { key, rangeEnd } = prefixRange(FILLED);
  return {
    put: (name, value) => client.put(name, value),
    range: async () =>
      (await client.range(key, rangeEnd)).map((kv) => ({
        key: kv.key.toString(),
        value: kv.value,
        revision: kv.mod_revision,
      })),
    close: () => client.close(),
  };
}

function entryOf(kv: {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly modRevision: bigint;
}): Entry {
  const { key, value, modRevision } = kv;
  const { buffer, byteOffset, byteLength } = key;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString();
  return { key: text, value, revision: String(modRevision) };
}

type Write = (key: string, value: Uint8Array, revision: string) => Promise<unknown>;

function writing(choose: (contender: Contender) => Write | undefined): Offer {
  return (contender, setup, endpoint) => {
    const write = choose(contender)!;
    const values = valuesOf(setup);
    const prefix = `/written/${process.pid}-${Math.floor(Math.random() * 1e9)}/`;
    const revisions = new Map<string, string>();
    let next = 0;
    // Each of those in flight has keys of its own: none is in another's way.
    const writeSome = async (isOver: (lane: number) => boolean): Promise<void> => {
      await inFlight(async (lane) => {
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

async function digestBelow(endpoint: string, prefix: string): Promise<string> {
  const client = new EtcdClient({ endpoints: [endpoint] });
  const { kvs } = await client.kv.range(prefixRange(prefix));
  await client.close();
  const hash = createHash('sha256');
  for (const { key, value, version } of kvs) {
    hash.update(`${Buffer.from(key).toString().slice(prefix.length)} ${version} `).update(value);
  }
  return hash.digest('hex');
}

function reading(
  choose: (contender: Contender) => ((count: number) => Promise<readonly Entry[]>) | undefined,
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

function listing(contender: Contender): Operations {
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

function digestOf(entries: readonly Entry[]): string {
  const hash = createHash('sha256');
  for (const { key, value, revision } of entries) hash.update(`${key} ${revision} `).update(value);
  return hash.digest('hex');
}

// Values by their index, made anew from a few that are random.
function valuesOf({ seed, size }: Setup): (index: number) => Uint8Array {
  const VALUES = 64;
  const random = seededRandom(seed);
  const values = Array.from({ length: VALUES }, () =>
    Buffer.from(Array.from({ length: size.objectBytes }, () => Math.floor(random() * 256))),
  );
  return (index) => values[index % VALUES]!;
}

async function inFlight(work: (lane: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, lane) => work(lane)));
}
