/**
 * gzip for big answers, as upstream does it: bodies of GET and LIST above 128 KiB, when the client
 * takes gzip, at the fastest level; smaller ones stay as they are, with their length.
 *
 * 1. zlib works on its own threads: the event loop only hands bytes over.
 * 2. At most one piece is in zlib at a time, and none while the compressed output waits to be
 *    pulled, so memory stays bounded by what the client takes.
 * 3. The inner source is closed exactly once, whichever way the answer goes, and what it has lent
 *    is released when zlib has a copy of it, or with the opening of the answer.
 */

import { constants, createGzip, gzip } from 'node:zlib';
import type { Gzip } from 'node:zlib';

import type { Answer, Pulled, PullSource, RequestRecord } from '../request/index.js';

/** Bodies up to this many bytes are cheaper to send than to compress. */
export const GZIP_BYTES_MIN = 131_072;
/** Bytes handed to zlib at a time. */
const PIECE_BYTES_MAX = 65_536;
/** Compressed bytes that may wait to be pulled. */
const OUTPUT_BYTES_MAX = 131_072;

const level = constants.Z_BEST_SPEED;

/**
 * The answer to send in place of `answer`: compressed, if it is a successful GET's, longer than
 * `GZIP_BYTES_MIN`, and the client accepts gzip. To tell the length, up to that much of a pulled
 * body is read first; answers that flush their headers (watches) are left alone.
 *
 * Never rejects because of the answer; rejects only when zlib itself fails.
 */
export async function gzipAnswer(answer: Answer, request: RequestRecord): Promise<Answer> {
  const { source } = answer;
  if (source.type === 'connect' || !wantsGzip(answer, request)) return answer;
  if (source.type === 'bytes') {
    if (source.bytes.byteLength <= GZIP_BYTES_MIN) return answer;
    return encoded(answer, { type: 'bytes', bytes: await gzipBytes(source.bytes) });
  }
  if (source.flushHeaders) return answer;
  const opening = await readOpening(source, request.signal);
  if (opening.bytes > GZIP_BYTES_MIN) {
    return encoded(answer, compress(resumed(source, opening)));
  }
  return { ...answer, source: resumed(source, opening) };
}

/** A source of the gzip of another source's bytes. The inner one belongs to it from now on. */
export function compress(source: PullSource): PullSource {
  return new GzipSource(source);
}

/** Whether an Accept-Encoding header's values take gzip (`gzip;q=0` does not). */
export function acceptsGzip(values: readonly string[]): boolean {
  for (const value of values) {
    for (const clause of value.split(',')) {
      const [coding, ...parameters] = clause.split(';').map((part) => part.trim().toLowerCase());
      if (coding !== 'gzip') continue;
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      if (weight === undefined || Number(weight) > 0) return true;
    }
  }
  return false;
}

function wantsGzip(answer: Answer, request: RequestRecord): boolean {
  return (
    request.method === 'GET' &&
    answer.status === 200 &&
    !answer.headers.some(([name]) => name.toLowerCase() === 'content-encoding') &&
    acceptsGzip(request.headers('accept-encoding'))
  );
}

function encoded(answer: Answer, source: Answer['source']): Answer {
  const headers = answer.headers.filter(([name]) => name.toLowerCase() !== 'content-length');
  return {
    ...answer,
    headers: [...headers, ['Content-Encoding', 'gzip'], ['Vary', 'Accept-Encoding']],
    source,
  };
}

