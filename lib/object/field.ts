/**
 * Values of declared fields. A path names keys from the top of the object, joined by dots
 * (`spec.nodeName`); keys that contain a dot, and elements of arrays, can't be named.
 */

import { findKey, kindOf, lexemeOf, repeatedTextOf } from './lookup.js';
import type { JsonScanner } from './scanner.js';
import {
  ENTRY_SIZE,
  KIND_FALSE,
  KIND_NUMBER,
  KIND_OBJECT,
  KIND_STRING,
  KIND_TRUE,
  NONE,
} from './tape.js';

/** A path as the bytes of its keys. */
export type FieldPath = readonly Uint8Array[];

/** The paths of an array, worked out once for each array. */
export function compileFields(fields: readonly string[]): readonly FieldPath[] {
  let paths = compiled.get(fields);
  if (paths === undefined) {
    paths = fields.map((field) => field.split('.').map((key) => Buffer.from(key)));
    compiled.set(fields, paths);
  }
  return paths;
}

/**
 * The value at a path: a string's text, or a number or boolean as it is written. `undefined` for
 * what is absent, null, an object or an array.
 */
export function fieldValue(scanner: JsonScanner, path: FieldPath): string | undefined {
  let value = 0;
  for (const wanted of path) {
    if (kindOf(scanner, value) !== KIND_OBJECT) return undefined;
    const key = findKey(scanner, value, wanted);
    if (key === NONE) return undefined;
    value = key + ENTRY_SIZE;
  }
  const kind = kindOf(scanner, value);
  if (kind === KIND_STRING) return repeatedTextOf(scanner, value);
  const written = kind === KIND_NUMBER || kind === KIND_TRUE || kind === KIND_FALSE;
  return written ? lexemeOf(scanner, value) : undefined;
}

const compiled = new WeakMap<readonly string[], readonly FieldPath[]>();
