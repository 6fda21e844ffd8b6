/**
 * Storage: the interface and its rules, the clock, expiry and compaction, the storage in memory,
 * and a storage of one thread reached from others. The durable ones stand behind doors of their own
 * (`lmdb/`, `etcd/`), so that whoever needs only this loads no package.
 */

export { systemClock, type Clock, type Timer } from './clock.js';
export { startCompaction, type Compaction, type CompactionOptions } from './compaction.js';
export {
  CorruptValuesError,
  StorageError,
  type CorruptValue,
  type ListOptions,
  type Storage,
  type StorageChange,
  type StorageErrorCode,
  type StorageWatch,
  type StoredList,
  type StoredValue,
  type WatchObserver,
  type Write,
  type WriteResult,
} from './contract.js';
export { KEY_BYTES_MAX, TTL_SECONDS_MAX, VALUE_BYTES_MAX } from './limits.js';
export { MemoryStorage, type MemoryStorageOptions } from './memory/memory-storage.js';
export { StorageHost } from './thread/storage-host.js';
export { ThreadStorage } from './thread/thread-storage.js';
export { errorOf, failureOf, type Failure, type StorageShare } from './thread/messages.js';
export { TimingWheel, type TimingWheelOptions, type WheelEntry } from './timing-wheel.js';
