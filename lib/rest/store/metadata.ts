/**
 * `metadata` as clients send it, made the typed thing the rest of the store works with.
 *
 *  1. A field of the wrong type is refused and named; null and empty values are left out, as Go's
 *     `omitempty` does, so that two spellings of nothing are stored alike.
 *  2. Fields that object metadata does not have are dropped and reported.
 *  3. `managedFields` and `selfLink` are dropped silently: nobody tracks field owners here yet, and
 *     the latter is no more.
 */

import type { JsonValue, ObjectMeta, OwnerReference } from '../../object/index.js';
import type { JsonObject } from '../../object/lossless/index.js';
import { isJsonObject, setMember } from '../../object/lossless/index.js';
import { parseTime } from './time.js';

/** A metadata field of the wrong type, or a time that is none. */
export class MetadataTypeError extends Error {
  override readonly name: string = 'MetadataTypeError';
}

export interface DecodedMetadata {
  readonly metadata: ObjectMeta;
  /** Paths of fields that were dropped because metadata has no such fields. */
  readonly unknown: readonly string[];
}

/** Throws a MetadataTypeError. */
export function decodeMetadata(value: JsonValue | undefined): DecodedMetadata {
  if (value === undefined || value === null) return { metadata: {}, unknown: [] };
  if (!isJsonObject(value)) throw wrongType('metadata', 'an object', value);
  const metadata: ObjectMeta = {};
  const unknown: string[] = [];
  for (const [field, entry] of Object.entries(value)) {
    const decode = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
    if (decode === undefined) unknown.push(`metadata.${field}`);
    else if (entry !== null) decode(metadata, entry, unknown);
  }
  return { metadata, unknown };
}

type Decode = (metadata: ObjectMeta, value: JsonValue, unknown: string[]) => void;

const FIELDS: { readonly [field: string]: Decode } = {
  name: text('name'),
  generateName: text('generateName'),
  namespace: text('namespace'),
  uid: text('uid'),
  resourceVersion: text('resourceVersion'),
  creationTimestamp: time('creationTimestamp'),
  deletionTimestamp: time('deletionTimestamp'),
  generation: integer('generation'),
  deletionGracePeriodSeconds: integer('deletionGracePeriodSeconds'),
  labels: textMap('labels'),
  annotations: textMap('annotations'),
  finalizers: (metadata, value) => {
    const entries = array('metadata.finalizers', value);
    if (entries.length === 0) return;
    metadata.finalizers = entries.map((entry, index) =>
      stringOf(`metadata.finalizers[${index}]`, entry ?? ''),
    );
  },
  ownerReferences: (metadata, value, unknown) => {
    const entries = array('metadata.ownerReferences', value);
    if (entries.length === 0) return;
    metadata.ownerReferences = entries.map((entry, index) =>
      ownerReference(`metadata.ownerReferences[${index}]`, entry ?? {}, unknown),
    );
  },
  managedFields: (_, value) => void array('metadata.managedFields', value),
  selfLink: (_, value) => void stringOf('metadata.selfLink', value),
};

type TextField = 'name' | 'generateName' | 'namespace' | 'uid' | 'resourceVersion';

function text(field: TextField): Decode {
  return (metadata, value) => {
    const decoded = stringOf(`metadata.${field}`, value);
    if (decoded !== '') metadata[field] = decoded;
  };
}

function time(field: 'creationTimestamp' | 'deletionTimestamp'): Decode {
  return (metadata, value) => {
    try {
      metadata[field] = parseTime(stringOf(`metadata.${field}`, value));
    } catch (error) {
      throw error instanceof RangeError ? new MetadataTypeError(error.message) : error;
    }
  };
}

function integer(field: 'generation' | 'deletionGracePeriodSeconds'): Decode {
  return (metadata, value) => {
    const lexeme = numberLexeme(value);
    if (lexeme === undefined || !/^-?[0-9]+$/.test(lexeme)) {
      throw wrongType(`metadata.${field}`, 'an integer', value);
    }
    // Clients do not decide either of them: beyond 2^53 only its being different counts.
    metadata[field] = Number(lexeme);
  };
}

function textMap(field: 'labels' | 'annotations'): Decode {
  return (metadata, value) => {
    if (!isJsonObject(value)) throw wrongType(`metadata.${field}`, 'an object', value);
    const entries = Object.entries(value);
    if (entries.length === 0) return;
    const map: { [key: string]: string } = {};
    for (const [key, entry] of entries) {
      setMember(map, key, stringOf(`metadata.${field}.${key}`, entry ?? ''));
    }
    metadata[field] = map;
  };
}

function ownerReference(path: string, value: JsonValue, unknown: string[]): OwnerReference {
  if (!isJsonObject(value)) throw wrongType(path, 'an object', value);
  const reference: OwnerReference = { apiVersion: '', kind: '', name: '', uid: '' };
  for (const [field, entry] of Object.entries(value)) {
    if (field === 'apiVersion' || field === 'kind' || field === 'name' || field === 'uid') {
      reference[field] = stringOf(`${path}.${field}`, entry ?? '');
    } else if (field === 'controller' || field === 'blockOwnerDeletion') {
      if (entry === null) continue;
      if (typeof entry !== 'boolean') throw wrongType(`${path}.${field}`, 'a boolean', entry);
      reference[field] = entry;
    } else {
      unknown.push(`${path}.${field}`);
    }
  }
  return reference;
}

function array(path: string, value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) throw wrongType(path, 'an array', value);
  return value as readonly JsonValue[];
}

function stringOf(path: string, value: JsonValue): string {
  if (typeof value !== 'string') throw wrongType(path, 'a string', value);
  return value;
}

// Numbers come as numbers, or as objects that keep their text where a number would change it.
function numberLexeme(value: JsonValue): string | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return undefined;
  return Array.isArray(value) || isJsonObject(value) ? undefined : String(value);
}

function wrongType(path: string, expected: string, found: JsonValue): MetadataTypeError {
  return new MetadataTypeError(`${path} must be ${expected}, not ${describe(found)}`);
}

/** `a string`, `an array`: what a value is, for messages. */
export function describe(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (numberLexeme(value) !== undefined) return 'a number';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? 'a string' : 'a boolean';
}

/** Metadata as the JSON object that is stored. */
export function encodeMetadata(metadata: ObjectMeta): JsonObject {
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => value !== undefined),
  ) as JsonObject;
}
