/** The door of `shardwatch/patch`: JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386). */

export { PatchError } from './error.js';
export type { PatchErrorCode } from './error.js';
export {
  applyJsonPatch,
  JSON_PATCH_COPY_BYTES_MAX,
  JSON_PATCH_OPERATIONS_MAX,
  parseJsonPatch,
} from './json.js';
export type { JsonPatchOperation } from './json.js';
export { applyMergePatch } from './merge.js';
