/** Heaps that nobody closes. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { openNative } from '../../../lib/engine/native/index.js';
import { loadAddon } from '../../native/addon.js';
import { turn } from '../engines.js';
import { nativeTest } from './native.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

nativeTest('a heap that nobody can reach any more is given back, once', async (t) => {
  const addon = loadAddon();
  const closed: number[] = [];
  const { createHeap } = openNative({
    ...addon,
    closeHeap: (heap: number) => {
      closed.push(heap);
      return addon.closeHeap(heap);
    },
  });
  const options = { capacity: 10, onDispatched: (): void => {} };
  const kept = createHeap(options);
  const shared = createHeap(options);
  shared.share();
  const abandon = (): void => {
    for (let count = 0; count < 20; count++) createHeap(options).push(1, Infinity);
    createHeap(options).close();
  };
  abandon();
  t.is(closed.length, 1);
  for (let round = 0; round < 50 && closed.length < 21; round++) {
    collect();
    await turn();
  }
  t.is(closed.length, 21);
  t.is(new Set(closed).size, 21);
  t.true(kept.has(kept.push(1, Infinity)));
  t.true(shared.has(shared.push(1, Infinity)));
});
