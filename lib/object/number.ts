/**
 * JSON numbers (RFC 8259 §6) by their grammar. They are kept as they are written: `1` and `1.0`, or
 * a 64-bit integer, are not the same to an API server, and a double forgets the difference. Only
 * what no double can hold at all is refused, because other JSON readers would turn it into
 * infinity.
 */

import { DOT, isDigit, LOWER_E, MINUS, PLUS, UPPER_E, ZERO } from './ascii.js';
import { ObjectError } from './error.js';
import { describeByte } from './fault.js';

/** Integers with no more digits than this are below the largest double, 1.8e308. */
const DIGITS_ALWAYS_FINITE = 308;

/** Reads the number that begins at `start` and tells the offset behind it. */
export function scanNumber(bytes: Uint8Array, start: number): number {
  let at = start;
  if (bytes[at] === MINUS) at++;
  const integer = at;
  if (bytes[at] === ZERO) at++;
  else at = digits(bytes, at);
  let suspicious = at - integer > DIGITS_ALWAYS_FINITE;
  if (bytes[at] === DOT) at = digits(bytes, at + 1);
  if (bytes[at] === LOWER_E || bytes[at] === UPPER_E) {
    at++;
    if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
    at = digits(bytes, at);
    suspicious = true;
  }
  if (suspicious && !Number.isFinite(Number(lexeme(bytes, start, at)))) {
    throw new ObjectError('number-out-of-range', 'a number that no double can hold', start);
  }
  return at;
}

// At least one digit; tells the offset behind the last.
function digits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
  if (at > start) return at;
  throw new ObjectError('invalid-json', `unexpected ${describeByte(bytes, at)} in a value`, at);
}

function lexeme(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
