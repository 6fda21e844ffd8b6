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
import { applyJsonPatch, applyMergePatch, parseJsonPatch, PatchError } from '../../patch/index.js';
import type { Answer } from '../../request/index.js';
import {
  badRequest,
  quote,
  requestEntityTooLarge,
  unprocessable,
  unsupportedMediaType,
  warningHeaders,
} from '../../request/index.js';
import { BODY_BYTES_MAX, bodyMediaType, readBody } from '../body/index.js';
import type { WriteOptions } from '../options/index.js';
import { parseWriteOptions } from '../options/index.js';
import type { FieldValidation, JsonObject, UpdateRequest, Written } from '../store/index.js';
import { isJsonObject } from '../store/index.js';
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
  const warnings = checkDuplicates(context, duplicates, fieldValidation);
  const written = await store.create({
    namespace: info.namespace,
    object,
    version,
    dryRun,
    fieldValidation,
    signal: request.signal,
  });
  return writtenAnswer(context, 201, written, warnings);
}

export async function update(context: Context): Promise<Answer> {
  const { type, request } = context;
  checkRepresentation(context, false);
  const options = parseWriteOptions(request.query, 'UpdateOptions');
  const { value: object, duplicates } = await readBody(request, type);
  const warnings = checkDuplicates(context, duplicates, options.fieldValidation);
  const written = await context.store.update({ ...target(context, options), change: () => object });
  return writtenAnswer(context, 200, written, warnings);
}

export async function patch(context: Context): Promise<Answer> {
  const { request } = context;
  checkRepresentation(context, false);
  const mediaType = bodyMediaType(request);
  if (!PATCH_MEDIA_TYPES.includes(mediaType)) throw unsupportedMediaType(PATCH_MEDIA_TYPES);
  const options = parseWriteOptions(request.query, 'PatchOptions');
  const document = decodePatch(await request.body(BODY_BYTES_MAX));
  const apply = mediaType === JSON_PATCH ? jsonPatch(document) : mergePatch(document);
  const written = await context.store.update({
    ...target(context, options),
    isPatch: true,
    change: (current) => {
      try {
        return patched(apply(current));
      } catch (error) {
        throw asStatus(context, error);
      }
    },
  });
  return writtenAnswer(context, 200, written, []);
}

type Apply = (current: JsonObject) => JsonValue;

function decodePatch(body: Uint8Array): JsonValue {
  try {
    return decodeJson(body);
  } catch (error) {
    if (error instanceof ObjectError) throw badRequest(error.message, error);
    throw error;
  }
}

function jsonPatch(document: JsonValue): Apply {
  try {
    const operations = parseJsonPatch(document);
    return (current) => applyJsonPatch(current, operations);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    if (error.code === 'too-many-operations') throw requestEntityTooLarge(error.message);
    throw badRequest(error.message, error);
  }
}

function mergePatch(document: JsonValue): Apply {
  if (!isJsonObject(document)) throw badRequest('a merge patch of an object must be an object');
  return (current) => applyMergePatch(current, document);
}

function patched(value: JsonValue): JsonValue {
  if (isJsonObject(value)) return value;
  throw new PatchError('not-applicable', 'the patch leaves no object');
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
  };
}

function checkDuplicates(
  { type, version }: Context,
  duplicates: readonly string[],
  fieldValidation: FieldValidation,
): readonly string[] {
  if (duplicates.length === 0 || fieldValidation === 'Ignore') return [];
  const texts = [...new Set(duplicates)].map((path) => `duplicate field ${quote(path)}`);
  if (fieldValidation === 'Warn') return texts;
  throw badRequest(
    `${type.kind} in version ${quote(version.name)} cannot be handled as a ${type.kind}: ` +
      `strict decoding error: ${texts.join(', ')}`,
  );
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