function gzipBytes(bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gzip(bytes, { level }, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

interface Opening {
  readonly chunks: Uint8Array[];
  /** What the source lent for the chunks. */
  readonly lent: (() => void)[];
  bytes: number;
  /** How it went on, when that is known already. */
  last: Pulled | undefined;
}

// Reads until more than GZIP_BYTES_MIN are there, or the source has no more, or the client has left
// (the source is then closed by the transport, which finds nobody to send to).
async function readOpening(source: PullSource, signal: AbortSignal): Promise<Opening> {
  const opening: Opening = { chunks: [], lent: [], bytes: 0, last: undefined };
  while (opening.bytes <= GZIP_BYTES_MIN && !signal.aborted) {
    const pulled = pull(source, GZIP_BYTES_MIN + 1 - opening.bytes);
    if (pulled.type === 'chunks') {
      for (const chunk of pulled.chunks) {
        opening.chunks.push(chunk);
        opening.bytes += chunk.byteLength;
      }
      if (pulled.release !== undefined) opening.lent.push(pulled.release);
    } else if (pulled.type === 'wait') {
      await readable(source, signal);
    } else {
      opening.last = pulled;
      break;
    }
  }
  return opening;
}

function pull(source: PullSource, maxBytes: number): Pulled {
  try {
    return source.pull(maxBytes);
  } catch (error) {
    return { type: 'abort', error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function readable(source: PullSource, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    source.onReadable(done);
  });
}

// The source as it was before its opening was read.
function resumed(source: PullSource, opening: Opening): PullSource {
  let chunks: readonly Uint8Array[] | undefined = opening.chunks;
  const release = (): void => {
    for (const each of opening.lent.splice(0)) each();
  };
  return {
    type: 'pull',
    flushHeaders: source.flushHeaders,
    pull(maxBytes) {
      if (chunks !== undefined && chunks.length > 0) {
        const pulled: Pulled = { type: 'chunks', chunks, release };
        chunks = undefined;
        return pulled;
      }
      return opening.last ?? source.pull(maxBytes);
    },
    onReadable: (callback) => source.onReadable(callback),
    close: () => {
      // Once pulled it is its reader's, who may still be sending it.
      if (chunks !== undefined) release();
      chunks = undefined;
      source.close();
    },
  };
}

class GzipSource implements PullSource {
  readonly type = 'pull';
  readonly flushHeaders = false;
  readonly #source: PullSource;
  readonly #gzip: Gzip = createGzip({ level });
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  /** Whether the inner source, or zlib, is at work and will call back. */
  #feeding = false;
  #last: Pulled | undefined;
  #callback: (() => void) | undefined;
  #closed = false;

  constructor(source: PullSource) {
    this.#source = source;
    this.#gzip.on('data', (chunk: Uint8Array) => {
      this.#ready.push(chunk);
      this.#readyBytes += chunk.byteLength;
      this.#wake();
    });
    this.#gzip.on('end', () => this.#finish({ type: 'end' }));
    this.#gzip.on('error', (error) => this.#finish({ type: 'abort', error }));
  }

  // A piece of output may be a little longer than asked for: zlib's chunks are not cut.
  pull(maxBytes: number): Pulled {
    this.#feed();
    if (this.#last?.type === 'abort') return this.#last;
    if (this.#ready.length === 0) return this.#last ?? { type: 'wait' };
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < maxBytes) {
      const chunk = this.#ready.shift();
      if (chunk === undefined) break;
      chunks.push(chunk);
      bytes += chunk.byteLength;
    }
    this.#readyBytes -= bytes;
    return { type: 'chunks', chunks };
  }

  onReadable(callback: () => void): void {
    this.#callback = callback;
    if (this.#ready.length > 0 || this.#last !== undefined) this.#wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#callback = undefined;
    this.#ready = [];
    this.#gzip.destroy();
    this.#source.close();
  }

  #feed = (): void => {
    if (this.#closed || this.#feeding || this.#last !== undefined) return;
    if (this.#readyBytes >= OUTPUT_BYTES_MAX) return;
    const pulled = pull(this.#source, PIECE_BYTES_MAX);
    this.#feeding = true;
    if (pulled.type === 'chunks') {
      const piece = Buffer.concat(pulled.chunks);
      pulled.release?.();
      this.#gzip.write(piece, this.#fed);
    } else if (pulled.type === 'wait') {
      this.#source.onReadable(this.#fed);
    } else if (pulled.type === 'end') {
      this.#gzip.end();
    } else {
      this.#finish(pulled);
    }
  };

  #fed = (): void => {
    this.#feeding = false;
    this.#feed();
  };

  #finish(last: Pulled): void {
    this.#last ??= last;
    this.#wake();
  }

  #wake(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }
}
