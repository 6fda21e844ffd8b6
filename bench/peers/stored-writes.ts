/**
 * Writers of a storage on etcd while its connections are dropped, and what came of each write: what
 * was acknowledged is there and was told to a watch once and in order.
 */

import { EtcdStorage, type EtcdClientOptions } from '../../lib/storage/etcd/index.js';
import { StorageError, type StorageWatch } from '../../lib/storage/index.js';
import { cpuSince } from '../kernel.js';
import { quantile } from '../statistics.js';
import type { Sample } from '../trials/contract.js';
import { inFlight } from '../workload/etcd-objects.js';
import { DroppedConnections } from './dropped-connections.js';

const OBJECTS = '/g/r/';
const IN_FLIGHT = 64;
/** 25 a second: of the twelve that a client has, each twice. */
const DROP_INTERVAL_MS = 40;

/** A key, and what became of its writes. */
export interface Lane {
  readonly key: string;
  /** Of the last write that is known to be applied; 0n: none is. */
  revision: bigint;
  value: Uint8Array;
  /** Revisions that the watch has told. */
  readonly told: bigint[];
  /** Revisions of writes that were acknowledged. */
  readonly acknowledged: bigint[];
  /** Writes of which nobody told what became of them. */
  unknown: number;
}

export interface StoredWritesOptions {
  readonly endpoint: string;
  readonly connections?: number;
  readonly isDisturbed: boolean;
  readonly values: (index: number) => Uint8Array;
}

export class StoredWrites {
  readonly #storage: EtcdStorage;
  readonly #drops: DroppedConnections;
  readonly #isDisturbed: boolean;
  readonly #values: (index: number) => Uint8Array;
  readonly #lanes: readonly Lane[];
  readonly #watch: StorageWatch;
  #failure: Error | undefined;
  #next = 0;

  private constructor(
    storage: EtcdStorage,
    drops: DroppedConnections,
    { isDisturbed, values }: StoredWritesOptions,
    begin: bigint,
  ) {
    this.#storage = storage;
    this.#drops = drops;
    this.#isDisturbed = isDisturbed;
    this.#values = values;
    this.#lanes = Array.from({ length: IN_FLIGHT }, (_, lane) => ({
      key: `${OBJECTS}${String(lane).padStart(3, '0')}`,
      revision: 0n,
      value: values(0),
      told: [],
      acknowledged: [],
      unknown: 0,
    }));
    const byKey = new Map(this.#lanes.map((lane) => [lane.key, lane]));
    this.#watch = storage.watch(OBJECTS, begin, {
      onChanges: (changes) => {
        for (const { key, revision } of changes) byKey.get(key)?.told.push(revision);
      },
      onProgress: () => undefined,
      onEnd: (error) => (this.#failure = error),
    });
  }

  static async open(options: StoredWritesOptions): Promise<StoredWrites> {
    const drops = new DroppedConnections(options.endpoint);
    const { connections } = options;
    const client: EtcdClientOptions = {
      endpoints: [options.endpoint],
      ...(connections === undefined ? {} : { connections }),
    };
    // Those that are compared share an etcd, and hear nothing of each other.
    const prefix = `/dropped-${process.pid}-${Math.floor(Math.random() * 1e9)}`;
    const storage = await EtcdStorage.open({ client, prefix });
    return new StoredWrites(storage, drops, options, await storage.committedRevision());
  }

  /** Throws where something is lost, doubled or out of order. */
  async sample(budgetMs: number): Promise<Sample> {
    const timesMs: number[] = [];
    const before = process.cpuUsage();
    const startedMs = performance.now();
    const deadlineMs = startedMs + budgetMs;
    if (this.#isDisturbed) this.#drops.start(DROP_INTERVAL_MS);
    await inFlight(IN_FLIGHT, async (index) => {
      const lane = this.#lanes[index]!;
      do {
        const beganMs = performance.now();
        if (await this.#write(lane)) timesMs.push(performance.now() - beganMs);
      } while (performance.now() < deadlineMs);
    });
    this.#drops.stop();
    const wallUs = ((performance.now() - startedMs) * 1e3) / timesMs.length;
    const cpuUs = cpuSince(before) / timesMs.length;
    await this.#check();
    return { wallUs, cpuUs, p50Ms: quantile(timesMs, 0.5), p99Ms: quantile(timesMs, 0.99) };
  }

  async close(): Promise<void> {
    this.#watch.close();
    this.#drops.close();
    await this.#storage.close();
  }

  // Whether it was acknowledged.
  async #write(lane: Lane): Promise<boolean> {
    const { key, revision: expected } = lane;
    const value = this.#newValue();
    try {
      const result = await this.#storage.write({ key, expected, value });
      // One of which nothing was known has come late.
      if (!result.ok && lane.unknown > 0) return await this.#find(lane);
      if (!result.ok) throw new Error(`${key} is not at ${expected}`);
      lane.revision = result.revision;
      lane.value = value;
      lane.acknowledged.push(result.revision);
      return true;
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'unavailable') throw error;
      lane.unknown++;
      return this.#find(lane);
    }
  }

  // Nobody has told what became of a write: now its key does.
  async #find(lane: Lane): Promise<false> {
    for (;;) {
      try {
        const current = await this.#storage.get(lane.key);
        lane.revision = current?.revision ?? 0n;
        if (current !== undefined) lane.value = current.value;
        return false;
      } catch (error) {
        if (!(error instanceof StorageError) || error.code !== 'unavailable') throw error;
      }
    }
  }

  // Another one than any before.
  #newValue(): Uint8Array {
    const index = this.#next++;
    const value = Buffer.from(this.#values(index));
    value.writeUInt32LE(index);
    return value;
  }

  async #check(): Promise<void> {
    await this.#caughtUp();
    for (const lane of this.#lanes) {
      const fault = faultOf(lane);
      if (fault !== undefined) throw new Error(`${lane.key}: ${fault}`);
      const current = await this.#storage.get(lane.key);
      const isThere = current?.revision === lane.revision;
      if (!isThere || !Buffer.from(current.value).equals(lane.value)) {
        throw new Error(`${lane.key}: is not what was acknowledged at ${lane.revision}`);
      }
    }
  }

  async #caughtUp(): Promise<void> {
    const last = this.#lanes.filter(({ revision }) => revision > 0n);
    while (last.some(({ told, revision }) => (told.at(-1) ?? 0n) < revision)) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** What a watch was told wrongly of a key; `undefined` where nothing was. */
export function faultOf({
  told,
  acknowledged,
  unknown,
}: Pick<Lane, 'told' | 'acknowledged' | 'unknown'>): string | undefined {
  const known = new Set(told);
  const lost = acknowledged.filter((revision) => !known.has(revision));
  if (lost.length > 0) return `the watch does not know of ${lost.join(', ')}`;
  const isRising = told.every((revision, index) => index === 0 || revision > told[index - 1]!);
  if (!isRising) return `out of order, or doubled: ${told.join(', ')}`;
  const strange = told.length - acknowledged.length;
  return strange > unknown ? `${strange} more than were written` : undefined;
}
