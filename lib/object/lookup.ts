/**
 * Finding and reading values on the tape of a scanned document.
 *
 * Keys are found by walking an object's links: the objects that are looked into (the root,
 * metadata, labels, the way to a declared field) have few. A value is named by its entry; NONE is
 * no entry.
 */

import { ObjectError } from './error.js';
import { keyBytes } from './keys.js';
import type { JsonScanner } from './scanner.js';
import {
  END,
  ENTRY_SIZE,
  ESCAPED,
  FIRST,
  KIND,
  KIND_MASK,
  KIND_NULL,
  KIND_STRING,
  NEXT,
  NONE,
  START,
} from './tape.js';
import { isAscii, TextCache } from './text-cache.js';

const texts = new TextCache();

/** The kind of an entry, without its flags. */
export function kindOf(scanner: JsonScanner, entry: number): number {
  return (scanner.entries[entry + KIND] as number) & KIND_MASK;
}

/** The entry of an object's key, or NONE. The key's value is the entry after it. */
export function findKey(scanner: JsonScanner, container: number, wanted: Uint8Array): number {
  const entries = scanner.entries;
  let key = entries[container + FIRST] as number;
  while (key !== NONE && !isKey(scanner, key, wanted)) key = entries[key + NEXT] as number;
  return key;
}

/** The offset behind a value, closing quote included. */
export function valueEnd(scanner: JsonScanner, entry: number): number {
  const end = scanner.entries[entry + END] as number;
  return kindOf(scanner, entry) === KIND_STRING ? end + 1 : end;
}

/** The offset at which a value begins, opening quote included. */
export function valueStart(scanner: JsonScanner, entry: number): number {
  const start = scanner.entries[entry + START] as number;
  return kindOf(scanner, entry) === KIND_STRING ? start - 1 : start;
}

/** What a string or a key says; `''` of NONE. */
export function textOf(scanner: JsonScanner, entry: number): string {
  if (entry === NONE) return '';
  const entries = scanner.entries;
  const start = entries[entry + START] as number;
  const end = entries[entry + END] as number;
  if (((entries[entry + KIND] as number) & ESCAPED) === 0) return scanner.text(start, end);
  return JSON.parse(scanner.text(start - 1, end + 1)) as string;
}

/** The same, for texts that stand in many documents: one that was read lately is not made again. */
export function repeatedTextOf(scanner: JsonScanner, entry: number): string {
  if (entry === NONE) return '';
  const entries = scanner.entries;
  if (((entries[entry + KIND] as number) & ESCAPED) !== 0) return textOf(scanner, entry);
  return lexemeOf(scanner, entry);
}

/** A number or literal as it is written, or a string without escapes. */
export function lexemeOf(scanner: JsonScanner, entry: number): string {
  const entries = scanner.entries;
  const start = entries[entry + START] as number;
  return texts.get(scanner.bytes, start, entries[entry + END] as number, scanner);
}

/** Whether a string says this text. Never of NONE; `false` for what is not ASCII. */
export function says(scanner: JsonScanner, entry: number, text: string): boolean {
  if (entry === NONE) return false;
  const entries = scanner.entries;
  if (((entries[entry + KIND] as number) & ESCAPED) !== 0) return false;
  const start = entries[entry + START] as number;
  return isAscii(text, scanner.bytes, start, entries[entry + END] as number);
}

/**
 * The entry of the string that an object has under a key; NONE where it has none or null. Throws
 * `invalid-field` for a value of another type. `container` may be NONE, which has no keys.
 */
export function findString(
  scanner: JsonScanner,
  container: number,
  wanted: Uint8Array,
  path: string,
): number {
  const key = container === NONE ? NONE : findKey(scanner, container, wanted);
  if (key === NONE) return NONE;
  const value = key + ENTRY_SIZE;
  const kind = kindOf(scanner, value);
  if (kind === KIND_STRING) return value;
  if (kind === KIND_NULL) return NONE;
  throw invalidField(scanner, value, path, 'a string');
}

/** The error for a field of the wrong type. */
export function invalidField(
  scanner: JsonScanner,
  value: number,
  path: string,
  expected: string,
): ObjectError {
  const offset = valueStart(scanner, value);
  return new ObjectError('invalid-field', `${path} is not ${expected}`, offset, path);
}

function isKey(scanner: JsonScanner, key: number, wanted: Uint8Array): boolean {
  const entries = scanner.entries;
  if ((entries[key + FIRST] as number) !== NONE) {
    return Buffer.compare(keyBytes(scanner, key), wanted) === 0;
  }
  const start = entries[key + START] as number;
  const length = wanted.length;
  if ((entries[key + END] as number) - start !== length) return false;
  const bytes = scanner.bytes;
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== wanted[index]) return false;
  }
  return true;
}
