/**
 * Puts what is not part of an object's content into its canonical bytes: the resourceVersion, and
 * the `apiVersion` in which it is served. Both are spliced in, never encoded anew, and at their
 * sorted place, so that the result is canonical too.
 */

import { CLOSE_BRACE, OPEN_BRACE, QUOTE } from './ascii.js';

/** An object's bytes with its resourceVersion, and where the digits of that stand. */
export interface StampedObject {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

/** The part of a ScannedObject, or of an ObjectContent, that stamping needs. */
export interface Stampable {
  readonly bytes: Uint8Array;
  readonly revisionOffset: number;
  /** Where what the resourceVersion replaces ends. Default: `revisionOffset`, for nothing. */
  readonly revisionEnd?: number;
  readonly hasMetadata: boolean;
}

/** The object with `metadata.resourceVersion` set to the revision. */
export function stampRevision(scanned: Stampable, revision: bigint): StampedObject {
  const digits = revision.toString();
  const bytes = new Uint8Array(stampedLength(scanned, digits));
  const offset = stampInto(scanned, digits, bytes, 0);
  return { bytes, offset, length: digits.length };
}

/** How many bytes `stampInto` writes. */
export function stampedLength(scanned: Stampable, digits: string): number {
  const { before, after } = surroundings(scanned);
  const { bytes, revisionOffset, revisionEnd = revisionOffset } = scanned;
  const kept = bytes.length - (revisionEnd - revisionOffset);
  return kept + before.length + digits.length + after.length;
}

/**
 * Writes the object with its resourceVersion into memory of the caller's, at `at`. Tells where the
 * digits stand, counted from `at`.
 */
export function stampInto(
  scanned: Stampable,
  digits: string,
  target: Uint8Array,
  at: number,
): number {
  const { bytes, revisionOffset, revisionEnd = revisionOffset } = scanned;
  const { before, after } = surroundings(scanned);
  const offset = revisionOffset + before.length;
  const rest = offset + digits.length + after.length;
  if (rest < revisionEnd) {
    target.set(bytes.subarray(0, revisionOffset), at);
    target.set(bytes.subarray(revisionEnd), at + rest);
  } else {
    // Nothing goes beyond the end, and a copy of the whole makes no views of its parts.
    target.set(bytes, at);
    if (rest > revisionEnd) {
      target.copyWithin(at + rest, at + revisionEnd, at + bytes.length);
    }
  }
  const end = writeAscii(target, writeAscii(target, at + revisionOffset, before), digits);
  writeAscii(target, end, after);
  return offset;
}

/**
 * The object with another `apiVersion`. `offset` and `length` are `apiVersionOffset` and
 * `apiVersionLength` of its ScannedObject (a stamped resourceVersion stands behind both and does
 * not move them); with length 0 the key is inserted.
 */
export function replaceApiVersion(
  bytes: Uint8Array,
  offset: number,
  length: number,
  apiVersion: string,
): Uint8Array {
  const quoted = JSON.stringify(apiVersion);
  const text = length > 0 ? quoted : asMember(bytes, offset, `"apiVersion":${quoted}`);
  const value = Buffer.from(text);
  const result = new Uint8Array(bytes.length - length + value.length);
  result.set(bytes.subarray(0, offset));
  result.set(value, offset);
  result.set(bytes.subarray(offset + length), offset + value.length);
  return result;
}

interface Surroundings {
  readonly before: string;
  readonly after: string;
}

const KEY = '"resourceVersion":"';
const METADATA = '"metadata":{';

// The eight ways in which a resourceVersion is put between its neighbours, made once.
const SURROUNDINGS: readonly Surroundings[] = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
  before: ((index & 1) !== 0 ? ',' : '') + ((index & 4) !== 0 ? KEY : METADATA + KEY),
  after: ((index & 4) !== 0 ? '"' : '"}') + ((index & 2) !== 0 ? ',' : ''),
}));

function surroundings(scanned: Stampable): Surroundings {
  const { bytes, revisionOffset, revisionEnd = revisionOffset } = scanned;
  const isLast = bytes[revisionEnd] === CLOSE_BRACE;
  const isFirst = bytes[revisionOffset - 1] === OPEN_BRACE;
  const index = (isLast && !isFirst ? 1 : 0) | (isLast ? 0 : 2) | (scanned.hasMetadata ? 4 : 0);
  return SURROUNDINGS[index] as Surroundings;
}

function asMember(bytes: Uint8Array, offset: number, member: string): string {
  if (bytes[offset] === QUOTE) return `${member},`;
  return bytes[offset - 1] === OPEN_BRACE ? member : `,${member}`;
}

function writeAscii(target: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index);
  return at + text.length;
}
