/**
 * Keys on the tape: compared and ordered by the UTF-8 bytes of what they say, not of how they are
 * escaped. A key with escapes has its unescaped bytes beside the tape (`decodedKeys`).
 */

import { BACKSLASH } from './ascii.js';
import { readEscape, writeUtf8 } from './escape.js';
import type { JsonScanner } from './scanner.js';
import { END, FIRST, NEXT, NONE, START } from './tape.js';

/** Compares two keys of one document: below 0, 0 or above 0. */
export function compareKeys(scanner: JsonScanner, left: number, right: number): number {
  const entries = scanner.entries;
  const leftIndex = entries[left + FIRST] as number;
  const rightIndex = entries[right + FIRST] as number;
  if (leftIndex !== NONE || rightIndex !== NONE) {
    return Buffer.compare(keyBytes(scanner, left), keyBytes(scanner, right));
  }
  const bytes = scanner.bytes;
  const leftStart = entries[left + START] as number;
  const rightStart = entries[right + START] as number;
  const leftLength = (entries[left + END] as number) - leftStart;
  const rightLength = (entries[right + END] as number) - rightStart;
  const length = leftLength < rightLength ? leftLength : rightLength;
  for (let index = 0; index < length; index++) {
    const a = bytes[leftStart + index] as number;
    const b = bytes[rightStart + index] as number;
    if (a !== b) return a - b;
  }
  return leftLength - rightLength;
}

/** The UTF-8 bytes of what a key says. */
export function keyBytes(scanner: JsonScanner, key: number): Uint8Array {
  const entries = scanner.entries;
  const decoded = entries[key + FIRST] as number;
  if (decoded !== NONE) return scanner.decodedKeys[decoded] as Uint8Array;
  return scanner.bytes.subarray(entries[key + START], entries[key + END]);
}

/** Unescapes a key that was just scanned. */
export function decodeKey(bytes: Uint8Array, entries: Int32Array, key: number): Uint8Array {
  const end = entries[key + END] as number;
  let at = entries[key + START] as number;
  const decoded = new Uint8Array(end - at);
  let length = 0;
  while (at < end) {
    if (bytes[at] === BACKSLASH) {
      const escape = readEscape(bytes, at);
      at += escape.length;
      length = writeUtf8(decoded, length, escape.codePoint);
    } else {
      decoded[length++] = bytes[at++] as number;
    }
  }
  return decoded.subarray(0, length);
}

/**
 * Links an object's keys in order and calls back for each key that equals another, in key order;
 * the one that came later in the document is the duplicate.
 */
export function orderKeys(
  scanner: JsonScanner,
  container: number,
  onDuplicate: (key: number) => void,
): void {
  const entries = scanner.entries;
  const keys: number[] = [];
  for (let key = entries[container + FIRST] as number; key !== NONE;) {
    keys.push(key);
    key = entries[key + NEXT] as number;
  }
  keys.sort((left, right) => compareKeys(scanner, left, right));
  let previous = NONE;
  for (const key of keys) {
    if (previous === NONE) entries[container + FIRST] = key;
    else entries[previous + NEXT] = key;
    if (previous !== NONE && compareKeys(scanner, previous, key) === 0) onDuplicate(key);
    previous = key;
  }
  entries[previous + NEXT] = NONE;
}
