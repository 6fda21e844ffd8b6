/**
 * Indents JSON bytes on their way out, two spaces a level, as Go's encoder does for people. Works
 * on bytes: no value is parsed, so every number stays as it is written. Input must be compact JSON.
 */

import type { Pulled, PullSource, Source } from '../../request/index.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** The source with its bytes indented. */
export function indentedSource(source: Source): Source {
  if (source.type === 'connect') return source;
  const indenter = new Indenter();
  if (source.type === 'bytes') return { type: 'bytes', bytes: indenter.push(source.bytes) };
  return indentedPull(source, indenter);
}

function indentedPull(source: PullSource, indenter: Indenter): PullSource {
  return {
    type: 'pull',
    flushHeaders: source.flushHeaders,
    pull: (maxBytes): Pulled => {
      const pulled = source.pull(maxBytes);
      if (pulled.type !== 'chunks') return pulled;
      const chunks = pulled.chunks.map((chunk) => indenter.push(chunk));
      pulled.release?.();
      return { type: 'chunks', chunks };
    },
    onReadable: (callback) => source.onReadable(callback),
    close: () => source.close(),
  };
}

/** One document, in chunks that may end anywhere. */
export class Indenter {
  #depth = 0;
  #inString = false;
  #escaped = false;
  // An opening bracket that was just written: whether the container is empty shows with the next
  // byte.
  #opened = false;

  push(chunk: Uint8Array): Uint8Array {
    const out: number[] = [];
    for (const byte of chunk) this.#byte(byte, out);
    return Uint8Array.from(out);
  }

  #byte(byte: number, out: number[]): void {
    if (this.#inString) {
      out.push(byte);
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
      return;
    }
    const closes = byte === 0x7d || byte === 0x5d;
    if (this.#opened) {
      this.#opened = false;
      if (closes) {
        this.#depth--;
        out.push(byte);
        return;
      }
      this.#newLine(out);
    }
    if (byte === 0x7b || byte === 0x5b) {
      this.#depth++;
      this.#opened = true;
      out.push(byte);
    } else if (closes) {
      this.#depth--;
      this.#newLine(out);
      out.push(byte);
    } else {
      out.push(byte);
      if (byte === COMMA) this.#newLine(out);
      else if (byte === COLON) out.push(SPACE);
      else if (byte === QUOTE) this.#inString = true;
    }
  }

  #newLine(out: number[]): void {
    out.push(NEWLINE);
    for (let spaces = 2 * this.#depth; spaces > 0; spaces--) out.push(SPACE);
  }
}
