/**
 * Writes the canonical form of a scanned document: no white space, keys ordered by their UTF-8
 * bytes, the fewest escapes, numbers as they were written.
 *
 * The tape goes along: every entry is moved to its place in the output, so that afterwards it reads
 * as if the canonical bytes had been scanned. Containers that are canonical already are copied
 * whole. The canonical form is never longer than the document, and each byte is written once.
 */

import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, QUOTE } from './ascii.js';
import { OPEN_BRACE, OPEN_BRACKET } from './ascii.js';
import { readEscape, writeCharacter } from './escape.js';
import type { JsonScanner } from './scanner.js';
import {
  END,
  ENTRY_SIZE,
  FIRST,
  KIND,
  KIND_MASK,
  KIND_OBJECT,
  KIND_STRING,
  NEXT,
  NONE,
  REWRITE,
  START,
  STOP,
} from './tape.js';

/** Shorter runs are copied faster byte by byte than by a call. */
const COPY_BY_CALL_MIN = 24;

/**
 * Makes the scanner's document and tape canonical. Does nothing to a document that is; otherwise
 * `scanner.bytes` becomes memory of its own.
 */
export function canonicalise(scanner: JsonScanner): void {
  if (scanner.defects === 0) return;
  const writer = new CanonicalWriter(scanner);
  scanner.bytes = writer.write();
  scanner.defects = 0;
}

class CanonicalWriter {
  readonly #source: Uint8Array;
  readonly #entries: Int32Array;
  readonly #target: Uint8Array;
  readonly #open: number[] = [];
  // The child that is written next in each open container.
  readonly #children: number[] = [];
  #at = 0;

  constructor(scanner: JsonScanner) {
    this.#source = scanner.bytes;
    this.#entries = scanner.entries;
    this.#target = new Uint8Array(scanner.bytes.length);
  }

  write(): Uint8Array {
    this.#value(0);
    while (this.#open.length > 0) this.#nextChild();
    return this.#target.subarray(0, this.#at);
  }

  // Writes a value, or opens a container whose children have to be written one by one.
  #value(entry: number): void {
    const entries = this.#entries;
    const flags = entries[entry + KIND] as number;
    const kind = flags & KIND_MASK;
    if (kind < KIND_OBJECT) {
      if (kind === KIND_STRING) this.#quoted(entry, flags);
      else this.#moveText(entry);
    } else if ((flags & REWRITE) === 0) {
      this.#moveWhole(entry);
    } else {
      entries[entry + KIND] = kind;
      entries[entry + START] = this.#at;
      this.#target[this.#at++] = kind === KIND_OBJECT ? OPEN_BRACE : OPEN_BRACKET;
      this.#open.push(entry);
      this.#children.push(entries[entry + FIRST] as number);
    }
  }

  // Writes the next child of the innermost open container, or closes it.
  #nextChild(): void {
    const entries = this.#entries;
    const innermost = this.#open.length - 1;
    const container = this.#open[innermost] as number;
    const child = this.#children[innermost] as number;
    const isObject = entries[container + KIND] === KIND_OBJECT;
    if (child === NONE) {
      this.#target[this.#at++] = isObject ? CLOSE_BRACE : CLOSE_BRACKET;
      entries[container + END] = this.#at;
      this.#open.pop();
      this.#children.pop();
      return;
    }
    if (child !== entries[container + FIRST]) this.#target[this.#at++] = COMMA;
    this.#children[innermost] = entries[child + NEXT] as number;
    if (!isObject) return this.#value(child);
    this.#quoted(child, entries[child + KIND] as number);
    this.#target[this.#at++] = COLON;
    this.#value(child + ENTRY_SIZE);
  }

  // A string or a key with its quotes.
  #quoted(entry: number, flags: number): void {
    this.#target[this.#at++] = QUOTE;
    if ((flags & REWRITE) === 0) {
      this.#moveText(entry);
    } else {
      const start = this.#at;
      this.#rewrite(this.#entries[entry + START] as number, this.#entries[entry + END] as number);
      this.#entries[entry + KIND] = flags & ~REWRITE;
      this.#entries[entry + START] = start;
      this.#entries[entry + END] = this.#at;
    }
    this.#target[this.#at++] = QUOTE;
  }

  // Writes text with canonical escapes in place of those it has.
  #rewrite(start: number, end: number): void {
    const source = this.#source;
    const target = this.#target;
    let at = this.#at;
    for (let from = start; from < end;) {
      if (source[from] === BACKSLASH) {
        const escape = readEscape(source, from);
        from += escape.length;
        at = writeCharacter(target, at, escape.codePoint);
      } else {
        target[at++] = source[from++] as number;
      }
    }
    this.#at = at;
  }

  #moveText(entry: number): void {
    const entries = this.#entries;
    const start = entries[entry + START] as number;
    const end = entries[entry + END] as number;
    entries[entry + START] = this.#at;
    this.#copy(start, end);
    entries[entry + END] = this.#at;
  }

  // A container that is canonical: its bytes at once, and all its entries by the same distance.
  #moveWhole(container: number): void {
    const entries = this.#entries;
    const start = entries[container + START] as number;
    const distance = this.#at - start;
    this.#copy(start, entries[container + END] as number);
    const stop = entries[container + STOP] as number;
    for (let entry = container; entry < stop; entry += ENTRY_SIZE) {
      entries[entry + START] = (entries[entry + START] as number) + distance;
      entries[entry + END] = (entries[entry + END] as number) + distance;
    }
  }

  #copy(start: number, end: number): void {
    const source = this.#source;
    const target = this.#target;
    let at = this.#at;
    if (end - start >= COPY_BY_CALL_MIN) target.set(source.subarray(start, end), at);
    else for (let from = start; from < end;) target[at++] = source[from++] as number;
    this.#at += end - start;
  }
}
