/**
 * A quick look over bytes that are probably JSON: may `JSON.parse` read them without losing
 * anything?
 *
 * It looks at numbers, nesting and surrogate escapes only and leaves the grammar to the parser.
 * What it is not sure about it calls suspicious; a strict scan then tells what is wrong, if
 * anything.
 */

import {
  BACKSLASH,
  DOT,
  isDigit,
  LOWER_E,
  LOWER_U,
  MINUS,
  NINE,
  QUOTE,
  UPPER_E,
  ZERO,
} from '../ascii.js';
import { NESTING_MAX } from '../limits.js';

/**
 * `plain`: JSON.parse keeps every number. `lossy`: some number needs its text kept. `suspicious`:
 * JSON that must be refused, or nearly.
 */
export type Survey = 'plain' | 'lossy' | 'suspicious';

/** Integers with at most this many digits are exact as doubles and print as they were read. */
const DIGITS_EXACT_MAX = 15;

/** Zeros behind the point from which a double is printed with an exponent (1e-7). */
const FRACTION_ZEROS_MAX = 5;

/** Surveys bytes; never throws. */
export function surveyJson(bytes: Uint8Array): Survey {
  let survey: Survey = 'plain';
  let depth = 0;
  const length = bytes.length;
  for (let at = 0; at < length;) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = stringEnd(bytes, at + 1);
      if (at < 0) return 'suspicious';
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      const end = numberEnd(bytes, at);
      if (!isExact(bytes, at, end)) survey = 'lossy';
      at = end;
    } else {
      // Braces and brackets differ in the 0x20 bit, opening and closing ones by 2.
      const bracket = byte | 0x20;
      if (bracket === 0x7b) depth++;
      else if (bracket === 0x7d) depth--;
      if (depth > NESTING_MAX) return 'suspicious';
      at++;
    }
  }
  return survey;
}

// The offset behind the closing quote, or -1 where there is none or half of a surrogate pair.
function stringEnd(bytes: Uint8Array, start: number): number {
  const length = bytes.length;
  for (let at = start; at < length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) continue;
    at++;
    if (bytes[at] !== LOWER_U || !isSurrogate(bytes, at)) continue;
    // Pairs are rare enough to be left to the strict scan.
    return -1;
  }
  return -1;
}

// Whether the escape whose `u` is at `at` begins with d8 to df.
function isSurrogate(bytes: Uint8Array, at: number): boolean {
  if (((bytes[at + 1] as number) | 0x20) !== 0x64) return false;
  return (bytes[at + 2] as number) >= 0x38;
}

function numberEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (;;) {
    const byte = bytes[at];
    const goesOn = isDigit(byte) || byte === DOT || byte === MINUS || byte === 0x2b;
    if (!goesOn && byte !== LOWER_E && byte !== UPPER_E) return at;
    at++;
  }
}

// Whether a double prints the number as it stands. Few digits, no exponent, no zero at the wrong
// end.
function isExact(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (end - first > DIGITS_EXACT_MAX) return false;
  let point = end;
  for (let at = first; at < end; at++) {
    if (bytes[at] === DOT && point === end) point = at;
    else if (!isDigit(bytes[at])) return false;
  }
  if (point === end) return first === start || bytes[first] !== ZERO;
  if (bytes[end - 1] === ZERO) return false;
  const isBelowOne = point === first + 1 && bytes[first] === ZERO;
  return !isBelowOne || leadingZeros(bytes, point + 1, end) <= FRACTION_ZEROS_MAX;
}

function leadingZeros(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === ZERO) at++;
  return at - start;
}
