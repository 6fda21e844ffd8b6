/** The door of the handlers. */

export type { Authorize } from './context.js';
export { createRestHandler } from './handler.js';
export type { RestHandler, RestHandlerOptions, ServedElsewhere } from './handler.js';
export { PATCH_MEDIA_TYPES } from './patching.js';
