/**
 * A thread that is terminated wherever it is: it does all that can be done to a shared cache and to
 * caches of its own, at random, leaves much of it open, and never ends by itself.
 */

import { parentPort, workerData } from 'node:worker_threads';

import {
  attachEngineCache,
  type EngineCache,
  EngineError,
  type EngineList,
  type EngineRoot,
  type EngineScope,
  type EngineWatch,
} from '../../lib/engine/index.js';
import { Chance } from '../chance.js';
import { engineOf } from '../engine/candidates.js';
import { put, remove, widgetSource } from '../engine/widget.js';
import { KEYS, LIMITS, type TerminateTask, widgetOf } from './terminate-task.js';

const { share, seed, thread } = workerData as TerminateTask;
const chance = new Chance(seed, thread);
const now = (): number => 0;

/** What is open of a kind. Of more than a few the oldest is closed. */
class Open<Item extends { close(): void }> {
  readonly #items: Item[] = [];

  add(item: Item): Item {
    this.#items.push(item);
    if (this.#items.length > 4) this.#items.shift()!.close();
    return item;
  }

  get any(): Item | undefined {
    return this.#items[chance.below(4)];
  }
}

const lists = new Open<EngineList>();
const roots = new Open<EngineRoot>();
const watches = new Open<EngineWatch>();
const attached = new Open<EngineCache>();
const own = new Open<EngineCache>();

const SCOPES: readonly EngineScope[] = [
  {},
  { namespace: 'ns-1' },
  { name: 'w7' },
  {
    selector: { labels: [{ key: 'app', operator: 'In', values: ['x'] }], fields: [] },
    apiVersion: 'example.com/v1beta1',
  },
];

const ACTS: readonly ((cache: EngineCache) => void)[] = [
  (cache) => {
    const key = chance.of(KEYS);
    const object = chance.holds(0.7) ? { object: widgetSource(widgetOf(key, chance)) } : {};
    const expected = chance.holds(0.3) ? (cache.get(key)?.revision ?? 0n) : undefined;
    cache.write({ ...key, ...object }, expected);
  },
  (cache) => {
    let { revision } = cache;
    const changes = Array.from({ length: 1 + chance.below(20) }, () => {
      const key = chance.of(KEYS);
      revision++;
      if (chance.holds(0.3)) return remove(key.namespace, key.name, revision);
      return put(widgetOf(key, chance), revision);
    });
    cache.apply(changes);
  },
  (cache) => void cache.get(chance.of(KEYS)),
  (cache) => void lists.add(cache.list({ ...chance.of(SCOPES), limit: chance.below(50) })),
  () => void lists.any?.read(1 + chance.below(5_000)),
  () => void lists.any?.readObjects(1 + chance.below(20)),
  (cache) => {
    const oldest = cache.oldestRevision;
    roots.add(cache.root(chance.holds(0.5) ? oldest + BigInt(chance.below(400)) : undefined));
  },
  () => {
    const root = roots.any;
    if (root !== undefined) lists.add(root.list(chance.of(SCOPES))).read(1_000);
  },
  (cache) => {
    const from = chance.holds(0.5)
      ? ({ type: 'state' } as const)
      : ({ type: 'after', revision: cache.oldestRevision } as const);
    const watch: EngineWatch = cache.watch({
      ...chance.of(SCOPES),
      from,
      wake: () => void watch.drainFrames(1 + chance.below(10_000)),
    });
    watches.add(watch);
  },
  () => void watches.any?.drainEvents(1 + chance.below(30)),
  () => void watches.any?.drainFrames(1 + chance.below(30_000)),
  (cache) => cache.trim(),
  (cache) => void cache.stats(),
  (cache) => cache.onRevision!(cache.revision + BigInt(chance.below(50)), () => {}),
  () => void attached.add(attachEngineCache(share, { now })),
  () => {
    const cache = own.add(engineOf('native')!.create(LIMITS));
    if (chance.holds(0.5)) attached.add(attachEngineCache(cache.share(), { now }));
  },
  () => {
    const cache = own.any;
    cache?.replace([put(widgetOf(KEYS[0]!, chance), 1n)], cache.revision + 9n);
  },
];

const shared = attachEngineCache(share, { now });
parentPort!.postMessage('running');
for (;;) {
  const turn = chance.below(200);
  for (let count = 0; count < turn; count++) {
    const other = chance.holds(0.5) ? attached.any : own.any;
    try {
      chance.of(ACTS)(chance.holds(0.7) ? shared : (other ?? shared));
    } catch (error) {
      // Others write, and what is chosen may be closed.
      if (!(error instanceof EngineError)) throw error;
    }
  }
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
