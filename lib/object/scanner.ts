/**
 * A strict JSON scanner (RFC 8259) over bytes, without recursion and without making values.
 *
 * One pass checks everything (UTF-8, grammar, escapes, the range of numbers, nesting, duplicate
 * keys) and leaves a tape (tape.ts) from which fields are read and the canonical form is written.
 * It counts what deviates from the canonical form (white space, keys out of order, needless
 * escapes): a container whose count did not move while it was open is canonical as it stands, and
 * is later copied whole.
 *
 * Owner: a scanner is used by one caller at a time; its tape is valid until its next `scan`.
 * Work is linear in the bytes, plus the sorting of objects whose keys are out of order.
 */

import { isUtf8 } from 'node:buffer';

import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  ENDS_PLAIN,
  isSpace,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from './ascii.js';
import { ObjectError } from './error.js';
import { isCanonicalEscape, readEscape } from './escape.js';
import { describeByte, invalidUtf8 } from './fault.js';
import { compareKeys, decodeKey, orderKeys } from './keys.js';
import { literalLength } from './literal.js';
import { JSON_BYTES_MAX, NESTING_MAX } from './limits.js';
import { scanNumber } from './number.js';
import { pathTo } from './path.js';
import {
  END,
  ENTRY_SIZE,
  ESCAPED,
  FIRST,
  KIND,
  KIND_ARRAY,
  KIND_FALSE,
  KIND_KEY,
  KIND_NULL,
  KIND_NUMBER,
  KIND_OBJECT,
  KIND_STRING,
  KIND_TRUE,
  NEXT,
  NONE,
  REWRITE,
  START,
  STOP,
} from './tape.js';

/** A larger tape is given back after use instead of being kept for the next document (6 MiB). */
const TAPE_KEPT_MAX = 256 * 1024 * ENTRY_SIZE;

const TAPE_INITIAL: number = 1024 * ENTRY_SIZE;

export class JsonScanner {
  bytes: Uint8Array = NO_VIEW;
  /** The tape; the root is entry 0. */
  entries: Int32Array = new Int32Array(TAPE_INITIAL);
  /** Integers of the tape in use. */
  length = 0;
  /** Keys that contain escapes, unescaped; FIRST of their entries points here. */
  readonly decodedKeys: Uint8Array[] = [];
  /** Deviations from the canonical form; 0 means that the bytes are canonical. */
  defects = 0;
  /** Containers that are open. */
  depth = 0;
  readonly containers: Int32Array = new Int32Array(NESTING_MAX);
  /** The newest child of each open container: a key of an object, an element of an array. */
  readonly tails: Int32Array = new Int32Array(NESTING_MAX);
  readonly #defectsAtOpen = new Int32Array(NESTING_MAX);
  readonly #ordered = new Uint8Array(NESTING_MAX);
  readonly #onDuplicate: ((path: string, offset: number) => void) | undefined;
  // `bytes` once more, because only a Buffer has toString.
  #view: Buffer = NO_VIEW;
  #viewed: Uint8Array = NO_VIEW;
  #at = 0;

  /** With `onDuplicate`, duplicate keys are reported there instead of being refused. */
  constructor(onDuplicate?: (path: string, offset: number) => void) {
    this.#onDuplicate = onDuplicate;
  }

