/**
 * JSON values to canonical bytes: those that `scanObject` makes of the same value, but for the
 * resourceVersion, which stays.
 *
 * Rules:
 *  1. Keys are ordered by their UTF-8 bytes; no white space; the fewest escapes.
 *  2. A LosslessNumber is written as it was read, a bigint as an integer.
 *  3. As JSON.stringify does: members that are undefined are left out, `toJSON` is asked. Unlike
 *     it, nothing is silently turned into null: NaN, functions, half of a surrogate pair are
 *     refused.
 */

import { ObjectError } from '../error.js';
import { compareUtf8 } from '../key.js';
import { NESTING_MAX } from '../limits.js';
import { isLosslessNumber } from './number.js';

/**
 * Encodes a value. Throws a JsonError: `not-encodable`, `number-out-of-range`, `invalid-utf8`, or
 * `too-deep`, which also is what a value that contains itself ends with.
 */
export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(encodeJsonText(value));
}

/** The same as text. */
export function encodeJsonText(value: unknown): string {
  const text = encodeValue(value, 0);
  if (text === undefined) throw notEncodable(value);
  return text;
}

// Undefined for undefined.
function encodeValue(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return encodeString(value);
    case 'number':
      return encodeNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return encodeNumber(value);
    case 'undefined':
      return undefined;
    case 'object':
      return value === null ? 'null' : encodeObject(value, depth);
    default:
      throw notEncodable(value);
  }
}

function encodeObject(value: object, depth: number): string | undefined {
  if (isLosslessNumber(value)) return encodeLexeme(value.value);
  if (depth >= NESTING_MAX) {
    throw new ObjectError('too-deep', `nesting above ${NESTING_MAX}`, -1);
  }
  if (Array.isArray(value)) return encodeArray(value, depth);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') {
    return encodeValue((toJSON as () => unknown).call(value), depth + 1);
  }
  const members = value as { readonly [key: string]: unknown };
  let text = '';
  for (const key of orderedKeys(members)) {
    const member = encodeValue(members[key], depth + 1);
    if (member === undefined) continue;
    text += `${text === '' ? '{' : ','}${encodeString(key)}:${member}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

function encodeArray(value: readonly unknown[], depth: number): string {
  let text = '[';
  for (let index = 0; index < value.length; index++) {
    const element = encodeValue(value[index], depth + 1);
    if (element === undefined) throw notEncodable(undefined);
    text += index === 0 ? element : `,${element}`;
  }
  return `${text}]`;
}

function orderedKeys(members: object): string[] {
  const keys = Object.keys(members);
  for (let index = 1; index < keys.length; index++) {
    if (compareUtf8(keys[index - 1] as string, keys[index] as string) > 0) {
      return keys.sort(compareUtf8);
    }
  }
  return keys;
}

function encodeString(text: string): string {
  if (!NEEDS_CARE.test(text)) return `"${text}"`;
  if (/\p{Surrogate}/u.test(text)) {
    throw new ObjectError('invalid-utf8', 'a string with half of a surrogate pair', -1);
  }
  return JSON.stringify(text);
}

function encodeNumber(value: number | bigint): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return encodeLexeme(String(value));
}

function encodeLexeme(lexeme: string): string {
  if (Number.isFinite(Number(lexeme))) return lexeme;
  throw new ObjectError(
    'number-out-of-range',
    `${lexeme.slice(0, 40)} is not a number of JSON`,
    -1,
  );
}

function notEncodable(value: unknown): ObjectError {
  return new ObjectError('not-encodable', `JSON has no way to say ${typeof value}`, -1);
}

/** What JSON.stringify would escape, and surrogates, which may lack their other half. */
// oxlint-disable-next-line no-control-regex
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/;
