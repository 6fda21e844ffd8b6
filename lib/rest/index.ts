/**
 * The door of `shardwatch/rest`: resource types, their stores, and the handler that serves them
 * over the Kubernetes API.
 */

export * from './definition/index.js';
export * from './table/index.js';
export * from './virtual/index.js';
export { createRestHandler, PATCH_MEDIA_TYPES } from './handler/index.js';
export type {
  Authorize,
  RestHandler,
  RestHandlerOptions,
  ServedElsewhere,
} from './handler/index.js';
export { defaultedStorage, keyPrefix, objectKey, ResourceStore } from './store/index.js';
export type {
  Caller,
  CreateRequest,
  DeleteCollectionRequest,
  Deleted,
  DeletedCollection,
  DeleteRequest,
  DeletionOptions,
  FieldValidation,
  JsonObject,
  Preconditions,
  PropagationPolicy,
  ResourceStoreOptions,
  Updated,
  UpdateRequest,
  Written,
} from './store/index.js';
