/** Puts and a watch of them, while another watch replays all objects that etcd was filled with. */

import { setTimeout as pause } from 'node:timers/promises';

import { quantile } from '../statistics.js';
import type { Operation, Setup } from '../trials/contract.js';
import { FILLED, valuesOf } from '../workload/etcd-objects.js';
import type { PoolPeer } from './etcd-pool.js';

const PUT_INTERVAL_MS = 2;
/** Puts that are compared. */
const DIGESTED = 20;

/** `p99Ms` of the puts' answers, `lagP99Ms` until their events came, both from their beginning. */
export function watchedPuts(peer: PoolPeer, setup: Setup): Operation {
  const values = valuesOf(setup);
  return {
    digest: async () => (await putWatched(peer, values, DIGESTED, 0)).told.join('\n'),
    sample: async (budgetMs) => {
      const over = new AbortController();
      const replaying = (async () => {
        do await replay(peer, setup.size.objects);
        while (!over.signal.aborted);
      })();
      const count = Math.max(1, Math.round(budgetMs / PUT_INTERVAL_MS));
      const { putMs, lagsMs } = await putWatched(peer, values, count, PUT_INTERVAL_MS);
      over.abort();
      await replaying;
      return { p99Ms: quantile(putMs, 0.99), lagP99Ms: quantile(lagsMs, 0.99) };
    },
  };
}

interface Watched {
  readonly putMs: readonly number[];
  readonly lagsMs: readonly number[];
  /** What the watch has told. */
  readonly told: readonly string[];
}

/** Puts one at every interval, or one behind the other's answer. Throws for what is not told. */
async function putWatched(
  peer: PoolPeer,
  values: (index: number) => Uint8Array,
  count: number,
  intervalMs: number,
): Promise<Watched> {
  const prefix = `/watched/${process.pid}-${Math.floor(Math.random() * 1e9)}/`;
  const startedMs: number[] = [];
  const putMs: number[] = [];
  const lagsMs: number[] = [];
  const told: string[] = [];
  const put = async (index: number): Promise<void> => {
    startedMs[index] = performance.now();
    await peer.put(`${prefix}${index}`, values(index));
    putMs.push(performance.now() - startedMs[index]!);
  };
  await watchUntil(
    peer,
    prefix,
    0n,
    async (reached) => {
      const puts: Promise<void>[] = [];
      const beganMs = performance.now();
      for (let index = 0; index < count; index++) {
        await pause(Math.max(0, beganMs + index * intervalMs - performance.now()));
        puts.push(put(index));
        if (intervalMs === 0) await puts.at(-1);
      }
      await Promise.all(puts);
      await reached(count);
    },
    (key, value) => {
      const name = key.slice(prefix.length);
      told.push(`${name} ${Buffer.from(value).toString('latin1')}`);
      lagsMs.push(performance.now() - startedMs[Number(name)]!);
    },
  );
  if (told.length !== count || new Set(told).size !== count) {
    throw new Error(`${told.length} events of ${count} puts`);
  }
  return { putMs, lagsMs, told };
}

/** Has a new watch tell all objects. */
async function replay(peer: PoolPeer, objects: number): Promise<void> {
  await watchUntil(
    peer,
    FILLED,
    1n,
    (reached) => reached(objects),
    () => undefined,
  );
}

// Watches while something is done that may wait for so many events.
async function watchUntil(
  peer: PoolPeer,
  prefix: string,
  startRevision: bigint,
  during: (reached: (count: number) => Promise<void>) => Promise<void>,
  onEvent: (key: string, value: Uint8Array) => void,
): Promise<void> {
  let seen = 0;
  let onSeen = (): void => undefined;
  const end = await peer.watch(
    prefix,
    (events) => {
      for (const { kv } of events) onEvent(Buffer.from(kv!.key).toString(), kv!.value);
      seen += events.length;
      onSeen();
    },
    startRevision,
  );
  await during(
    (count) =>
      new Promise((resolve) => {
        onSeen = () => (seen >= count ? resolve() : undefined);
        onSeen();
      }),
  );
  end();
}
