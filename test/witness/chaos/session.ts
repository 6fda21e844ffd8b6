/**
 * Servers over an etcd, under clients, while servers and members are killed. In the end the history
 * of all clients is judged (`test/history/judge.ts`) against what etcd itself tells, and informers
 * of all servers have what is in etcd.
 */

import { setTimeout as pause } from 'node:timers/promises';

import { EtcdClient, prefixRange, type EtcdWatch } from '../../../lib/storage/etcd/index.js';
import { Chance, drawSeed, SEED_VARIABLE } from '../../chance.js';
import { History, type Present } from '../../history/history.js';
import { judge } from '../../history/judge.js';
import { type EtcdCluster, startCluster } from '../../storage/etcd/member.js';
import { Follower, Informer, type Known, Writer } from './clients.js';
import { ETCD_PREFIX, type FleetServer, startFleet } from './fleet.js';

const WRITERS = 6;
const FOLLOWERS = 4;
/** What informers may take at the end: their pauses grow while their server is away. */
const SETTLE_MS = 120_000;
const LOOK_MS = 50;

export interface ChaosOptions {
  readonly members: number;
  readonly servers: number;
  /** Between two writes of a writer. */
  readonly writePauseMs: number;
  /** Kills what it likes until it resolves. */
  readonly disturb: (disturbance: Disturbance) => Promise<void>;
  readonly say: (text: string) => void;
}

export interface Disturbance {
  readonly chance: Chance;
  readonly cluster: EtcdCluster;
  readonly servers: readonly FleetServer[];
  /** Resolves when so many more writes were acknowledged. */
  readonly progress: (writes: number) => Promise<void>;
  readonly say: (text: string) => void;
}

export interface ChaosSummary {
  readonly seed: number;
  readonly changes: number;
  readonly acknowledged: number;
  /** Writes without an answer. */
  readonly unknown: number;
  /** Those of them that have happened. */
  readonly foundOut: number;
  readonly lists: number;
  readonly watches: number;
  readonly expired: number;
  readonly informerEvents: number;
}

