/**
 * An object as a request brings it (a body, or the result of a patch), checked for being of the
 * type and the place that the URL names. Everything refused here is the client's 400: the request
 * is not about this object at all.
 */

import { apiVersionOf } from '../../object/index.js';
import type {
  JsonValue,
  ObjectKey,
  ObjectMeta,
  ResourceType,
  ResourceVersion,
} from '../../object/index.js';
import { encodeJson, isJsonObject } from '../../object/lossless/index.js';
import type { StatusError } from '../../request/index.js';
import { badRequest, fieldInvalid, invalid, quote } from '../../request/index.js';
import { decodeMetadata, describe, MetadataTypeError } from './metadata.js';
import type { JsonObject } from '../../object/lossless/index.js';
import type { PreparedObject } from './preparation.js';

/** How many bytes of a body an error message repeats. */
const SUMMARY_BYTES_MAX = 30;

export interface IncomingObject extends PreparedObject {
  /** As it came, unknown fields included. */
  readonly source: JsonValue;
  /** Paths of metadata fields that do not exist. */
  readonly unknown: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Takes a decoded value for an object of the version. Of a patch's result, what it is not is told
 * as a fault of the patch. Throws a StatusError 400 or, for a patch, 422.
 */
export function readIncoming(
  type: ResourceType,
  version: ResourceVersion,
  value: JsonValue,
  isPatch: boolean,
): IncomingObject {
  const { kind, apiVersion } = isPatch ? patchedType(value) : bodyType(type, value);
  const expected = apiVersionOf(type.group, version.name);
  if (!isPatch && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version ` +
        `(${expected})`,
    );
  }
  const { metadata: rawMetadata, ...content } = value as JsonObject;
  try {
    const { metadata, unknown } = decodeMetadata(rawMetadata);
    return { source: value, content, unknown, ...mergeOwnerReferences(metadata) };
  } catch (error) {
    if (!(error instanceof MetadataTypeError)) throw error;
    throw isPatch
      ? unreadablePatch(value, error.message)
      : cannotBeHandled(kind, version, error.message);
  }
}

interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

// Before anything else an object must say what it is.
function bodyType(type: ResourceType, value: JsonValue): TypeMeta {
  const refused = (why: string): StatusError => unrecognized(type, why, encodeJson(value));
  const wrong = (what: string, of: string, given: JsonValue): StatusError => {
    const why = `${what} must be ${of}, not ${describe(given)}`;
    return refused(`couldn't get version/kind; json parse error: ${why}`);
  };
  if (value === null) throw refused(missingKind(value));
  if (!isJsonObject(value)) throw wrong('the body', 'an object', value);
  const apiVersion = value['apiVersion'] ?? '';
  const kind = value['kind'] ?? '';
  if (typeof apiVersion !== 'string') throw wrong('apiVersion', 'a string', apiVersion);
  if (typeof kind !== 'string') throw wrong('kind', 'a string', kind);
  if (apiVersion.split('/').length > 2) {
    throw refused(`unexpected GroupVersion string: ${apiVersion}`);
  }
  if (kind === '') throw refused(missingKind(value));
  return { apiVersion, kind };
}

function patchedType(value: JsonValue): TypeMeta {
  const { apiVersion, kind } = isJsonObject(value) ? value : {};
  if (typeof kind === 'string' && kind !== '') {
    return { apiVersion: typeof apiVersion === 'string' ? apiVersion : '', kind };
  }
  throw unreadablePatch(value, missingKind(value));
}

const missingKind = (value: JsonValue): string =>
  `Object 'Kind' is missing in '${Buffer.from(encodeJson(value)).toString()}'`;

/** The object's name, for a create; the namespace of the URL holds where the body names none. */
export function placeInNamespace(
  type: ResourceType,
  metadata: ObjectMeta,
  namespace: string,
): ObjectMeta {
  const { namespace: named = '', ...others } = metadata;
  if (!type.namespaced) return others;
  if (named !== '' && named !== namespace) {
    throw namespaceMismatch();
  }
  return namespace === '' ? others : { ...others, namespace };
}

/** Refuses a replacement that calls itself by another name than the URL does. */
export function checkAddress(metadata: ObjectMeta, name: string, namespace: string): void {
  const inNamespace = metadata.namespace ?? '';
  if (namespace !== '' && inNamespace !== '' && inNamespace !== namespace) {
    throw namespaceMismatch();
  }
  const named = metadata.name ?? '';
  if (named === '') {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (named !== name) {
    throw badRequest(
      `the name of the object (${named}) does not match the name on the URL (${name})`,
    );
  }
}

function namespaceMismatch(): StatusError {
  return badRequest(
    'the namespace of the provided object does not match the namespace sent on the request',
  );
}

/** Refuses a replacement that is not for the place the URL names, whether that is there or not. */
export function checkReplacement(
  type: ResourceType,
  version: ResourceVersion,
  value: JsonValue,
  { name, namespace }: ObjectKey,
): void {
  checkAddress(readIncoming(type, version, value, false).metadata, name, namespace);
}

/** 400 for a body that is no object of the type; `body` is what came. */
export function unrecognized(
  type: Pick<ResourceType, 'kind'>,
  why: string,
  body: Uint8Array,
): StatusError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${type.kind}): ${why} ` +
      `(${summarize(body)})`,
  );
}

/** 400 for an object with fields that can't be; `kind` is what it calls itself. */
export function cannotBeHandled(
  kind: JsonValue | undefined,
  version: ResourceVersion,
  why: string,
): StatusError {
  const named = String(kind);
  return badRequest(
    `${named} in version ${quote(version.name)} cannot be handled as a ${named}: ${why}`,
  );
}

/** 422 for a patch whose result can't be read as an object. */
export function unreadablePatch(result: JsonValue, why: string): StatusError {
  const text = Buffer.from(encodeJson(result)).toString();
  return invalid({ group: '', kind: '' }, '', [fieldInvalid('patch', text, why)]);
}

/** `unknown field "a", unknown field "b"`. */
export function unknownFieldTexts(paths: readonly string[]): string[] {
  return [...new Set(paths)].map((path) => `unknown field ${quote(path)}`);
}

// JSON as text, anything else as hexadecimal digits: what it is must be seen in a log.
function summarize(body: Uint8Array): string {
  if (body.length === 0) return '<empty>';
  const head = Buffer.from(body.subarray(0, SUMMARY_BYTES_MAX));
  const text = head.toString(body[0] === 0x7b ? 'utf8' : 'hex');
  return body.length > SUMMARY_BYTES_MAX ? `${text} ...` : text;
}

function mergeOwnerReferences(metadata: ObjectMeta): {
  readonly metadata: ObjectMeta;
  readonly warnings: readonly string[];
} {
  const references = metadata.ownerReferences ?? [];
  const unique = new Map(
    references.map((reference) => [JSON.stringify(reference, REFERENCE_FIELDS), reference]),
  );
  if (unique.size === references.length) return { metadata, warnings: [] };
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const reference of references) {
    const text = JSON.stringify(reference, REFERENCE_FIELDS);
    if (seen.has(text)) repeated.add(reference.uid);
    seen.add(text);
  }
  return {
    metadata: { ...metadata, ownerReferences: [...unique.values()] },
    warnings: [
      '.metadata.ownerReferences contains duplicate entries; API server dedups owner references ' +
        'in 1.20+, and may reject such requests as early as 1.24; please fix your requests; ' +
        `duplicate UID(s) observed: ${[...repeated].join(', ')}`,
    ],
  };
}

// Fixes the order, so that equal references have equal texts.
const REFERENCE_FIELDS = ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'];
