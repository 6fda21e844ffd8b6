/** Caches of many small objects, made in batches so that making them costs little memory. */

import type { Change, EngineCache, Put } from '../../../lib/engine/index.js';
import type { TestEngine } from '../candidates.js';

/** Changes that are applied in one go. */
const BATCH = 2_000;

/** An object of about 300 bytes whose label value no other index has. */
export function smallPut(index: number, revision: bigint): Put {
  const namespace = `ns-${index % 20}`;
  const name = `object-${index}`;
  const text =
    `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"labels":{"app":"app-${index % 100}",` +
    `"only":"value-${index}"},"name":"${name}","namespace":"${namespace}"},` +
    `"spec":{"node":"n${index % 50}","padding":"${'p'.repeat(100)}"}}`;
  return { type: 'put', namespace, name, object: Buffer.from(text), revision };
}

/** Applies a change for each index from `first` on, at the next revisions. */
export function applyEach(
  cache: EngineCache,
  first: number,
  count: number,
  change: (index: number, revision: bigint) => Change,
): void {
  for (let done = 0; done < count; done += BATCH) {
    let { revision } = cache;
    const length = Math.min(BATCH, count - done);
    cache.apply(Array.from({ length }, (_, at) => change(first + done + at, ++revision)));
  }
}

/** A cache of so many small objects, without history. */
export function filled(engine: TestEngine, count: number): EngineCache {
  const cache = engine.create({ history: { entriesMin: 0, entriesMax: 0 } });
  applyEach(cache, 0, count, smallPut);
  return cache;
}
