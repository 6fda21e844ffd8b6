/**
 * Objects as handlers give them, made what is served: the type that they are of is filled in, and
 * what a client must not see (another place, another type, no name, no JSON) is found.
 */

import type { ResourceType, ResourceVersion } from '../../object/index.js';
import { isDns1123Label, isPathSegmentName, ObjectError, scanObject } from '../../object/index.js';
import { encodeJson } from '../../object/lossless/index.js';
import { HandlerFault } from './fault.js';

/** What an object has to be. */
export interface Expected {
  readonly type: ResourceType;
  readonly version: ResourceVersion;
  readonly apiVersion: string;
  /** `''`: whichever, where the type has namespaces. */
  readonly namespace: string;
  /** `''`: whichever, but there must be one. `undefined`: there need not be one. */
  readonly name: string | undefined;
}

/** An object that can be served. */
export interface OutgoingObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: readonly (readonly [string, string])[];
  /** The values of the version's selectable fields, in their order. */
  readonly fields: readonly (string | undefined)[];
  /** The whole object, canonical. */
  readonly bytes: Uint8Array;
  /** The same without its resourceVersion: two objects that say the same have the same. */
  readonly content: Uint8Array;
}

/** Throws a HandlerFault that begins with `which`, such as `object 3`. */
export function outgoingObject(value: unknown, expected: Expected, which: string): OutgoingObject {
  const { type, version, apiVersion } = expected;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HandlerFault(`${which} is ${kindOf(value)}, not an object`);
  }
  const given = value as { readonly apiVersion?: unknown; readonly kind?: unknown };
  checkType(which, 'kind', given.kind, type.kind);
  checkType(which, 'apiVersion', given.apiVersion, apiVersion);
  const { bytes, scanned } = encode({ ...value, apiVersion, kind: type.kind }, version, which);
  const { namespace, name, uid, resourceVersion, labels, fields, bytes: content } = scanned;
  const subject = name === '' ? which : `${which} (${placeOf(namespace, name)})`;
  checkPlace(subject, namespace, name, expected);
  return { namespace, name, uid, resourceVersion, labels, fields, bytes, content };
}

/** An object that has been served before, of its canonical bytes. */
export function servedObject(bytes: Uint8Array, version: ResourceVersion): OutgoingObject {
  const { bytes: content, ...scanned } = scanObject(bytes, version.selectableFields);
  const { namespace, name, uid, resourceVersion, labels, fields } = scanned;
  return { namespace, name, uid, resourceVersion, labels, fields, bytes, content };
}

/** `the object`, or undefined for null and undefined: what a handler says that has none. */
export function optionalObject(value: unknown, expected: Expected): OutgoingObject | undefined {
  if (value === undefined || value === null) return undefined;
  return outgoingObject(value, expected, 'the object');
}

/** `team-a/lamp`, or the name alone of what is in no namespace. */
export function placeOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function checkType(which: string, field: string, given: unknown, expected: string): void {
  if (given === undefined || given === expected) return;
  const told = typeof given === 'string' ? JSON.stringify(given) : kindOf(given);
  throw new HandlerFault(`the ${field} of ${which} is ${told}, not ${JSON.stringify(expected)}`);
}

function encode(
  value: object,
  version: ResourceVersion,
  which: string,
): { readonly bytes: Uint8Array; readonly scanned: ReturnType<typeof scanObject> } {
  try {
    const bytes = encodeJson(value);
    return { bytes, scanned: scanObject(bytes, version.selectableFields) };
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
    throw new HandlerFault(`${which} is no object of the API: ${error.message}`, { cause: error });
  }
}

function checkPlace(which: string, namespace: string, name: string, expected: Expected): void {
  const { type, namespace: wantedNamespace, name: wantedName } = expected;
  if (!type.namespaced && namespace !== '') {
    throw new HandlerFault(`${which} is in a namespace, but ${type.resource} are in none`);
  }
  if (name === '' && wantedName !== undefined) {
    throw new HandlerFault(`metadata.name of ${which} is missing`);
  }
  if (name !== '') checkSegment(which, 'name', name, isPathSegmentName(name));
  if (wantedName !== undefined && wantedName !== '' && name !== wantedName) {
    throw new HandlerFault(`the name of ${which} is not ${JSON.stringify(wantedName)}`);
  }
  if (!type.namespaced || (name === '' && namespace === '')) return;
  if (namespace === '') throw new HandlerFault(`metadata.namespace of ${which} is missing`);
  checkSegment(which, 'namespace', namespace, isDns1123Label(namespace));
  if (wantedNamespace !== '' && namespace !== wantedNamespace) {
    throw new HandlerFault(`the namespace of ${which} is not ${JSON.stringify(wantedNamespace)}`);
  }
}

function checkSegment(
  which: string,
  field: string,
  value: string,
  messages: readonly string[],
): void {
  if (messages.length === 0) return;
  const shown = JSON.stringify(value);
  throw new HandlerFault(`metadata.${field} of ${which} is ${shown}: ${messages.join('; ')}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'undefined';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
