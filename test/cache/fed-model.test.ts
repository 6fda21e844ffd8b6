/**
 * Random histories of a fed cache against a plain model: writes, a feed that is held back, broken
 * and lost, compaction, and time that passes, with reads and a watch under way all the while.
 *
 * Checked: a consistent list is not older than what was acknowledged when it was asked for, and is
 * the state of its revision; so is what a watch has told, at every event and every bookmark.
 */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { CacheError, WatchCache, type WatchStream } from '../../lib/cache/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { type Storage, StorageError } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';
import { openStorage, type StorageKind, STORAGES } from '../model/invariants/fed-world.js';
import { cacheTest, keys, PREFIX, store, turn, unstore, type Widget, widget } from './fixture.js';
import { GatedStorage } from './gated-storage.js';

const NAMES = ['a', 'a-b', 'b', 'é'];

type Step = { readonly type: string; readonly name: string; readonly ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    type: fc.constantFrom(
      ...['put', 'put', 'put', 'delete', 'foreign', 'list', 'list', 'drain', 'drain', 'compact'],
      ...['hold', 'release', 'release', 'break', 'lose', 'time', 'trim'],
    ),
    name: fc.constantFrom(...NAMES),
    ms: fc.constantFrom(50, 500, 3_100, 15_100, 61_300),
  }),
  { minLength: 1, maxLength: 60, size: 'max' },
);

class FedRun {
  readonly storage: GatedStorage;
  readonly clock: ManualClock;
  readonly cache: WatchCache<Widget>;
  /** What the prefix holds at every revision, `name` to revision. */
  readonly states: Map<string, bigint>[] = [new Map(), new Map()];
  readonly #lists: Promise<void>[] = [];
  #stream: WatchStream<Widget> | undefined;
  #source: ReturnType<WatchStream<Widget>['source']> | undefined;
  #seen = new Map<string, bigint>();
  #reached = 0n;
  bookmarks = 0;

  constructor(engine: EngineKind, clock: ManualClock, inner: Storage) {
    this.clock = clock;
    this.storage = new GatedStorage({ inner });
    this.cache = new WatchCache<Widget>({
      engine,
      clock: this.clock,
      random: () => 0.5,
      history: { entriesMin: 2, entriesMax: 6 },
      feed: { storage: this.storage, prefix: PREFIX, namespaced: true },
    });
  }

  async step({ type, name, ms }: Step): Promise<void> {
    const { storage } = this;
    const state = this.states.at(-1)!;
    if (type === 'put') this.#wrote(name, await store(storage, widget('ns', name, { value: ms })));
    else if (type === 'delete' && state.has(name)) await this.#delete(name);
    else if (type === 'foreign') await this.#writeForeign();
    else if (type === 'list') this.#lists.push(this.#list());
    else if (type === 'compact') await storage.compact(await storage.committedRevision());
    else if (type === 'hold') storage.hold();
    else if (type === 'release') storage.release();
    else if (type === 'break') storage.endWatches(new StorageError('unavailable', 'broken'));
    else if (type === 'lose') storage.endWatches(new StorageError('compacted', 'lost'));
    else if (type === 'time' || type === 'trim') this.clock.advance(type === 'time' ? ms : 15_000);
    if (ms !== 50) await turn();
    if (type === 'drain') await this.#drain(ms);
  }

