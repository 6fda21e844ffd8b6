/**
 * POST, PUT and PATCH.
 *
 *  1. Everything the client can do wrong with options, media type and body is found before the
 *     store is asked; what depends on the present object is the store's.
 *  2. Numbers of bodies and patches stay as they are written.
 *  3. What a patch makes of an object is decided on every state that the store shows it.
 */

import type { JsonValue } from '../../object/index.js';
import type { Answer } from '../../request/index.js';
import { quote, warningHeaders } from '../../request/index.js';
import { readBody } from '../body/index.js';
import type { WriteOptions } from '../options/index.js';
import { parseWriteOptions } from '../options/index.js';
import type { FieldValidation, UpdateRequest, Written } from '../store/index.js';
import { cannotBeHandled, checkReplacement, isJsonObject } from '../store/index.js';
import { callerOf } from './caller.js';
import type { Context } from './context.js';
import { readPatchRequest } from './patching.js';
import { checkRepresentation, objectAnswer } from './represent.js';

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
  checkRepresentation(context, false);
  const requested = await readPatchRequest(context);
  const written = await context.store.update({
    ...target(context, requested.options),
    isPatch: true,
    change: requested.apply,
  });
  return writtenAnswer(context, 200, written, requested.warnings());
}

/** What an update of the object that the request names is about. */
export function target(context: Context, options: WriteOptions): Omit<UpdateRequest, 'change'> {
  const { info, version, request } = context;
  return {
    namespace: info.namespace,
    name: info.name,
    version,
    subresource: info.subresource,
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

/** Warnings of keys that are there twice. Throws a StatusError 400 where that is refused. */
export function checkDuplicates(
  { version }: Pick<Context, 'version'>,
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
