/**
 * Answers whose body is there whole: JSON, bytes, text, and the Status of an error. Headers that
 * every answer has (`Cache-Control`, `Audit-Id`) are the server's to add, lengths the transport's.
 */

import type { Answer, BytesSource } from './answer.js';
import { toStatusError } from './status.js';

type Headers = Answer['headers'];

const encoder = new TextEncoder();

/** A JSON body. It ends with a newline, as upstream's do. */
export function jsonAnswer(status: number, value: unknown, headers: Headers = []): Answer {
  const bytes = encoder.encode(`${JSON.stringify(value)}\n`);
  return bytesAnswer(status, bytes, 'application/json', headers);
}

/** A body as it is. The bytes are not copied and must not change any more. */
export function bytesAnswer(
  status: number,
  bytes: Uint8Array,
  contentType = 'application/json',
  headers: Headers = [],
): Answer {
  return {
    status,
    headers: [['Content-Type', contentType], ...headers],
    source: { type: 'bytes', bytes },
  };
}

/** A body whose bytes are the text's characters, all of them below 256. */
export function latin1Source(latin1: string): BytesSource {
  return new Latin1Source(latin1);
}

class Latin1Source implements BytesSource {
  readonly type = 'bytes';
  readonly latin1: string;
  #bytes: Uint8Array | undefined;

  constructor(latin1: string) {
    this.latin1 = latin1;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= Buffer.from(this.latin1, 'latin1');
    return this.#bytes;
  }
}

/** A plain-text body. */
export function textAnswer(status: number, text: string, headers: Headers = []): Answer {
  return bytesAnswer(status, encoder.encode(text), 'text/plain; charset=utf-8', [
    ['X-Content-Type-Options', 'nosniff'],
    ...headers,
  ]);
}

/** An answer without a body: 304, a redirect. */
export function emptyAnswer(status: number, headers: Headers = []): Answer {
  return { status, headers, source: { type: 'bytes', bytes: new Uint8Array(0) } };
}

/**
 * The answer to anything thrown: a StatusError with its own code and headers, everything else as
 * 500 InternalError.
 */
export function statusAnswer(thrown: unknown, headers: Headers = []): Answer {
  const error = toStatusError(thrown);
  const all = [...error.headers(), ...headers];
  return error.text === undefined
    ? jsonAnswer(error.code, error.toStatus(), all)
    : textAnswer(error.code, error.text, all);
}
