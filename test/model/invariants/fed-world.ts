/**
 * What the invariants are tested on: a cache that a real storage feeds, and a plain model of it,
 * the state at every revision. The steps of a batch are written at the same time; the model learns
 * their order from the revisions that the storage gives them.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';

import { WatchCache, type WatchCacheOptions } from '../../../lib/cache/index.js';
import type { EngineKind } from '../../../lib/engine/index.js';
import { MemoryStorage, type Storage, StorageError } from '../../../lib/storage/index.js';
import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import { PREFIX, turn, type Widget, widget } from '../../cache/fixture.js';
import { GatedStorage } from '../../cache/gated-storage.js';
import type { ModelledCache, State, Step } from '../../cache/model-checks.js';
import { ManualClock } from '../../clock.js';
import { ENGINES } from '../../engine/engines.js';

export const STORAGES = ['memory', 'lmdb'] as const;

export type StorageKind = (typeof STORAGES)[number];

/** What a test runs on. */
export interface Setting {
  readonly engine: EngineKind;
  readonly storage: StorageKind;
}

/** Histories that a property is tried with; each of lmdb's writes waits for the disk. */
const RUNS: Readonly<Record<StorageKind, number>> = { memory: 20, lmdb: 5 };

/** How long a cache takes at most to be filled anew, pauses included. */
const REFILL_MS = 31_000;

/** Declares a test of an invariant, once for each engine and each storage. */
export function invariantTest(
  invariant: number,
  behaviour: string,
  run: (t: ExecutionContext, setting: Setting) => void | Promise<void>,
): void {
  for (const { kind: engine } of ENGINES) {
    for (const storage of STORAGES) {
      test(`invariant ${invariant}: ${behaviour} (${engine}, ${storage})`, (t) =>
        run(t, { engine, storage }));
    }
  }
}

/** Tries a property with histories; a failure prints the seed and the shortest history. */
export function tryHistories<Values extends [unknown, ...unknown[]]>(
  { storage }: Setting,
  values: { [At in keyof Values]: fc.Arbitrary<Values[At]> },
  check: (...values: Values) => Promise<void>,
): Promise<void> {
  return fc.assert(fc.asyncProperty(...values, check), { numRuns: RUNS[storage] });
}

/** Opens an empty storage; `discard` closes it and leaves nothing of it. */
export async function openStorage(
  kind: StorageKind,
  clock: ManualClock,
): Promise<{ storage: Storage; discard: () => Promise<void> }> {
  if (kind === 'memory') {
    const storage = new MemoryStorage({ clock });
    return { storage, discard: () => storage.close() };
  }
  const path = await mkdtemp(join(tmpdir(), 'shardwatch-invariants-'));
  const storage = await LmdbStorage.open({ path, clock });
  return {
    storage,
    discard: async () => {
      await storage.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}

export class FedWorld implements ModelledCache {
  readonly clock: ManualClock;
  readonly storage: GatedStorage;
  readonly cache: WatchCache<Widget>;
  readonly states = new Map<bigint, State>([[1n, new Map()]]);
  revision = 1n;
  readonly #discard: () => Promise<void>;
  #number = 0;

  private constructor(
    setting: Setting,
    clock: ManualClock,
    opened: Awaited<ReturnType<typeof openStorage>>,
    options: WatchCacheOptions,
  ) {
    this.clock = clock;
    this.storage = new GatedStorage({ inner: opened.storage });
    this.#discard = opened.discard;
    this.cache = new WatchCache<Widget>({
      engine: setting.engine,
      fields: ['spec.color'],
      clock,
      random: () => 0.5,
      feed: { storage: this.storage, prefix: PREFIX, namespaced: true },
      ...options,
    });
  }

  /** Runs `use` on a world of its own, filled and empty, and leaves nothing of it. */
  static async with(
    setting: Setting,
    options: WatchCacheOptions,
    use: (world: FedWorld) => Promise<void>,
  ): Promise<void> {
    const clock = new ManualClock();
    const opened = await openStorage(setting.storage, clock);
    const world = new FedWorld(setting, clock, opened, options);
    try {
      await world.cache.ready();
      await use(world);
    } finally {
      await world.cache.close();
      await world.#discard();
    }
    assert.equal(clock.pending, 0, 'a timer is left');
  }

  get state(): State {
    return this.states.get(this.revision)!;
  }

  get oldestListed(): bigint {
    return this.storage.compactedRevision();
  }

  /** Writes batch by batch; `replace` makes the cache lose its history. */
  async run(history: readonly Step[]): Promise<void> {
    let batch: Step[] = [];
    for (const step of history) {
      if (!step.batched || step.replace) {
        await this.write(batch);
        batch = [];
      }
      if (step.replace) await this.loseHistory();
      batch.push(step);
    }
    await this.write(batch);
    await this.settle();
  }

  /** Writes all of these at once; of two that meet at a key one is refused and changes nothing. */
  async write(batch: readonly Step[]): Promise<void> {
    const { state } = this;
    const results = await Promise.all(
      batch.map(async ({ type, namespace, name, tier, color }) => {
        const key = `${namespace}/${name}`;
        const expected = state.get(key)?.revision ?? 0n;
        if (type === 'delete' && expected === 0n) return undefined;
        const object = widget(namespace, name, { labels: { tier }, color, value: this.#number++ });
        const value = type === 'put' ? Buffer.from(JSON.stringify(object)) : null;
        const result = await this.storage.write({ key: PREFIX + key, expected, value });
        return result.ok ? { type, key, object, revision: result.revision } : undefined;
      }),
    );
    const written = results.filter((result) => result !== undefined);
    written.sort((left, right) => (left.revision < right.revision ? -1 : 1));
    for (const { type, key, object, revision } of written) {
      assert.equal(revision, this.revision + 1n, 'a write takes exactly one revision');
      const next = new Map(this.state);
      if (type === 'put') next.set(key, { revision, object });
      else next.delete(key);
      this.#reach(revision, next);
    }
  }

  /** A write that is none of the cache's: the revision rises, the state stays. */
  async writeElsewhere(): Promise<void> {
    const key = `/example.com/others/ns/x${this.revision}`;
    const value = Buffer.from(`${this.revision}`);
    const result = await this.storage.write({ key, expected: 0n, value });
    assert.ok(result.ok);
    this.#reach(result.revision, this.state);
  }

  /** The storage compacts all there is, and the cache has to list it anew. */
  async loseHistory(): Promise<void> {
    await this.settle();
    await this.storage.compact(this.revision);
    this.storage.endWatches(new StorageError('compacted', 'lost'));
    await this.refill();
  }

  async refill(): Promise<void> {
    this.clock.advance(REFILL_MS);
    await this.cache.ready();
    await this.settle();
  }

  /** Resolves when the cache has reached the model. */
  async settle(): Promise<void> {
    while (BigInt(this.cache.resourceVersion) < this.revision) await turn();
  }

  #reach(revision: bigint, state: State): void {
    this.revision = revision;
    this.states.set(revision, state);
  }
}
