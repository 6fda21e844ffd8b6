/** The door of the store: writes of one resource type. */

export { defaultedStorage } from './defaulting.js';
export type { DeletionOptions, Preconditions, PropagationPolicy } from './deletion.js';
export { failedPrecondition, validateDeletionOptions } from './deletion.js';
export { toStatusFailure, toStreamFailure } from './failure.js';
export {
  cannotBeHandled,
  checkAddress,
  checkReplacement,
  placeInNamespace,
  readIncoming,
  unknownFieldTexts,
  unreadablePatch,
  unrecognized,
} from './incoming.js';
export { hookContext } from './hook-context.js';
export { pathNames, readCount, readText } from './scale.js';
export type { IncomingObject } from './incoming.js';
export { keyPrefix, objectKey } from './key.js';
export { generateName, NAME_ATTEMPTS_MAX } from './name.js';
export { composeObject } from './preparation.js';
export type { JsonObject } from '../../object/lossless/index.js';
export { isJsonObject } from '../../object/lossless/index.js';
export type {
  Caller,
  CreateRequest,
  DeleteCollectionRequest,
  Deleted,
  DeletedCollection,
  DeleteRequest,
  FieldValidation,
  Updated,
  UpdateRequest,
  Written,
} from './request.js';
export { ResourceStore } from './store.js';
export type { ResourceStoreOptions } from './store.js';
