/**
 * POST, PUT and PATCH.
 *
 *  1. Everything the client can do wrong with options, media type and body is found before the
 *     store is asked; what depends on the present object is the store's.
 *  2. Numbers of bodies and patches stay as they are written.
 *  3. A patch is made anew on every state that the store shows it: it is a function, and pure.
 */

import type { JsonValue } from '../../object/index.js';
import { ObjectError } from '../../object/index.js';
import { decodeJson } from '../../object/lossless/index.js';
import type { JsonPatchOperation } from '../../patch/index.js';
import { applyJsonPatch, applyMergePatch, parseJsonPatch, PatchError } from '../../patch/index.js';
import type { Answer, StatusError } from '../../request/index.js';
import {
  badRequest,
  quote,
  requestEntityTooLarge,
  unprocessable,
  unsupportedMediaType,
  warningHeaders,
} from '../../request/index.js';
import type { DecodedBody } from '../body/index.js';
import { BODY_BYTES_MAX, bodyMediaType, readBody } from '../body/index.js';
import type { WriteOptions } from '../options/index.js';
import { parseWriteOptions } from '../options/index.js';
import type { FieldValidation, JsonObject, UpdateRequest, Written } from '../store/index.js';
import {
  cannotBeHandled,
  checkReplacement,
  isJsonObject,
  unreadablePatch,
} from '../store/index.js';
import { callerOf } from './caller.js';
import type { Context } from './context.js';
import { checkRepresentation, objectAnswer } from './represent.js';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';

/** What a PATCH may be; the rest is answered with 415 and this list. */
export const PATCH_MEDIA_TYPES: readonly string[] = [JSON_PATCH, MERGE_PATCH];

export async function create(context: Context): Promise<Answer> {
  const { store, type, request, info, version } = context;
  checkRepresentation(context, false);
  const { dryRun, fieldValidation } = parseWriteOptions(request.query, 'CreateOptions');
  const { value: object, duplicates } = await readBody(request, type);
  const warnings = checkDuplicates(context, object, duplicates, fieldValidation);
  const written = await store.create({
    namespace: info.namespace,
    object,
    version,
    dryRun,
    fieldValidation,
    signal: request.signal,
    caller: callerOf(context),
  });
  return writtenAnswer(context, 201, written, warnings);
}

export async function update(context: Context): Promise<Answer> {
  const { type, request, info } = context;
  checkRepresentation(context, false);
  const options = parseWriteOptions(request.query, 'UpdateOptions');
  const { value: object, duplicates } = await readBody(request, type);
  const warnings = checkDuplicates(context, object, duplicates, options.fieldValidation);
  checkReplacement(type, context.version, object, info);
  const written = await context.store.update({
    ...target(context, options),
    change: () => object,
    ...(info.subresource === '' ? { creation: creationOf(context, object) } : {}),
  });
  return writtenAnswer(context, written.created ? 201 : 200, written, warnings);
}

export async function patch(context: Context): Promise<Answer> {
  const { request } = context;
  checkRepresentation(context, false);
  const mediaType = bodyMediaType(request);
  if (!PATCH_MEDIA_TYPES.includes(mediaType)) throw unsupportedMediaType(PATCH_MEDIA_TYPES);
  const options = parseWriteOptions(request.query, 'PatchOptions');
  const body = await request.body(BODY_BYTES_MAX);
  // Read when the object is there, as upstream: without one, even a bad patch is answered with 404.
  let read: ReadPatch | undefined;
  let warnings: readonly string[] = [];
  const written = await context.store.update({
    ...target(context, options),
    isPatch: true,
    change: (current) => {
      try {
        read ??= mediaType === JSON_PATCH ? readJsonPatch(body) : readMergePatch(body);
        const result = patched(read.apply(current));
        warnings = checkPatch(read.faults, result, options.fieldValidation);
        return result;
      } catch (error) {
        throw asStatus(context, error);
      }
    },
  });
  return writtenAnswer(context, 200, written, warnings);
}

/** A patch that has been read, ready for every state that the store may show it. */
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

function patched(value: JsonValue): JsonValue {
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

function asStatus({ type, info }: Context, error: unknown): unknown {
  if (error instanceof PatchError || error instanceof ObjectError) {
    return unprocessable(type, info.name, error.message);
  }
  return error;
}

function target(context: Context, options: WriteOptions): Omit<UpdateRequest, 'change'> {
  const { info, version, request } = context;
  return {
    namespace: info.namespace,
    name: info.name,
    version,
    ...(info.subresource === 'status' ? { subresource: 'status' } : {}),
    ...options,
    signal: request.signal,
    caller: callerOf(context),
  };
}

// Whoever puts what is not there yet must be allowed to create it, as upstream.
function creationOf(
  { user, request, info, settings }: Context,
  object: JsonValue,
): NonNullable<UpdateRequest['creation']> {
  return {
    object,
    authorize: () => settings.authorize(user, request, { ...info, verb: 'create' }),
  };
}

function checkDuplicates(
  { version }: Context,
  object: JsonValue,
  duplicates: readonly string[],
  fieldValidation: FieldValidation,
): readonly string[] {
  if (duplicates.length === 0 || fieldValidation === 'Ignore') return [];
  const texts = [...new Set(duplicates)].map((path) => `duplicate field ${quote(path)}`);
  if (fieldValidation === 'Warn') return texts;
  const kind = isJsonObject(object) ? object['kind'] : undefined;
  throw cannotBeHandled(kind, version, `strict decoding error: ${texts.join(', ')}`);
}

function writtenAnswer(
  context: Context,
  status: number,
  written: Written,
  warnings: readonly string[],
): Answer {
  const headers = warningHeaders([...warnings, ...written.warnings]);
  return objectAnswer(context, status, written.bytes, headers);
}