/** Throws what is wrong, with the seed. */
export async function runChaos(options: ChaosOptions): Promise<ChaosSummary> {
  const seed = drawSeed();
  options.say(`${SEED_VARIABLE}=${seed}`);
  const ends: (() => Promise<void> | void)[] = [];
  try {
    return { seed, ...(await run(options, seed, ends)) };
  } catch (error) {
    throw new Error(`${SEED_VARIABLE}=${seed}: ${String(error)}`, { cause: error });
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function run(
  { members, servers: serverCount, writePauseMs, disturb, say }: ChaosOptions,
  seed: number,
  ends: (() => Promise<void> | void)[],
): Promise<Omit<ChaosSummary, 'seed'>> {
  const scope = { teardown: (end: () => Promise<void>): void => void ends.push(end) };
  const cluster = await startCluster(scope, { size: members });
  const { servers, stop } = await startFleet(serverCount, cluster.endpoints);
  ends.push(stop);
  const etcd = new EtcdClient({ endpoints: cluster.endpoints });
  ends.push(() => etcd.close());
  const first = await readStore(etcd);
  const history = new History();
  ends.push(followStore(etcd, history, first.revision));

  const over = new AbortController();
  ends.push(() => over.abort());
  const known: Known = new Map();
  const writing = Array.from({ length: WRITERS }, (_, index) =>
    new Writer(`w${index}`, servers, history, known, new Chance(seed, index)).run(
      over.signal,
      writePauseMs,
    ),
  );
  const followers = Array.from(
    { length: FOLLOWERS },
    (_, index) => new Follower(`f${index}`, servers, history, new Chance(seed, 100 + index)),
  );
  const gone = new AbortController();
  ends.push(() => gone.abort());
  const following = followers.map((follower) => follower.run(gone.signal));
  const informers = servers.map((server) => new Informer(server));
  ends.push(() => informers.forEach((informer) => informer.close()));

  const progress = (writes: number): Promise<void> => progressed(history, writes);
  await disturb({ chance: new Chance(seed, 1_000), cluster, servers, progress, say });
  await progress(50);
  over.abort();
  await Promise.all(writing);
  const last = await readStore(etcd);
  await settle('followers', () => {
    const behind = followers.filter(({ revision }) => revision < lastChange(last, history));
    return behind.length === 0 ? '' : `${behind.length} have not heard of the end`;
  });
  await settle('informers', () =>
    informers.map((informer) => informer.differenceFrom(last.items)).find((text) => text !== ''),
  );
  gone.abort();
  await Promise.all(following);
  const verdict = judge(history, { first, last });
  if (verdict.faults.length > 0) throw new Error(verdict.faults.join('\n'));
  const isUnknown = ({ outcome }: { outcome: { kind: string } }): boolean =>
    outcome.kind === 'unknown';
  return {
    changes: verdict.changes,
    acknowledged: verdict.acknowledged,
    unknown: history.attempts.filter(isUnknown).length,
    foundOut: verdict.foundOut,
    lists: history.lists.length,
    watches: followers.reduce((sum, { watches }) => sum + watches, 0),
    expired: followers.reduce((sum, { expired }) => sum + expired, 0),
    informerEvents: informers.reduce((sum, { events }) => sum + events, 0),
  };
}

interface StoreState {
  readonly revision: bigint;
  readonly items: ReadonlyMap<string, Present>;
}

// What is there, read from etcd itself, once it answers.
async function readStore(etcd: EtcdClient): Promise<StoreState> {
  for (;;) {
    try {
      const { kvs, header } = await etcd.kv.range(prefixRange(ETCD_PREFIX));
      const items = kvs.map(({ key, value, modRevision }): [string, Present] => [
        nameOf(key),
        { value: imageOf(value), revision: modRevision },
      ]);
      return { revision: header!.revision, items: new Map(items) };
    } catch {
      await pause(LOOK_MS);
    }
  }
}

// What happened, told by etcd itself. Returns what ends it.
function followStore(etcd: EtcdClient, history: History, after: bigint): () => void {
  const stream = history.stream('etcd', after);
  const range = prefixRange('/');
  const watch: EtcdWatch = etcd.watch(
    { ...range, startRevision: after + 1n, prevKv: true, progressNotify: true },
    {
      onEvents: (events) => {
        for (const { type, kv, prevKv } of events) {
          const revision = kv!.modRevision;
          stream.reached(revision);
          if (!Buffer.from(kv!.key).toString().startsWith(ETCD_PREFIX)) continue;
          const value = imageOf((type === 0 ? kv : prevKv)!.value);
          const change = { key: nameOf(kv!.key), value, revision };
          stream.change({ type: type === 0 ? 'put' : 'delete', ...change });
        }
      },
      onProgress: (revision) => stream.reached(revision),
      onEnd: (error) => {
        if (error.code !== 'closed') throw error;
      },
    },
  );
  return () => watch.close();
}

async function progressed(history: History, writes: number): Promise<void> {
  const until = history.applied + writes;
  while (history.applied < until) await pause(LOOK_MS);
}

// `problem` tells what is still missing; '' or undefined: nothing.
async function settle(who: string, problem: () => string | undefined): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const missing = problem() ?? '';
    if (missing === '') return;
    if (performance.now() > deadline) throw new Error(`${who} did not come to the end: ${missing}`);
    await pause(LOOK_MS);
  }
}

// The last revision that is an object's: those behind it nobody hears of at once.
function lastChange({ revision }: StoreState, { streams }: History): bigint {
  let last = 0n;
  for (const { changes } of streams) {
    const newest = changes.at(-1)?.revision ?? 0n;
    if (newest > last && newest <= revision) last = newest;
  }
  return last;
}

const nameOf = (key: Uint8Array): string => Buffer.from(key).toString().slice(ETCD_PREFIX.length);

function imageOf(value: Uint8Array): string {
  const object = JSON.parse(Buffer.from(value).toString()) as { spec: { image: string } };
  return object.spec.image;
}
