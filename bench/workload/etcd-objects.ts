/** What is in an etcd under measurement, and what contenders tell of it. */

import { createHash } from 'node:crypto';

import { EtcdClient, keyBytes, prefixRange } from '../../lib/storage/etcd/index.js';
import type { Setup } from '../trials/contract.js';
import { seededRandom } from './random.js';

/** Where the objects are that are ranged over and replayed. */
export const FILLED = '/registry/g/r/';

const FILL_IN_FLIGHT = 64;

/** What is told of a key; only what all contenders can tell. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: string;
}

/** Puts as many objects as the setup wants there. */
export async function fillEtcd(endpoint: string, setup: Setup): Promise<void> {
  const client = new EtcdClient({ endpoints: [endpoint], timeoutMs: 60_000 });
  const values = valuesOf(setup);
  let next = 0;
  await inFlight(FILL_IN_FLIGHT, async () => {
    while (next < setup.size.objects) {
      const index = next++;
      await client.kv.put({ key: keyBytes(filledKey(index)), value: values(index) });
    }
  });
  await client.close();
}

export function filledKey(index: number): string {
  return `${FILLED}${String(index).padStart(7, '0')}`;
}

/** Values by their index, made anew from a few that are random. */
export function valuesOf({ seed, size }: Setup): (index: number) => Uint8Array {
  const VALUES = 64;
  const random = seededRandom(seed);
  const values = Array.from({ length: VALUES }, () =>
    Buffer.from(Array.from({ length: size.objectBytes }, () => Math.floor(random() * 256))),
  );
  return (index) => values[index % VALUES]!;
}

/** So much work at once; each is told which it is. */
export async function inFlight(
  count: number,
  work: (lane: number) => Promise<void>,
): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, lane) => work(lane)));
}

export function entryOf(kv: {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly modRevision: bigint;
}): Entry {
  const { key, value, modRevision } = kv;
  const { buffer, byteOffset, byteLength } = key;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString();
  return { key: text, value, revision: String(modRevision) };
}

export function digestOf(entries: readonly Entry[]): string {
  const hash = createHash('sha256');
  for (const { key, value, revision } of entries) hash.update(`${key} ${revision} `).update(value);
  return hash.digest('hex');
}

/** Of what is below the prefix now: keys without it, versions, values. */
export async function digestBelow(endpoint: string, prefix: string): Promise<string> {
  const client = new EtcdClient({ endpoints: [endpoint] });
  const { kvs } = await client.kv.range(prefixRange(prefix));
  await client.close();
  const hash = createHash('sha256');
  for (const { key, value, version } of kvs) {
    hash.update(`${Buffer.from(key).toString().slice(prefix.length)} ${version} `).update(value);
  }
  return hash.digest('hex');
}
