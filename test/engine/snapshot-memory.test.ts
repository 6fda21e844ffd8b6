/**
 * What snapshots cost, counted in bytes of V8's heap, of ArrayBuffers and of the native arena. In a
 * file of its own: every test file runs in a thread of its own, whose heap nobody else fills.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import test from 'ava';

import type { EngineCache, EngineRoot } from '../../lib/engine/index.js';

import { ENGINES, turn } from './engines.js';
import { loaded, nameOf, objectPut, OBJECTS, objectText } from './large.js';
import { text } from './widget.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

// Memory of dead ArrayBuffers is given back behind the collector's back, hence more than one round.
async function usedBytes(cache?: EngineCache): Promise<number> {
  for (let round = 0; round < 4; round++) {
    collect();
    await turn();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  // What V8 does not know of.
  const { bytesReserved = 0, bytesFree = 0 } = cache?.kind === 'native' ? cache.stats() : {};
  return heapUsed + arrayBuffers + bytesReserved - bytesFree;
}

for (const engine of ENGINES) {
  // One after the other: they share the thread's heap.
  test.serial(`${engine.kind}: a thousand held snapshots add less than 5 % memory`, async (t) => {
    const before = await usedBytes();
    const cache = loaded(engine);
    const base = await usedBytes(cache);
    const roots: EngineRoot[] = [];
    for (let count = 0; count < 1000; count++) {
      roots.push(cache.root());
      const index = (count * 7919) % OBJECTS;
      cache.apply([objectPut(index, count + 1, OBJECTS + count + 1)]);
    }
    const added = ((await usedBytes(cache)) - base) / (base - before);
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
    cache.close();
  });

  test.serial(
    `${engine.kind}: names cut out of larger texts keep those texts in no memory`,
    async (t) => {
      const before = await usedBytes();
      const cache = engine.create();
      for (let index = 0; index < FEEDS; index++) {
        const put = objectPut(index, 0, index + 1);
        // V8 makes a slice of a text refer to the whole of it.
        const feed = 'x'.repeat(FEED_BYTES) + put.name;
        cache.apply([{ ...put, name: feed.slice(FEED_BYTES) }]);
      }
      const added = (await usedBytes(cache)) - before;
      t.true(added < (FEEDS * FEED_BYTES) / 4, `${added} bytes were added`);
      t.is(cache.stats().objects, FEEDS);
      cache.close();
    },
  );
}

/** Texts of a feed that an object's name is a part of, as a server's answers are. */
const FEEDS = 100;
const FEED_BYTES = 200_000;
