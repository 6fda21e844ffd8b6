/**
 * Opens heaps on the engine that is asked for. What decides what `auto` means, and why the native
 * engine is not there, is as for caches (loader.ts).
 */

import type { EngineKind } from './contract.js';
import {
  type EngineHeap,
  type EngineHeapOptions,
  HEAP_SLOTS,
  type HeapContents,
  type HeapShare,
} from './heap.js';
import { JavaScriptHeap } from './javascript/index.js';
import { ENGINE_VARIABLE, engineReport, nativeModule } from './loader.js';
import type { HeapAttachOptions } from './native/index.js';

/**
 * The engines that a heap of that kind may be on: one where it is named, here or by
 * SHARDWATCH_ENGINE, all that there are where it is not.
 *
 * Throws the EngineError `engine-unavailable` for an engine that cannot be had.
 */
export function heapEngines(kind: EngineKind | 'auto'): readonly EngineKind[] {
  const { kind: best } = engineReport(kind);
  const named = kind === 'auto' ? (process.env[ENGINE_VARIABLE] ?? '') : kind;
  const isNamed = named !== '' && named !== 'auto';
  return best === 'javascript' || isNamed ? [best] : ['javascript', 'native'];
}

/**
 * Makes a heap on the engine, which goes on with the `contents` of another one, if they are given.
 * Throws `engine-unavailable`, and a RangeError for options out of range.
 */
export function createEngineHeap(
  kind: EngineKind,
  options: EngineHeapOptions,
  contents?: HeapContents,
): EngineHeap {
  checkOptions(options);
  if (kind === 'native') return nativeModule('it was asked for').createHeap(options, contents);
  if (contents !== undefined) throw new RangeError('no heap moves to the JavaScript engine');
  return new JavaScriptHeap(options);
}

/**
 * Opens a heap of another thread with the token that its `share` made.
 *
 * Throws `engine-unavailable` where the native engine cannot be had, `closed` for a heap that
 * nobody has open any more, `not-shareable` for a token of no heap in this process, and a TypeError
 * for no token.
 */
export function attachEngineHeap(token: HeapShare, options: HeapAttachOptions): EngineHeap {
  return nativeModule('only its queues are shared').attachHeap(token, options);
}

function checkOptions({ capacity, sequences = Infinity }: EngineHeapOptions): void {
  const isCapacity = Number.isSafeInteger(capacity) && capacity >= 1 && capacity <= HEAP_SLOTS;
  if (!isCapacity) throw new RangeError(`a heap has room for 1 to ${HEAP_SLOTS} entries`);
  if (!(sequences > capacity)) throw new RangeError('sequences are more than the capacity');
}
