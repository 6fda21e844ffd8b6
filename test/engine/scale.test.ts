/**
 * What must hold at the size that the engine is made for: 10^5 objects. Sizes are counted, times are
 * not.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { EngineCache, EngineRoot, Put } from '../../lib/engine/index.js';

import { engineTest, type TestEngine } from './engines.js';
import { listText, text } from './widget.js';

const OBJECTS = 100_000;
const PADDING = 'p'.repeat(350);

function objectText(index: number, value: number, revision?: number): string {
  const version = revision === undefined ? '' : `,"resourceVersion":"${revision}"`;
  return (
    `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"labels":{"app":"app-${index % 100}"},` +
    `"name":"${nameOf(index)}","namespace":"ns-${index % 10}"${version}},` +
    `"spec":{"node":"n${index % 50}","padding":"${PADDING}","value":${value}}}`
  );
}

function nameOf(index: number): string {
  return `object-${String(index).padStart(6, '0')}`;
}

function objectPut(index: number, value: number, revision: number): Put {
  return {
    type: 'put',
    namespace: `ns-${index % 10}`,
    name: nameOf(index),
    object: Buffer.from(objectText(index, value)),
    revision: BigInt(revision),
  };
}

function loaded(engine: TestEngine): EngineCache {
  const cache = engine.create({ history: { entriesMin: 0, entriesMax: 0 } });
  const puts = Array.from({ length: OBJECTS }, (_, index) => objectPut(index, 0, index + 1));
  cache.replace(puts, BigInt(OBJECTS));
  return cache;
}

// Indexes in key order: by namespace, then by name.
const ORDER = Array.from({ length: OBJECTS }, (_, index) => index).sort(
  (left, right) => (left % 10) - (right % 10) || left - right,
);

engineTest(
  'a hundred thousand objects: load, list, delete half, and the memory is free',
  (t, engine) => {
    const cache = loaded(engine);
    const all = ORDER.map((index) => objectText(index, 0, index + 1));
    const live = all.reduce((sum, object) => sum + object.length, 0);
    t.like(cache.stats(), { objects: OBJECTS, namespaces: 10, bytesLive: live, bytesRetained: 0 });
    t.true(listText(cache.list({}), 128 * 1024) === `[${all.join(',')}]`);
    let revision = OBJECTS;
    cache.apply(
      ORDER.filter((index) => index % 20 >= 10).map((index) => ({
        type: 'delete' as const,
        namespace: `ns-${index % 10}`,
        name: nameOf(index),
        revision: BigInt(++revision),
      })),
    );
    cache.trim();
    const rest = ORDER.filter((index) => index % 20 < 10);
    const left = rest.map((index) => objectText(index, 0, index + 1));
    const leftBytes = left.reduce((sum, object) => sum + object.length, 0);
    const stats = cache.stats();
    t.like(stats, { objects: OBJECTS / 2, bytesLive: leftBytes, bytesRetained: 0 });
    t.true(stats.bytesFree <= leftBytes + 3 * 4 * 1024 * 1024, 'no slab is less than half full');
    t.true(listText(cache.list({}), 128 * 1024) === `[${left.join(',')}]`);
    t.is(text(cache.get({ namespace: 'ns-3', name: nameOf(23) })?.object), objectText(23, 0, 24));
    const page = cache.list({ namespace: 'ns-3', limit: 10 });
    t.is(page.remaining, OBJECTS / 20 - 10);
    page.close();
    cache.apply(
      rest.map((index) => ({
        type: 'delete' as const,
        namespace: `ns-${index % 10}`,
        name: nameOf(index),
        revision: BigInt(++revision),
      })),
    );
    cache.trim();
    t.like(cache.stats(), { objects: 0, namespaces: 0, bytesLive: 0, bytesRetained: 0 });
    t.true(cache.stats().bytesFree <= 3 * 4 * 1024 * 1024);
  },
);

engineTest(
  'a thousand held snapshots of a hundred thousand objects add less than 5 % memory',
  (t, engine) => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = used();
    const cache = loaded(engine);
    const base = used();
    const roots: EngineRoot[] = [];
    for (let count = 0; count < 1000; count++) {
      roots.push(cache.root());
      const index = (count * 7919) % OBJECTS;
      cache.apply([objectPut(index, count + 1, OBJECTS + count + 1)]);
    }
    const added = (used() - base) / (base - before);
    t.true(added < 0.05, `${(100 * added).toFixed(2)} % were added`);
    for (const count of [0, 500, 999]) {
      const index = (count * 7919) % OBJECTS;
      const key = { namespace: `ns-${index % 10}`, name: nameOf(index) };
      t.is(text(roots[count]!.get(key)?.object), objectText(index, 0, index + 1));
      t.is(roots[count]!.count, OBJECTS);
    }
    t.true(cache.stats().bytesRetained > 0);
    for (const root of roots) root.close();
    t.is(cache.stats().bytesRetained, 0);
  },
);