  /** Scans one document. Throws an ObjectError for anything that is not strict JSON. */
  scan(bytes: Uint8Array): void {
    if (bytes.length > JSON_BYTES_MAX) {
      throw new ObjectError('too-large', `more than ${JSON_BYTES_MAX} bytes`, JSON_BYTES_MAX);
    }
    if (!isUtf8(bytes)) throw invalidUtf8(bytes);
    this.bytes = bytes;
    this.length = 0;
    this.defects = 0;
    this.depth = 0;
    this.#at = 0;
    this.decodedKeys.length = 0;
    this.#skipSpace();
    this.#value();
    while (this.depth > 0) this.#afterValue();
    this.#skipSpace();
    if (this.#at < bytes.length) throw this.#unexpected('after the value');
  }

  /** The text between two offsets of the document, which must not split a character. */
  text(start: number, end: number): string {
    if (this.#viewed !== this.bytes) {
      const { buffer, byteOffset, length } = this.bytes;
      this.#view = Buffer.from(buffer, byteOffset, length);
      this.#viewed = this.bytes;
    }
    return this.#view.toString('utf8', start, end);
  }

  /** Lets go of the document, and of a tape that is too large to keep. */
  release(): void {
    this.bytes = this.#viewed = this.#view = NO_VIEW;
    this.decodedKeys.length = 0;
    if (this.entries.length > TAPE_KEPT_MAX) this.entries = new Int32Array(TAPE_INITIAL);
  }

  // Reads a value; of a container that is not empty, up to and into its first child.
  #value(): void {
    for (;;) {
      const byte = this.bytes[this.#at];
      if (byte === QUOTE) return this.#string();
      if (byte === OPEN_BRACE) {
        this.#open(KIND_OBJECT);
        if (this.bytes[this.#at] === CLOSE_BRACE) return this.#close();
        this.#key();
      } else if (byte === OPEN_BRACKET) {
        this.#open(KIND_ARRAY);
        if (this.bytes[this.#at] === CLOSE_BRACKET) return this.#close();
      } else {
        return this.#scalar(byte);
      }
    }
  }

  // Within a container and behind one of its values: what comes next?
  #afterValue(): void {
    this.#skipSpace();
    const byte = this.bytes[this.#at];
    const container = this.containers[this.depth - 1] as number;
    const isObject = this.entries[container + KIND] === KIND_OBJECT;
    if (byte === COMMA) {
      this.#at++;
      this.#skipSpace();
      if (isObject) this.#key();
      this.#value();
    } else if (byte === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
      this.#close();
    } else {
      throw this.#unexpected(isObject ? 'after the value of a key' : 'after an element');
    }
  }

  #open(kind: number): void {
    if (this.depth === NESTING_MAX) {
      throw new ObjectError('too-deep', `nesting above ${NESTING_MAX}`, this.#at);
    }
    const entry = this.#append(kind, this.#at);
    if (this.#isElement()) this.#linkElement(entry);
    const depth = this.depth++;
    this.containers[depth] = entry;
    this.tails[depth] = NONE;
    this.#defectsAtOpen[depth] = this.defects;
    this.#ordered[depth] = 1;
    this.#at++;
    this.#skipSpace();
  }

  #close(): void {
    const depth = this.depth - 1;
    const container = this.containers[depth] as number;
    const isObject = this.entries[container + KIND] === KIND_OBJECT;
    if (isObject && this.#ordered[depth] === 0) this.#order(container);
    this.depth = depth;
    this.#at++;
    const entries = this.entries;
    entries[container + END] = this.#at;
    if (this.defects !== this.#defectsAtOpen[depth]) {
      entries[container + KIND] = (entries[container + KIND] as number) | REWRITE;
    } else if (!isObject) {
      this.length = container + ENTRY_SIZE;
      entries[container + FIRST] = NONE;
    }
    entries[container + STOP] = this.length;
  }

  // A key and its colon, up to its value.
  #key(): void {
    if (this.bytes[this.#at] !== QUOTE) throw this.#unexpected('where a key should begin');
    const entry = this.#text(KIND_KEY);
    const entries = this.entries;
    if (((entries[entry + KIND] as number) & ESCAPED) !== 0) {
      entries[entry + FIRST] = this.decodedKeys.length;
      this.decodedKeys.push(decodeKey(this.bytes, entries, entry));
    }
    this.#link(entry);
    this.#skipSpace();
    if (this.bytes[this.#at] !== COLON) throw this.#unexpected('where a colon should be');
    this.#at++;
    this.#skipSpace();
  }

  // Makes the key the newest of its object, and notices when it is out of order.
  #link(entry: number): void {
    const depth = this.depth - 1;
    const previous = this.tails[depth] as number;
    this.tails[depth] = entry;
    if (previous === NONE) {
      this.entries[(this.containers[depth] as number) + FIRST] = entry;
      return;
    }
    this.entries[previous + NEXT] = entry;
    if (this.#ordered[depth] === 1 && compareKeys(this, previous, entry) >= 0) {
      this.#ordered[depth] = 0;
      this.defects++;
    }
  }

  // Puts the keys of a closing object in order.
  #order(container: number): void {
    orderKeys(this, container, (duplicate) => {
      const path = pathTo(this, duplicate);
      const offset = (this.entries[duplicate + START] as number) - 1;
      if (this.#onDuplicate === undefined) {
        throw new ObjectError('duplicate-key', `duplicate key ${path}`, offset, path);
      }
      this.#onDuplicate(path, offset);
    });
  }

  #string(): void {
    const entry = this.#text(KIND_STRING);
    if (this.#isElement()) this.#linkElement(entry);
  }

  // A string, from its quote to behind its closing quote.
  #text(kind: number): number {
    const bytes = this.bytes;
    const start = this.#at + 1;
    const entry = this.#append(kind, start);
    let at = start;
    let flags = 0;
    for (;;) {
      while (ENDS_PLAIN[bytes[at] as number] === 0) at++;
      if (bytes[at] === QUOTE) break;
      if (bytes[at] !== BACKSLASH) {
        this.#at = at;
        throw this.#unexpected('in a string');
      }
      const escape = readEscape(bytes, at);
      if (escape.codePoint < 0) throw this.#badEscape(at, escape.codePoint);
      flags |= ESCAPED;
      if (!isCanonicalEscape(bytes, at, escape.codePoint)) flags |= REWRITE;
      at += escape.length;
    }
    this.#at = at + 1;
    this.entries[entry + END] = at;
    if (flags !== 0) this.entries[entry + KIND] = kind | flags;
    if ((flags & REWRITE) !== 0) this.defects++;
    return entry;
  }

  #scalar(byte: number | undefined): void {
    const length = literalLength(this.bytes, this.#at);
    const start = this.#at;
    const kind =
      length === 0 ? KIND_NUMBER : byte === T ? KIND_TRUE : byte === F ? KIND_FALSE : KIND_NULL;
    const end = length === 0 ? scanNumber(this.bytes, start) : start + length;
    const entry = this.#append(kind, start);
    this.#at = end;
    this.entries[entry + END] = end;
    if (this.#isElement()) this.#linkElement(entry);
  }

  #isElement(): boolean {
    if (this.depth === 0) return false;
    const container = this.containers[this.depth - 1] as number;
    return this.entries[container + KIND] === KIND_ARRAY;
  }

  #linkElement(entry: number): void {
    const depth = this.depth - 1;
    const previous = this.tails[depth] as number;
    if (previous === NONE) this.entries[(this.containers[depth] as number) + FIRST] = entry;
    else this.entries[previous + NEXT] = entry;
    this.tails[depth] = entry;
  }

  #append(kind: number, start: number): number {
    const entry = this.length;
    if (entry + ENTRY_SIZE > this.entries.length) this.#grow();
    const entries = this.entries;
    entries[entry + KIND] = kind;
    entries[entry + START] = start;
    entries[entry + FIRST] = NONE;
    entries[entry + NEXT] = NONE;
    this.length = entry + ENTRY_SIZE;
    return entry;
  }

  #grow(): void {
    const larger = new Int32Array(this.entries.length * 2);
    larger.set(this.entries);
    this.entries = larger;
  }

  #skipSpace(): void {
    const bytes = this.bytes;
    if (!((bytes[this.#at] as number) <= SPACE)) return;
    let at = this.#at;
    while (isSpace(bytes[at])) at++;
    if (at !== this.#at) this.defects++;
    this.#at = at;
  }

  #badEscape(at: number, codePoint: number): ObjectError {
    return codePoint === -2
      ? new ObjectError('lone-surrogate', 'an escape names half of a surrogate pair', at)
      : new ObjectError('invalid-json', 'invalid escape sequence', at);
  }

  #unexpected(where: string): ObjectError {
    const found = describeByte(this.bytes, this.#at);
    return new ObjectError('invalid-json', `unexpected ${found} ${where}`, this.#at);
  }
}

const NO_VIEW = Buffer.alloc(0);
const T = 0x74;
const F = 0x66;
