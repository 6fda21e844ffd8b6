/** Engines: what holds a cache's objects, its history and its watches. See contract.ts. */

export { REVISION_MAX } from './contract.js';
export { EngineError } from './engine-error.js';
export type {
  Change,
  Delete,
  EngineAttachOptions,
  EngineCache,
  EngineCacheOptions,
  EngineEvent,
  EngineKind,
  EngineList,
  EngineObject,
  EngineRoot,
  EngineScope,
  EngineSelector,
  EngineShare,
  EngineStats,
  EngineWatch,
  HistoryLimits,
  ListQuery,
  ObjectWrite,
  Put,
  WatchBatch,
  WatchEnd,
  WatchEventType,
  WatchQuery,
} from './contract.js';
export type { EngineErrorCode } from './engine-error.js';
export type { IndexDeclaration } from './indexes.js';
export { ADDON_MISSING, ADDON_VARIABLE, glibcVersion } from './addon.js';
export {
  addonAttempts,
  attachEngineCache,
  createEngineCache,
  ENGINE_VARIABLE,
  engineReport,
} from './loader.js';
export type { AddonAttempt, EngineReport } from './loader.js';
export type { ListUsage } from './list-usage.js';
export { closeListener, duplicateListener } from './descriptor.js';
export { scopeKey } from './scope-key.js';
export { Scratch } from './scratch.js';
export { ABI_VERSION } from './wire.js';
export { HEAP_FAULT, HEAP_SLOTS, NO_DEADLINE, slotOf } from './heap.js';
export type { Dispatched, EngineHeap, EngineHeapOptions, HeapContents, HeapShare } from './heap.js';
export { attachEngineHeap, createEngineHeap, heapEngines } from './heap-loader.js';
export type { HeapAttachOptions } from './native/index.js';
