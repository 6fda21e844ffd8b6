/**
 * An object as a request brings it (a body, or the result of a patch), checked for being of the
 * type and the place that the URL names. Everything refused here is the client's 400: the request
 * is not about this object at all.
 */

import { apiVersionOf } from '../../object/index.js';
import type { JsonValue, ObjectMeta, ResourceType, ResourceVersion } from '../../object/index.js';
import { encodeJson } from '../../object/lossless/index.js';
import type { StatusError } from '../../request/index.js';
import { badRequest, quote } from '../../request/index.js';
import { decodeMetadata, MetadataTypeError } from './metadata.js';
import { isJsonObject } from './object.js';
import type { PreparedObject } from './preparation.js';

/** How many bytes of a body an error message repeats. */
const SUMMARY_BYTES_MAX = 30;

export interface IncomingObject extends PreparedObject {
  /** Paths of metadata fields that do not exist. */
  readonly unknown: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Takes a decoded value for an object of the type, in any of its served versions. Throws a
 * StatusError 400.
 */
export function readIncoming(
  type: ResourceType,
  version: ResourceVersion,
  value: JsonValue,
): IncomingObject {
  if (!isJsonObject(value)) throw unrecognized(type, 'it is not a JSON object', encodeJson(value));
  const { apiVersion, kind } = value;
  if (kind === undefined || kind === null || kind === '') {
    const text = encodeJson(value);
    throw unrecognized(type, `Object 'Kind' is missing in '${summarize(text)}'`, text);
  }
  const inData = typeof apiVersion === 'string' ? apiVersion : '';
  const served = type.versions.filter((candidate) => candidate.served);
  if (!served.some((candidate) => apiVersionOf(type.group, candidate.name) === inData)) {
    const expected = apiVersionOf(type.group, version.name);
    throw badRequest(
      `the API version in the data (${inData}) does not match the expected API version ` +
        `(${expected})`,
    );
  }
  if (kind !== type.kind) throw cannotBeHandled(type, version, kind, 'the kind does not match');
  const { metadata: rawMetadata, ...content } = value;
  try {
    const { metadata, unknown } = decodeMetadata(rawMetadata);
    return { content, unknown, ...mergeOwnerReferences(metadata) };
  } catch (error) {
    if (!(error instanceof MetadataTypeError)) throw error;
    throw cannotBeHandled(type, version, kind, error.message);
  }
}

/** The object's name, for a create; the namespace of the URL holds where the body names none. */
export function placeInNamespace(
  type: ResourceType,
  metadata: ObjectMeta,
  namespace: string,
): ObjectMeta {
  const { namespace: named = '', ...others } = metadata;
  if (!type.namespaced) return others;
  if (named !== '' && named !== namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  return namespace === '' ? others : { ...others, namespace };
}

/** Refuses a replacement that calls itself by another name than the URL does. */
export function checkAddress(metadata: ObjectMeta, name: string, namespace: string): void {
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
  const inNamespace = metadata.namespace ?? '';
  if (namespace !== '' && inNamespace !== '' && inNamespace !== namespace) {
    throw badRequest(
      `the namespace of the object (${inNamespace}) does not match the namespace on the request ` +
        `(${namespace})`,
    );
  }
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

/** 400 for an object of another kind, or with fields that can't be. */
export function cannotBeHandled(
  type: ResourceType,
  version: ResourceVersion,
  kind: JsonValue,
  why: string,
): StatusError {
  return badRequest(
    `${String(kind)} in version ${quote(version.name)} cannot be handled as a ${type.kind}: ${why}`,
  );
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
