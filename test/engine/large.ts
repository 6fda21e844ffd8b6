/** A cache with 10^5 objects, for tests of what must hold at that size. */

import type { EngineCache, Put } from '../../lib/engine/index.js';
import type { TestEngine } from './engines.js';

export const OBJECTS = 100_000;
/** Objects of 1.2 KiB, as small ones are in practice. */
const PADDING = 'p'.repeat(1_000);

export function objectText(index: number, value: number, revision?: number): string {
  const version = revision === undefined ? '' : `,"resourceVersion":"${revision}"`;
  return (
    `{"apiVersion":"example.com/v1","kind":"Widget",` +
    `"metadata":{"labels":{"app":"app-${index % 100}"},` +
    `"name":"${nameOf(index)}","namespace":"ns-${index % 10}"${version}},` +
    `"spec":{"node":"n${index % 50}","padding":"${PADDING}","value":${value}}}`
  );
}

export function nameOf(index: number): string {
  return `object-${String(index).padStart(6, '0')}`;
}

export function objectPut(index: number, value: number, revision: number): Put {
  return {
    type: 'put',
    namespace: `ns-${index % 10}`,
    name: nameOf(index),
    object: Buffer.from(objectText(index, value)),
    revision: BigInt(revision),
  };
}

export function loaded(engine: TestEngine): EngineCache {
  const cache = engine.create({ history: { entriesMin: 0, entriesMax: 0 } });
  const puts = Array.from({ length: OBJECTS }, (_, index) => objectPut(index, 0, index + 1));
  cache.replace(puts, BigInt(OBJECTS));
  return cache;
}
