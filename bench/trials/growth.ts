/**
 * What grows with the number of objects, and what must not: each operation on a cache of a thousand
 * objects and on one of a million, in turn in the same process. A row is the time with many over
 * the time with few; caches that are looked through would have it at a thousand.
 *
 * Objects have a field that a hundred of them share, and which are scattered over all namespaces:
 * the selector of `selector-100-matches` keeps a hundred objects in both caches.
 */

import type { Hash } from 'node:crypto';

import { DEFAULT_HISTORY } from '../../lib/cache/index.js';
import {
  createEngineCache,
  type EngineCache,
  type EngineKind,
  type ListQuery,
  type Put,
} from '../../lib/engine/index.js';
import { seededRandom } from '../workload/random.js';
import type { Effort, Operations, RowPlan, Setup, Trial } from './contract.js';
import { manyOverFew, type Measured } from './few-and-many.js';

/** What the large cache is compared with. */
const FEW = 1_000;

/** Objects that have the same value. */
const SHARING = 100;

const NAMESPACES = 64;
const SHARDS = 16;

/** As many objects as one apply brings while a cache is loaded. */
const LOADED_TOGETHER = 1_000;

/** Room for a hundred objects. */
const PAGE_BYTES = 1024 * 1024;

/** Calls that are timed together: the clock's own grain is lost in them. */
const TIMED_TOGETHER = 16;

/** A watch begins so many events before the newest. */
const RESUMED_EVENTS = 4n;

const NOTHING: readonly Uint8Array[] = [];

const FIELD = 'spec.nodeName';

const NAMES = ['get', 'apply', 'page-100', 'watch-start', 'selector-100-matches'] as const;

type Name = (typeof NAMES)[number];

export const growthTrials: readonly Trial[] = [
  {
    name: 'growth',
    full: effort(1_000_000, 20, 300),
    quick: effort(50_000, 10, 60),
    engine,
    rivals: {},
    rows: NAMES.map(rowOf),
  },
];

function effort(objects: number, rounds: number, budgetMs: number): Effort {
  const size = { objects, objectBytes: 1_024, updates: objects / 10 };
  return { size, sets: 1, rounds, budgetMs };
}

function rowOf(name: Name): RowPlan {
  return {
    kind: 'value',
    case: `growth/${name}`,
    against: 'small',
    operation: name,
    metric: 'manyOverFew',
    metricUnit: 'x',
  };
}

function engine({ engine: kind, size, seed }: Setup): Operations {
  const sides = [
    new Side(kind, Math.min(FEW, size.objects), size.objectBytes, seed),
    new Side(kind, size.objects, size.objectBytes, seed),
  ] as const;
  sides[1].update(size.updates);
  const [few, many] = sides;
  return Object.fromEntries(
    NAMES.map((name) => [name, manyOverFew(few.measured(name), many.measured(name))]),
  );
}

/** One cache and what is done with it. */
class Side {
  readonly #cache: EngineCache;
  readonly #objects: number;
  readonly #filler: string;
  readonly #random: () => number;
  readonly #target = new Uint8Array(PAGE_BYTES);
  #revision = 0n;
  #version = 0;

  constructor(engine: EngineKind, objects: number, objectBytes: number, seed: number) {
    this.#objects = objects;
    this.#random = seededRandom(seed);
    this.#filler = 'x'.repeat(Math.max(0, objectBytes - this.#text(0, '').length));
    this.#cache = createEngineCache(engine, {
      name: 'pods',
      shardCount: SHARDS,
      fields: [FIELD],
      history: DEFAULT_HISTORY,
      now: () => performance.now(),
    });
    for (let index = 0; index < objects; index += LOADED_TOGETHER) {
      const end = Math.min(objects, index + LOADED_TOGETHER);
      this.#cache.apply(Array.from({ length: end - index }, (_, at) => this.#put(index + at)));
    }
  }

  /** Puts new versions of random objects. */
  update(count: number): void {
    for (let left = count; left > 0; left--) this.#cache.apply([this.#put(this.#pick())]);
  }

  measured(name: Name): Measured {
    return { time: () => this.#time(name), tell: (hash) => this.#tell(name, hash) };
  }

  /** Microseconds of one call, of some calls in a row with arguments that were made before. */
  #time(name: Name): number {
    const calls = Array.from({ length: TIMED_TOGETHER }, () => this.#call(name));
    const startedMs = performance.now();
    for (const call of calls) call();
    return ((performance.now() - startedMs) * 1e3) / TIMED_TOGETHER;
  }

  /** What the operation finds, for a few arguments. */
  #tell(name: Name, hash: Hash): void {
    for (let round = 0; round < TIMED_TOGETHER; round++) {
      for (const bytes of this.#call(name)()) hash.update(bytes);
    }
    if (name !== 'apply') return;
    for (const bytes of this.#read({ limit: SHARING })) hash.update(bytes);
  }

  /** A call that tells what it has found. */
  #call(name: Name): () => readonly Uint8Array[] {
    const cache = this.#cache;
    const index = this.#pick();
    switch (name) {
      case 'get': {
        const key = keyOf(index);
        return () => [this.#target.subarray(0, cache.getInto(key, this.#target))];
      }
      case 'apply': {
        const put = this.#put(index);
        return () => {
          cache.apply([put]);
          return NOTHING;
        };
      }
      case 'page-100': {
        // In the first half of the namespaces: there is a whole page behind it.
        const start = keyOf(index & ~(NAMESPACES / 2));
        return () => this.#read({ start, limit: SHARING });
      }
      case 'watch-start': {
        const revision = cache.revision - RESUMED_EVENTS;
        return () => {
          const watch = cache.watch({ from: { type: 'after', revision }, wake: () => {} });
          const { items } = watch.drainFrames(PAGE_BYTES);
          watch.close();
          return items;
        };
      }
      case 'selector-100-matches': {
        const value = nodeOf(index, this.#objects);
        const fields = [{ path: FIELD, operator: 'Equals', value }] as const;
        return () => this.#read({ selector: { labels: [], fields } });
      }
    }
  }

  #read(query: ListQuery): readonly Uint8Array[] {
    const list = this.#cache.list(query);
    const length = list.readInto(this.#target);
    list.close();
    return [this.#target.subarray(0, length)];
  }

  #pick(): number {
    return Math.floor(this.#random() * this.#objects);
  }

  #put(index: number): Put {
    const object = Buffer.from(this.#text(index, this.#filler));
    return { type: 'put', ...keyOf(index), object, revision: ++this.#revision };
  }

  #text(index: number, filler: string): string {
    const { namespace, name } = keyOf(index);
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        annotations: { 'example.com/note': filler, 'example.com/version': `${++this.#version}` },
        labels: { app: 'shop', tier: 'web' },
        name,
        namespace,
        uid: `5d1c6c1e-0000-4000-8000-${String(index).padStart(12, '0')}`,
      },
      spec: { nodeName: nodeOf(index, this.#objects), restartPolicy: 'Always' },
    });
  }
}

function keyOf(index: number): { readonly namespace: string; readonly name: string } {
  const namespace = `team-${String(index % NAMESPACES).padStart(2, '0')}`;
  return { namespace, name: `web-${String(index).padStart(7, '0')}` };
}

// Neighbours by index have different values.
function nodeOf(index: number, objects: number): string {
  const values = Math.max(1, Math.floor(objects / SHARING));
  return `node-${String(index % values).padStart(5, '0')}`;
}
