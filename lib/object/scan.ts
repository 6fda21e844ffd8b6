/**
 * Reads an object's JSON once and tells all that the layers above need: its canonical bytes without
 * the resourceVersion, its metadata, labels and declared fields, and where a resourceVersion goes.
 *
 * Rules:
 *  1. Two documents that say the same have the same canonical bytes (numbers: written the same
 *     way).
 *  2. `metadata.resourceVersion` is not part of an object's content: it is taken out and reported.
 *     A `metadata` that holds nothing (else) is left out with it, since stamping makes it anew.
 *  3. scan(stamp(scan(x))) has the canonical bytes of scan(x).
 *  4. A field that is null counts as absent (`labels:` with nothing below it in YAML), as
 *     upstream's decoder reads it; of any other wrong type it is refused.
 */

import { canonicalise } from './canonical.js';
import { ObjectError } from './error.js';
import { compileFields, fieldValue } from './field.js';
import {
  findKey,
  invalidField,
  kindOf,
  stringField,
  textOf,
  valueEnd,
  valueStart,
} from './lookup.js';
import { API_VERSION, planRevision, placeOf } from './place.js';
import { JsonScanner } from './scanner.js';
import { ENTRY_SIZE, FIRST, KIND_NULL, KIND_OBJECT, KIND_STRING, NEXT, NONE } from './tape.js';

/** What `scanObject` finds. Strings are `''` where the object has no such field. */
export interface ScannedObject {
  /** The canonical JSON, without `metadata.resourceVersion`; memory of its own. */
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** The one that was taken out of the bytes. */
  readonly resourceVersion: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** Pairs of key and value, ordered by the keys' UTF-8 bytes. */
  readonly labels: readonly (readonly [string, string])[];
  /** The values of the declared fields, in the order in which they were asked for. */
  readonly fields: readonly (string | undefined)[];
  /** Where `stampRevision` inserts. */
  readonly revisionOffset: number;
  /** Whether the bytes have a `metadata`, into which the resourceVersion goes. */
  readonly hasMetadata: boolean;
  /** Where the value of `apiVersion` stands, quotes included, or else where the key would. */
  readonly apiVersionOffset: number;
  /** Length of that value with its quotes; 0 for an object without `apiVersion`. */
  readonly apiVersionLength: number;
}

/**
 * Scans an object and makes it canonical. `fields` are paths such as `spec.nodeName`; strings,
 * numbers (as written) and booleans have a value, everything else is `undefined`. Pass the same
 * array again and again: what it means is worked out once.
 *
 * Throws an ObjectError for bytes that are no strict JSON, have a duplicate key, or are no object.
 */
export function scanObject(source: Uint8Array, fields: readonly string[]): ScannedObject {
  try {
    scanner.scan(source);
    return describe(fields);
  } finally {
    scanner.release();
  }
}

const KIND_KEY = Buffer.from('kind');
const LABELS = Buffer.from('labels');
const METADATA = Buffer.from('metadata');
const NAME = Buffer.from('name');
const NAMESPACE = Buffer.from('namespace');
const RESOURCE_VERSION = Buffer.from('resourceVersion');
const UID = Buffer.from('uid');

const ROOT = 0;
const NO_LABELS: readonly (readonly [string, string])[] = [];

// One document at a time: nothing in here calls out or waits.
const scanner = new JsonScanner();

// Reads before it makes canonical, so that errors name offsets of the caller's bytes.
function describe(fields: readonly string[]): ScannedObject {
  if (kindOf(scanner, ROOT) !== KIND_OBJECT) {
    throw new ObjectError('not-an-object', 'JSON, but not an object', valueStart(scanner, ROOT));
  }
  const metadata = findMetadata();
  const apiVersion = stringField(scanner, ROOT, API_VERSION, 'apiVersion');
  const kind = stringField(scanner, ROOT, KIND_KEY, 'kind');
  const name = stringField(scanner, metadata, NAME, 'metadata.name');
  const namespace = stringField(scanner, metadata, NAMESPACE, 'metadata.namespace');
  const uid = stringField(scanner, metadata, UID, 'metadata.uid');
  const resourceVersion = stringField(
    scanner,
    metadata,
    RESOURCE_VERSION,
    'metadata.resourceVersion',
  );
  const labels = metadata === NONE ? NO_LABELS : readLabels(metadata);
  const values = compileFields(fields).map((path) => fieldValue(scanner, path));
  canonicalise(scanner);
  const place = planRevision(scanner);
  const apiVersionKey = findKey(scanner, ROOT, API_VERSION);
  const isAbsent = apiVersionKey === NONE;
  // It would stand before metadata, and so not behind what is cut there.
  const apiVersionOffset = isAbsent
    ? Math.min(placeOf(scanner, ROOT, API_VERSION), place.cutStart)
    : valueStart(scanner, apiVersionKey + ENTRY_SIZE);
  const apiVersionEnd = isAbsent ? apiVersionOffset : valueEnd(scanner, apiVersionKey + ENTRY_SIZE);
  return {
    bytes: withoutRange(scanner.bytes, place.cutStart, place.cutEnd),
    name,
    namespace,
    uid,
    resourceVersion,
    apiVersion,
    kind,
    labels,
    fields: values,
    revisionOffset: place.insert,
    hasMetadata: place.hasMetadata,
    apiVersionOffset,
    apiVersionLength: apiVersionEnd - apiVersionOffset,
  };
}

function findMetadata(): number {
  const key = findKey(scanner, ROOT, METADATA);
  if (key === NONE) return NONE;
  const value = key + ENTRY_SIZE;
  if (kindOf(scanner, value) === KIND_OBJECT) return value;
  throw invalidField(scanner, value, 'metadata', 'an object');
}

function readLabels(metadata: number): readonly (readonly [string, string])[] {
  const labels = findKey(scanner, metadata, LABELS);
  if (labels === NONE || kindOf(scanner, labels + ENTRY_SIZE) === KIND_NULL) return NO_LABELS;
  if (kindOf(scanner, labels + ENTRY_SIZE) !== KIND_OBJECT) {
    throw invalidField(scanner, labels + ENTRY_SIZE, 'metadata.labels', 'an object');
  }
  const pairs: (readonly [string, string])[] = [];
  let key = scanner.entries[labels + ENTRY_SIZE + FIRST] as number;
  while (key !== NONE) {
    const text = textOf(scanner, key);
    const value = key + ENTRY_SIZE;
    if (kindOf(scanner, value) !== KIND_STRING) {
      throw invalidField(scanner, value, `metadata.labels.${text}`, 'a string');
    }
    pairs.push([text, textOf(scanner, value)]);
    key = scanner.entries[key + NEXT] as number;
  }
  return pairs;
}

function withoutRange(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const result = new Uint8Array(bytes.length - (end - start));
  result.set(bytes.subarray(0, start));
  result.set(bytes.subarray(end), start);
  return result;
}