  /** Everything comes to rest: the cache and the watch are where the storage is. */
  async finish(): Promise<void> {
    this.storage.release();
    for (let round = 0; round < 6; round++) {
      await turn();
      this.clock.advance(31_000);
      await this.#drain(Infinity);
    }
    await Promise.all(this.#lists);
    assert.equal(this.cache.resourceVersion, String(this.states.length - 1));
    assert.deepEqual(sorted(this.#seen), sorted(this.states.at(-1)!));
    this.#stream?.close();
    await this.cache.close();
    await turn();
    assert.deepEqual([this.clock.pending, this.storage.watches], [0, 0]);
    assert.deepEqual([this.cache.stats().roots, this.cache.stats().watches], [0, 0]);
  }

  async #delete(name: string): Promise<void> {
    const revision = await unstore(this.storage, 'ns', name);
    const next = new Map(this.states.at(-1));
    next.delete(name);
    assert.equal(this.states.push(next) - 1, Number(revision));
  }

  #wrote(name: string, revision: string): void {
    // A write that changes nothing keeps the revision.
    if (Number(revision) < this.states.length) return;
    const next = new Map(this.states.at(-1)).set(name, BigInt(revision));
    assert.equal(this.states.push(next) - 1, Number(revision));
  }

  async #writeForeign(): Promise<void> {
    const value = Buffer.from(String(this.states.length));
    const key = `/example.com/others/ns/x${this.states.length}`;
    await this.storage.write({ key, expected: 0n, value });
    this.states.push(this.states.at(-1)!);
  }

  async #list(): Promise<void> {
    const least = this.states.length - 1;
    try {
      const list = await this.cache.list();
      const revision = Number(list.resourceVersion);
      assert.ok(revision >= least, `list at ${revision}, acknowledged ${least}`);
      assert.deepEqual(keys(list), sorted(this.states[revision]!));
    } catch (error) {
      if (!(error instanceof CacheError) || error.code !== 'not-ready') throw error;
    }
  }

  /** As an informer does it: lists and watches again when the stream is over. */
  async #drain(maxEvents: number): Promise<void> {
    if (this.#source === undefined && !(await this.#open())) return;
    for (let count = 0; count < maxEvents;) {
      const drained = this.#source!.drain(2);
      if (drained.type === 'end') this.#source = undefined;
      if (drained.type !== 'events') return;
      count += drained.events.length;
      for (const { type, object } of drained.events) {
        const revision = BigInt(object.resourceVersion);
        if (type === 'BOOKMARK') {
          this.bookmarks++;
          assert.ok(revision >= this.#reached, 'a bookmark behind an event');
        } else {
          assert.ok(revision > this.#reached, 'events rise, also above bookmarks');
          if (type === 'DELETED') this.#seen.delete(object.name);
          else this.#seen.set(object.name, revision);
        }
        this.#reached = revision;
        assert.deepEqual(sorted(this.#seen), sorted(this.states[Number(revision)]!));
      }
    }
  }

  async #open(): Promise<boolean> {
    if (!this.cache.isReady) return false;
    try {
      const list = await this.cache.list({ resourceVersion: '0' });
      const { resourceVersion } = list;
      this.#seen = new Map(
        Array.from(list.objects(), (object) => [object.name, BigInt(object.resourceVersion)]),
      );
      this.#reached = BigInt(resourceVersion);
      this.#stream = await this.cache.watch({ resourceVersion, allowBookmarks: true });
    } catch (error) {
      if (error instanceof CacheError && error.code === 'not-ready') return false;
      throw error;
    }
    this.#source = this.#stream.source();
    return true;
  }
}

function sorted(state: ReadonlyMap<string, bigint>): string[] {
  return [...state]
    .sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .map(([name, revision]) => `ns/${name}@${revision}`);
}

/** Each of lmdb's writes waits for the disk. */
const RUNS: Readonly<Record<StorageKind, number>> = { memory: 60, lmdb: 12 };

for (const kind of STORAGES) {
  cacheTest(
    `a cache fed by ${kind} is never stale, whatever happens to its feed`,
    async (t, engine) => {
      let bookmarks = 0;
      const property = fc.asyncProperty(steps, async (history) => {
        const clock = new ManualClock();
        const { storage, discard } = await openStorage(kind, clock);
        const run = new FedRun(engine, clock, storage);
        for (const step of history) await run.step(step);
        await run.finish();
        bookmarks += run.bookmarks;
        await discard();
      });
      await fc.assert(property, { numRuns: RUNS[kind] });
      t.true(bookmarks > 0);
    },
  );
}
