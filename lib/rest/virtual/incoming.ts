/**
 * Objects that clients send, checked as far as that can be done without knowing what becomes of
 * them, and made what handlers take: plain objects.
 */

import type { JsonValue, ObjectMeta } from '../../object/index.js';
import { isDns1123Label, isPathSegmentName, qualifiedResource } from '../../object/index.js';
import { encodeJsonText, type JsonObject } from '../../object/lossless/index.js';
import type { FieldError } from '../../request/index.js';
import { badRequest, fieldInvalid, invalid } from '../../request/index.js';
import type { RequestContext } from '../handler/context.js';
import {
  cannotBeHandled,
  composeObject,
  generateName,
  readIncoming,
  unknownFieldTexts,
  unreadablePatch,
  type FieldValidation,
  type IncomingObject,
} from '../store/index.js';

/** An object of a request, and what there is to warn of. */
export interface SentObject {
  readonly incoming: IncomingObject;
  readonly warnings: readonly string[];
}

/** Throws a StatusError 400 or, for what a patch made, 422. */
export function readSent(
  { type, version, apiVersion }: RequestContext,
  value: JsonValue,
  fieldValidation: FieldValidation,
  isPatch: boolean,
): SentObject {
  const incoming = readIncoming(type, version, value, isPatch);
  const { kind, apiVersion: named } = incoming.content as { kind: string; apiVersion?: string };
  const errors: FieldError[] = [];
  if (kind !== type.kind) errors.push(fieldInvalid('kind', kind, `must be ${type.kind}`));
  if (named !== apiVersion) {
    errors.push(fieldInvalid('apiVersion', named ?? '', `must be ${apiVersion}`));
  }
  const group = (named ?? '').split('/').slice(0, -1).join('/');
  if (errors.length > 0) throw invalid({ group, kind }, incoming.metadata.name ?? '', errors);
  return { incoming, warnings: unknownFields(incoming, fieldValidation, isPatch) };

  function unknownFields(
    { source, unknown, warnings }: IncomingObject,
    validation: FieldValidation,
    ofPatch: boolean,
  ): readonly string[] {
    const texts = unknownFieldTexts(unknown);
    if (texts.length === 0 || validation === 'Ignore') return warnings;
    if (validation === 'Warn') return [...warnings, ...texts];
    const why = `strict decoding error: ${texts.join(', ')}`;
    throw ofPatch ? unreadablePatch(source, why) : cannotBeHandled(kind, version, why);
  }
}

/** The object as handlers take it: what `JSON.parse` makes of it. */
export function plainObject(content: JsonObject, metadata: ObjectMeta): unknown {
  return plainValue(composeObject({ content, metadata }));
}

/** A decoded value without number objects: numbers are doubles. */
export function plainValue(value: JsonValue): unknown {
  return JSON.parse(encodeJsonText(value)) as unknown;
}

/** The metadata with the name that the object is to be created by; `''`: it has none. */
export function withName(metadata: ObjectMeta, random: () => number): ObjectMeta {
  const { name = '', generateName: base = '' } = metadata;
  if (name !== '' || base === '') return metadata;
  return { ...metadata, name: generateName(base, random) };
}

/** Throws a StatusError 422 for a name or a namespace that no path could have. */
export function checkNames({ type }: RequestContext, metadata: ObjectMeta): void {
  const { name = '', namespace = '' } = metadata;
  const errors: FieldError[] = [];
  if (name !== '') {
    for (const why of isPathSegmentName(name)) {
      errors.push(fieldInvalid('metadata.name', name, why));
    }
  }
  if (namespace !== '') {
    for (const why of isDns1123Label(namespace)) {
      errors.push(fieldInvalid('metadata.namespace', namespace, why));
    }
  }
  if (errors.length > 0) throw invalid(type, name, errors);
}

/** Refuses a dry run that the handlers would take for the real thing. Throws a StatusError 400. */
export function checkDryRun({ type }: RequestContext, dryRun: boolean, supported: boolean): void {
  if (!dryRun || supported) return;
  throw badRequest(`${qualifiedResource(type)} do not support dry runs`);
}
