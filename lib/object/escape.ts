/**
 * Escape sequences within JSON strings.
 *
 * The canonical form escapes what RFC 8259 §7 demands and nothing else: the quote, the backslash,
 * and the control characters below U+0020, of which five have a short form (`\b \t \n \f \r`) and
 * the others are written `\u00xx` in lower-case hexadecimal.
 */

import {
  BACKSLASH,
  LOWER_B,
  LOWER_F,
  LOWER_N,
  LOWER_R,
  LOWER_T,
  LOWER_U,
  QUOTE,
  SLASH,
} from './ascii.js';

/** What an escape was found to be. Reused: valid until the next `readEscape`. */
export interface Escape {
  /** The code point it names, or -1 for what is no escape, -2 for half of a surrogate pair. */
  codePoint: number;
  /** Bytes of the sequence, backslash included. */
  length: number;
}

const escape: Escape = { codePoint: 0, length: 0 };

/** Reads the escape sequence whose backslash is at `at`. */
export function readEscape(bytes: Uint8Array, at: number): Escape {
  escape.length = 2;
  escape.codePoint = shortEscape(bytes[at + 1]);
  if (bytes[at + 1] !== LOWER_U) return escape;
  const unit = hexUnit(bytes, at + 2);
  escape.length = 6;
  escape.codePoint = unit;
  if (unit < 0xd800 || unit > 0xdfff) return escape;
  const low =
    bytes[at + 6] === BACKSLASH && bytes[at + 7] === LOWER_U ? hexUnit(bytes, at + 8) : -1;
  if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) {
    escape.codePoint = -2;
    return escape;
  }
  escape.length = 12;
  escape.codePoint = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  return escape;
}

/** Whether the escape at `at`, which names `codePoint`, is the one the canonical form uses. */
export function isCanonicalEscape(bytes: Uint8Array, at: number, codePoint: number): boolean {
  if (bytes[at + 1] !== LOWER_U) return codePoint !== SLASH;
  if (codePoint >= 0x20 || SHORT_FORMS[codePoint] !== 0) return false;
  // Four digits that name a control character: 0, 0, then 0 or 1, then a digit that has two cases.
  const last = bytes[at + 5] as number;
  return last < 0x41 || last > 0x46;
}

/** Writes the code point in canonical form at `at`; tells the offset behind it. */
export function writeCharacter(target: Uint8Array, at: number, codePoint: number): number {
  if (codePoint < 0x20) return writeControl(target, at, codePoint);
  if (codePoint === QUOTE || codePoint === BACKSLASH) target[at++] = BACKSLASH;
  return writeUtf8(target, at, codePoint);
}

/** Writes the code point as UTF-8 at `at`; tells the offset behind it. */
export function writeUtf8(target: Uint8Array, at: number, codePoint: number): number {
  if (codePoint < 0x80) {
    target[at] = codePoint;
    return at + 1;
  }
  if (codePoint < 0x800) {
    target[at] = 0xc0 | (codePoint >> 6);
    target[at + 1] = 0x80 | (codePoint & 0x3f);
    return at + 2;
  }
  if (codePoint < 0x10000) {
    target[at] = 0xe0 | (codePoint >> 12);
    target[at + 1] = 0x80 | ((codePoint >> 6) & 0x3f);
    target[at + 2] = 0x80 | (codePoint & 0x3f);
    return at + 3;
  }
  target[at] = 0xf0 | (codePoint >> 18);
  target[at + 1] = 0x80 | ((codePoint >> 12) & 0x3f);
  target[at + 2] = 0x80 | ((codePoint >> 6) & 0x3f);
  target[at + 3] = 0x80 | (codePoint & 0x3f);
  return at + 4;
}

// The letter of a control character's short form, 0 where it has none.
const SHORT_FORMS = new Uint8Array(0x20);
SHORT_FORMS[0x08] = LOWER_B;
SHORT_FORMS[0x09] = LOWER_T;
SHORT_FORMS[0x0a] = LOWER_N;
SHORT_FORMS[0x0c] = LOWER_F;
SHORT_FORMS[0x0d] = LOWER_R;

const HEX_DIGITS = '0123456789abcdef';

function writeControl(target: Uint8Array, at: number, codePoint: number): number {
  const short = SHORT_FORMS[codePoint] as number;
  target[at] = BACKSLASH;
  if (short !== 0) {
    target[at + 1] = short;
    return at + 2;
  }
  target[at + 1] = LOWER_U;
  target[at + 2] = 0x30;
  target[at + 3] = 0x30;
  target[at + 4] = HEX_DIGITS.charCodeAt(codePoint >> 4);
  target[at + 5] = HEX_DIGITS.charCodeAt(codePoint & 0xf);
  return at + 6;
}

function shortEscape(letter: number | undefined): number {
  switch (letter) {
    case QUOTE:
    case BACKSLASH:
    case SLASH:
      return letter;
    case LOWER_B:
      return 0x08;
    case LOWER_F:
      return 0x0c;
    case LOWER_N:
      return 0x0a;
    case LOWER_R:
      return 0x0d;
    case LOWER_T:
      return 0x09;
    default:
      return -1;
  }
}

function hexUnit(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let index = at; index < at + 4; index++) {
    const digit = hexDigit(bytes[index]);
    if (digit < 0) return -1;
    unit = (unit << 4) | digit;
  }
  return unit;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
