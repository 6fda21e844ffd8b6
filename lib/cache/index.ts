/**
 * The watch cache: LIST, GET and WATCH over one resource type, as a Kubernetes API server answers.
 */

export { CacheError } from './contract.js';
export type {
  CacheChange,
  CacheDelete,
  CacheErrorCode,
  CacheEvent,
  CacheListOptions,
  CachePut,
  CacheStats,
  CacheWatchOptions,
  Clock,
  FreshnessFallback,
  GetOptions,
  SignalSource,
  ObjectInput,
  RecordedEvent,
  ReplaceOptions,
  ResourceVersionMatch,
  Selectors,
  SnapshotListOptions,
  Timer,
  WatchCacheOptions,
} from './contract.js';
export type { ConsistencyDifference } from './consistency.js';
export type { ConsistencyReport } from './consistency-checker.js';
export type { CacheObserver, ConsistentRead, WatchList } from './observer.js';
export type { ListUsage } from '../engine/index.js';
export { CachedList } from './cached-list.js';
export { DEFAULT_HISTORY, foundingPreset } from './options.js';
export type { CacheShare } from './share.js';
export { CacheSnapshot } from './snapshot.js';
export type { KeySpace } from './storage-key.js';
export { unreadable } from './unreadable.js';
export { WatchCache } from './watch-cache.js';
export type {
  BookmarkEvent,
  CachedObject,
  ChangeEvent,
  Drained,
  EventSource,
  FrameType,
  WatchEndReason,
  WatchEvent,
} from '../watch/index.js';
export { WatchStream } from '../watch/index.js';
