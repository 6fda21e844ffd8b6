/**
 * Bytes or text to JSON values.
 *
 * Rules:
 *  1. What is refused, and with which code, is what `scanObject` refuses, but for duplicate keys
 *     and for what an object demands beyond JSON. No parser runs before nesting is known to be
 *     bounded.
 *  2. Numbers that a double would write differently become LosslessNumbers (number.ts).
 *  3. Of duplicate keys the last one counts, as for JSON.parse; who cares asks for `onDuplicate`.
 *  4. `__proto__` is a key like any other.
 */

import { parse } from 'lossless-json';

import { ObjectError } from '../error.js';
import type { JsonValue } from '../resource.js';
import { JsonScanner } from '../scanner.js';
import { numberOf } from './number.js';
import { surveyJson } from './survey.js';

export interface DecodeOptions {
  /**
   * Called for every duplicate key with its path (`spec.containers[0].name`) and its offset in the
   * bytes. Costs a scan of its own. Default: nobody is told.
   */
  readonly onDuplicate?: (path: string, offset: number) => void;
}

/**
 * Decodes JSON. Numbers are JavaScript numbers or LosslessNumbers (`isNumber` covers both). Throws
 * a JsonError for anything that is not strict JSON.
 */
export function decodeJson(source: Uint8Array | string, options: DecodeOptions = {}): JsonValue {
  const bytes = typeof source === 'string' ? encodeUtf8(source) : source;
  if (options.onDuplicate !== undefined) new JsonScanner(options.onDuplicate).scan(bytes);
  if (surveyJson(bytes) === 'plain') {
    try {
      return JSON.parse(decoder.decode(bytes)) as JsonValue;
    } catch {
      // The strict scan below finds the same fault and tells where it is.
    }
  }
  return decodeStrictly(bytes);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeStrictly(bytes: Uint8Array): JsonValue {
  new JsonScanner(ignoreDuplicate).scan(bytes);
  return parse(decoder.decode(bytes), undefined, {
    parseNumber: numberOf,
    onDuplicateKey: ({ newValue }) => newValue,
  }) as JsonValue;
}

function ignoreDuplicate(): void {}

function encodeUtf8(text: string): Uint8Array {
  const lone = /\p{Surrogate}/u.exec(text);
  if (lone === null) return Buffer.from(text);
  const offset = Buffer.byteLength(text.slice(0, lone.index));
  throw new ObjectError('invalid-utf8', 'text with half of a surrogate pair', offset);
}
