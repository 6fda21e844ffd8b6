/**
 * The whole of Shardwatch: an API server with its resource types, and the watch cache by itself.
 * Each part has an entry of its own (`shardwatch/cache`, …) that loads nothing it does not need.
 */

export { WatchCache } from './cache/index.js';
export {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
  StatusError,
  type FieldError,
} from './request/index.js';
export {
  defineResource,
  extendResource,
  readResourceTypes,
  readThrough,
  type HookContext,
  type ResourceStrategy,
  type SubresourceContext,
  type UpdateContext,
  type VirtualEvent,
  type VirtualHandlers,
} from './rest/index.js';
export {
  ApiServer,
  createAggregatedServer,
  createServer,
  type ServerOptions,
} from './server/index.js';
export { MemoryStorage, systemClock, type Clock, type Storage } from './storage/index.js';
