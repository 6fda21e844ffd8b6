/**
 * The patch in the body of a PATCH, as a function of the present object. It is pure, and made anew
 * on every state that the store shows it.
 */

import type { JsonValue } from '../../object/index.js';
import { ObjectError } from '../../object/index.js';
import { decodeJson } from '../../object/lossless/index.js';
import type { JsonPatchOperation } from '../../patch/index.js';
import { applyJsonPatch, applyMergePatch, parseJsonPatch, PatchError } from '../../patch/index.js';
import type { StatusError } from '../../request/index.js';
import {
  badRequest,
  quote,
  requestEntityTooLarge,
  unprocessable,
  unsupportedMediaType,
} from '../../request/index.js';
import type { DecodedBody } from '../body/index.js';
import { BODY_BYTES_MAX, bodyMediaType } from '../body/index.js';
import type { WriteOptions } from '../options/index.js';
import { parseWriteOptions } from '../options/index.js';
import type { FieldValidation, JsonObject } from '../store/index.js';
import { isJsonObject, unreadablePatch } from '../store/index.js';
import type { RequestContext } from './context.js';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';

/** What a PATCH may be; the rest is answered with 415 and this list. */
export const PATCH_MEDIA_TYPES: readonly string[] = [JSON_PATCH, MERGE_PATCH];

/** A patch that has come, ready for every state that the store may show it. */
export interface PatchRequest {
  /** One of PATCH_MEDIA_TYPES. */
  readonly mediaType: string;
  readonly options: WriteOptions;
  /** The patch itself. Throws a StatusError 400. */
  readonly decoded: () => JsonValue;
  /** Throws a StatusError 400, 413 or 422. */
  readonly apply: (current: JsonObject) => JsonObject;
  /** What was said about the patch when it was last applied. */
  readonly warnings: () => readonly string[];
}

/**
 * Reads options and body. The body is understood when the object is there, as upstream: without
 * one, even a bad patch is answered with 404. Rejects with a StatusError 413, 415 or 422.
 */
export async function readPatchRequest(context: RequestContext): Promise<PatchRequest> {
  const { request } = context;
  const mediaType = bodyMediaType(request);
  if (!PATCH_MEDIA_TYPES.includes(mediaType)) throw unsupportedMediaType(PATCH_MEDIA_TYPES);
  const options = parseWriteOptions(request.query, 'PatchOptions');
  const body = await request.body(BODY_BYTES_MAX);
  let read: ReadPatch | undefined;
  let warnings: readonly string[] = [];
  const apply = (current: JsonObject): JsonObject => {
    try {
      read ??= mediaType === JSON_PATCH ? readJsonPatch(body) : readMergePatch(body);
      const result = patched(read.apply(current));
      warnings = checkPatch(read.faults, result, options.fieldValidation);
      return result;
    } catch (error) {
      throw asStatus(context, error);
    }
  };
  const decoded = (): JsonValue => decodePatch(body).value;
  return { mediaType, options, decoded, apply, warnings: () => warnings };
}

/** A patch that has been understood. */
interface ReadPatch {
  readonly apply: (current: JsonObject) => JsonValue;
  /** What a strict server refuses, and others warn of. */
  readonly faults: readonly string[];
}

function readJsonPatch(body: Uint8Array): ReadPatch {
  const { value, duplicates } = decodePatch(body);
  try {
    const operations = parseJsonPatch(value ?? []);
    const faults = [
      ...duplicates.map((path) => `json patch duplicate field ${quote(path)}`),
      ...unknownMembers(operations).map((path) => `json patch unknown field ${quote(path)}`),
    ];
    return { apply: (current) => applyJsonPatch(current, operations), faults };
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    if (error.code === 'too-many-operations') throw requestEntityTooLarge(error.message);
    if (error.code !== 'malformed') throw error;
    throw undecodable(error.message, error);
  }
}

const OPERATION_MEMBERS: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

function unknownMembers(operations: readonly JsonPatchOperation[]): string[] {
  return operations.flatMap((operation, index) =>
    Object.keys(operation)
      .filter((member) => !OPERATION_MEMBERS.has(member))
      .map((member) => `[${index}].${member}`),
  );
}

function readMergePatch(body: Uint8Array): ReadPatch {
  const { value, duplicates } = decodePatch(body);
  if (!isJsonObject(value)) throw undecodable('a merge patch of an object must be an object');
  const faults = duplicates.map((path) => `duplicate field ${quote(path)}`);
  return { apply: (current) => applyMergePatch(current, value), faults };
}

function decodePatch(body: Uint8Array): DecodedBody {
  const duplicates: string[] = [];
  try {
    return {
      value: decodeJson(body, { onDuplicate: (path) => duplicates.push(path) }),
      duplicates,
    };
  } catch (error) {
    if (error instanceof ObjectError) throw undecodable(error.message, error);
    throw error;
  }
}

function undecodable(why: string, cause?: unknown): StatusError {
  return badRequest(`error decoding patch: ${why}`, cause);
}

function patched(value: JsonValue): JsonObject {
  if (isJsonObject(value)) return value;
  throw new PatchError('not-applicable', 'the patch leaves no object');
}

function checkPatch(
  faults: readonly string[],
  result: JsonValue,
  fieldValidation: FieldValidation,
): readonly string[] {
  if (faults.length === 0 || fieldValidation === 'Ignore') return [];
  if (fieldValidation === 'Warn') return faults;
  throw unreadablePatch(result, `strict decoding error: ${faults.join(', ')}`);
}

function asStatus({ type, info }: RequestContext, error: unknown): unknown {
  if (error instanceof PatchError || error instanceof ObjectError) {
    return unprocessable(type, info.name, error.message);
  }
  return error;
}
