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
  findString,
  invalidField,
  kindOf,
  repeatedTextOf,
  says,
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
 * What is kept of an object, for whoever lays its bytes somewhere else at once: no byte is copied,
 * and texts that were read lately are not made again. Written anew by the next scan.
 */
export interface ObjectContent {
  /** The canonical JSON, a resourceVersion that the document has included. */
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly namespace: string;
  readonly apiVersion: string;
  /** Keys and values in turn, ordered by the keys' UTF-8 bytes. */
  readonly labels: readonly string[];
  /** The values of the declared fields, in the order in which they were asked for. */
  readonly fields: readonly (string | undefined)[];
  /** The resourceVersion goes here, in the place of what stands up to `revisionEnd`. */
  readonly revisionOffset: number;
  readonly revisionEnd: number;
  /** As in ScannedObject. */
  readonly hasMetadata: boolean;
  readonly apiVersionOffset: number;
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
  return scanContent(source, fields, '', describe);
}

/**
 * Scans an object as `scanObject` does, with the same errors, and hands what it finds to `take`,
 * which must scan nothing meanwhile. Where the object is called `expectedName`, that string is its
 * name, and none is made.
 */
export function scanContent<Result>(
  source: Uint8Array,
  fields: readonly string[],
  expectedName: string,
  take: (content: ObjectContent) => Result,
): Result {
  try {
    scanner.scan(source);
    read(fields, expectedName);
    return take(content);
  } finally {
    scanner.release();
    content.bytes = NO_BYTES;
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
const NO_BYTES: Uint8Array = new Uint8Array(0);

// One document at a time: nothing in here waits, or calls what scans.
const scanner = new JsonScanner();
const content = {
  bytes: NO_BYTES,
  name: '',
  namespace: '',
  apiVersion: '',
  labels: [] as string[],
  fields: [] as (string | undefined)[],
  revisionOffset: 0,
  revisionEnd: 0,
  hasMetadata: false,
  apiVersionOffset: 0,
  apiVersionLength: 0,
};
// Entries of what only a description tells.
const described = { kind: NONE, uid: NONE, resourceVersion: NONE };

// Reads before it makes canonical, so that errors name offsets of the caller's bytes.
function read(fields: readonly string[], expectedName: string): void {
  if (kindOf(scanner, ROOT) !== KIND_OBJECT) {
    throw new ObjectError('not-an-object', 'JSON, but not an object', valueStart(scanner, ROOT));
  }
  const metadata = findMetadata();
  const apiVersion = findString(scanner, ROOT, API_VERSION, 'apiVersion');
  described.kind = findString(scanner, ROOT, KIND_KEY, 'kind');
  const name = findString(scanner, metadata, NAME, 'metadata.name');
  const namespace = findString(scanner, metadata, NAMESPACE, 'metadata.namespace');
  described.uid = findString(scanner, metadata, UID, 'metadata.uid');
  described.resourceVersion = findString(
    scanner,
    metadata,
    RESOURCE_VERSION,
    'metadata.resourceVersion',
  );
  content.apiVersion = repeatedTextOf(scanner, apiVersion);
  content.name = says(scanner, name, expectedName) ? expectedName : textOf(scanner, name);
  content.namespace = repeatedTextOf(scanner, namespace);
  readLabels(metadata);
  readFields(fields);
  canonicalise(scanner);
  findPlaces();
}

// Where things stand in the canonical bytes.
function findPlaces(): void {
  const place = planRevision(scanner);
  content.bytes = scanner.bytes;
  content.revisionOffset = place.cutStart;
  content.revisionEnd = place.cutEnd;
  content.hasMetadata = place.hasMetadata;
  const key = findKey(scanner, ROOT, API_VERSION);
  if (key === NONE) {
    // It would stand before metadata, and so not behind what is cut there.
    content.apiVersionOffset = Math.min(placeOf(scanner, ROOT, API_VERSION), place.cutStart);
    content.apiVersionLength = 0;
  } else {
    content.apiVersionOffset = valueStart(scanner, key + ENTRY_SIZE);
    content.apiVersionLength = valueEnd(scanner, key + ENTRY_SIZE) - content.apiVersionOffset;
  }
}

function describe(found: ObjectContent): ScannedObject {
  const { labels, fields, revisionOffset, apiVersionOffset } = found;
  return {
    bytes: withoutRange(found.bytes, revisionOffset, found.revisionEnd),
    name: found.name,
    namespace: found.namespace,
    uid: textOf(scanner, described.uid),
    resourceVersion: textOf(scanner, described.resourceVersion),
    apiVersion: found.apiVersion,
    kind: repeatedTextOf(scanner, described.kind),
    labels: Array.from({ length: labels.length / 2 }, (_, index) => [
      labels[2 * index]!,
      labels[2 * index + 1]!,
    ]),
    fields: fields.slice(),
    revisionOffset,
    hasMetadata: found.hasMetadata,
    apiVersionOffset,
    apiVersionLength: found.apiVersionLength,
  };
}

function findMetadata(): number {
  const key = findKey(scanner, ROOT, METADATA);
  if (key === NONE) return NONE;
  const value = key + ENTRY_SIZE;
  if (kindOf(scanner, value) === KIND_OBJECT) return value;
  throw invalidField(scanner, value, 'metadata', 'an object');
}

function readLabels(metadata: number): void {
  const { labels: texts } = content;
  let count = 0;
  const labels = metadata === NONE ? NONE : findKey(scanner, metadata, LABELS);
  if (labels === NONE || kindOf(scanner, labels + ENTRY_SIZE) === KIND_NULL) {
    texts.length = 0;
    return;
  }
  if (kindOf(scanner, labels + ENTRY_SIZE) !== KIND_OBJECT) {
    throw invalidField(scanner, labels + ENTRY_SIZE, 'metadata.labels', 'an object');
  }
  let key = scanner.entries[labels + ENTRY_SIZE + FIRST] as number;
  while (key !== NONE) {
    const text = repeatedTextOf(scanner, key);
    const value = key + ENTRY_SIZE;
    if (kindOf(scanner, value) !== KIND_STRING) {
      throw invalidField(scanner, value, `metadata.labels.${text}`, 'a string');
    }
    texts[count++] = text;
    texts[count++] = repeatedTextOf(scanner, value);
    key = scanner.entries[key + NEXT] as number;
  }
  // Only here: an array that is emptied first loses its memory.
  if (texts.length !== count) texts.length = count;
}

function readFields(fields: readonly string[]): void {
  const { fields: values } = content;
  const paths = compileFields(fields);
  if (values.length !== paths.length) values.length = paths.length;
  for (let index = 0; index < paths.length; index++) {
    values[index] = fieldValue(scanner, paths[index]!);
  }
}

function withoutRange(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const result = new Uint8Array(bytes.length - (end - start));
  result.set(bytes.subarray(0, start));
  result.set(bytes.subarray(end), start);
  return result;
}
