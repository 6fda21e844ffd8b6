/** What the native engine's memory comes to: with many threads, many labels and many watches. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { EngineStats } from '../../../lib/engine/index.js';
import { runChild } from '../../lifecycle/child.js';
import { turn } from '../engines.js';
import { remove } from '../widget.js';
import { applyEach, filled, smallPut } from './filled.js';
import { nativeTest } from './native.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const CHILD = new URL('./footprint-child.js', import.meta.url);

/** Of the thread itself: nothing of the cache is copied. */
const THREAD_BYTES_MAX = 20_000_000;

nativeTest('a second thread on half a million objects adds less than 20 MB', async (t) => {
  const { code, signal, output } = await runChild(CHILD, []);
  t.is(signal, null, output);
  t.is(code, 0, output);
  t.log(`${output.trim()} bytes`);
  t.true(Number(output) < THREAD_BYTES_MAX, output);
});

nativeTest('a million label values leave nothing when their objects are gone', (t, engine) => {
  const base = 1_000;
  const count = 1_000_000;
  const cache = filled(engine, base);
  cache.trim();
  const before = cache.stats();
  applyEach(cache, base, count, smallPut);
  const full = cache.stats();
  t.is(full.objects, base + count);
  applyEach(cache, base, count, (index, revision) => {
    const { namespace, name } = smallPut(index, revision);
    return remove(namespace, name, revision);
  });
  cache.trim();
  const after = cache.stats();
  t.is(after.objects, base);
  t.is(after.bytesRetained, 0);
  // Nodes of trees that were full may be a quarter full now.
  t.true(usedBytes(after) <= usedBytes(before) * 1.2);
  // What remains are slabs that some object of before has moved to.
  const taken = full.bytesReserved - before.bytesReserved;
  const kept = after.bytesReserved - before.bytesReserved;
  t.log(`${((100 * kept) / taken).toFixed(1)} % of ${taken} bytes are kept`);
  t.true(kept < taken * 0.05);
  cache.close();
});

function usedBytes({ bytesReserved, bytesFree }: EngineStats): number {
  return bytesReserved - bytesFree;
}

nativeTest('a hundred thousand watches that are closed leave nothing', async (t, engine) => {
  const cache = filled(engine, 1_000);
  const open = (index: number): void => {
    const selector = {
      labels: [
        { key: 'only', operator: 'In' as const, values: [`value-${index}`, `none-${index}`] },
      ],
      fields: [],
    };
    const from =
      index % 2 === 0
        ? { type: 'state' as const }
        : { type: 'after' as const, revision: cache.revision };
    const watch = cache.watch({ selector, namespace: `ns-${index % 30}`, from, wake: () => {} });
    if (index % 3 === 0) watch.drainEvents(10);
    watch.close();
  };
  const used = async (): Promise<{ bytes: number; heapBytes: number }> => {
    await turn();
    cache.trim();
    collect();
    const { bytesReserved, bytesFree, watches, watchGroups, roots } = cache.stats();
    t.deepEqual({ watches, watchGroups }, { watches: 0, watchGroups: 0 });
    t.true(roots <= 1, `${roots} roots`);
    return { bytes: bytesReserved - bytesFree, heapBytes: process.memoryUsage().heapUsed };
  };
  for (let index = 0; index < 5_000; index++) open(index);
  const before = await used();
  for (let index = 0; index < 100_000; index++) {
    open(index);
    if (index % 5_000 === 0) await turn();
  }
  const after = await used();
  t.true(after.bytes <= before.bytes * 1.05, `${before.bytes} to ${after.bytes}`);
  const grown = after.heapBytes - before.heapBytes;
  t.true(grown < 2_000_000, `${grown} bytes of heap`);
  cache.close();
});
