/**
 * What the messages of errors say about bytes.
 *
 * Only refused documents come here, so that nothing of it need be fast. Messages show one byte of
 * the document at most: they end up in logs and in answers to clients.
 */

import { ObjectError } from './error.js';

/** The byte at an offset as a message names it. */
export function describeByte(bytes: Uint8Array, at: number): string {
  const byte = bytes[at];
  if (byte === undefined) return 'end';
  if (byte > 0x20 && byte < 0x7f) return `'${String.fromCharCode(byte)}'`;
  return `byte 0x${byte.toString(16).padStart(2, '0')}`;
}

/** The error for bytes that are not UTF-8, with the offset of the first sequence that is not. */
export function invalidUtf8(bytes: Uint8Array): ObjectError {
  let at = 0;
  for (let length = 1; at < bytes.length && length > 0; at += length) {
    length = sequenceLength(bytes, at);
    if (length === 0) break;
  }
  return new ObjectError('invalid-utf8', 'not UTF-8', at);
}

// The length of the well-formed sequence at `at`, 0 where there is none (Unicode, table 3-7).
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  let low = 0x80;
  let high = 0xbf;
  if (lead === 0xe0) low = 0xa0;
  if (lead === 0xed) high = 0x9f;
  if (lead === 0xf0) low = 0x90;
  if (lead === 0xf4) high = 0x8f;
  for (let index = 1; index < length; index++) {
    const byte = bytes[at + index];
    if (byte === undefined || byte < low || byte > high) return 0;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}
