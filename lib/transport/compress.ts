/**
 * gzip for big answers, as upstream does it: bodies of GET and LIST above 128 KiB, when the client
 * takes gzip, at the fastest level; smaller ones stay as they are, with their length.
 *
 * 1. zlib works on its own threads: the event loop only hands bytes over.
 * 2. A body that has an identity is compressed once for all who ask for it (gzip-cache.ts); who
 *    comes later does not read its own.
 * 3. The inner source is closed exactly once, whichever way the answer goes, and what it has lent
 *    is released when zlib has a copy of it, or with the opening of the answer.
 */

import { constants, gzip } from 'node:zlib';

import {
  byteLengthOf,
  type Answer,
  type Awaitable,
  type Pulled,
  type PullSource,
  type RequestRecord,
} from '../request/index.js';
import type { GzipCache } from './gzip-cache.js';
import { pullFrom, SharedGzip } from './shared-gzip.js';

/** Bodies up to this many bytes are cheaper to send than to compress. */
export const GZIP_BYTES_MIN = 131_072;

const level = constants.Z_BEST_SPEED;

/**
 * The answer to send in place of `answer`: compressed, if it is a successful GET's, longer than
 * `GZIP_BYTES_MIN`, and the client accepts gzip. To tell the length, up to that much of a pulled
 * body is read first; answers that flush their headers (watches) are left alone.
 *
 * `cache` has what was compressed before. Nothing is waited for where the answer stays as it is.
 * Never rejects because of the answer; rejects only when zlib itself fails.
 */
export function gzipAnswer(
  answer: Answer,
  request: RequestRecord,
  cache?: GzipCache,
): Awaitable<Answer> {
  const { source } = answer;
  if (source.type === 'connect') return answer;
  if (source.type === 'bytes') {
    if (byteLengthOf(source) <= GZIP_BYTES_MIN || !wantsGzip(answer, request)) return answer;
    return gzipBytes(source.bytes).then((bytes) => encoded(answer, { type: 'bytes', bytes }));
  }
  if (source.flushHeaders || !wantsGzip(answer, request)) return answer;
  return gzipPulled(answer, source, request, cache);
}

async function gzipPulled(
  answer: Answer,
  source: PullSource,
  request: RequestRecord,
  cache: GzipCache | undefined,
): Promise<Answer> {
  const identity = cache === undefined ? undefined : source.identity?.();
  const known = identity === undefined ? undefined : cache?.join(identity);
  if (known !== undefined) {
    source.close();
    return encoded(answer, known);
  }
  const opening = await readOpening(source, request.signal);
  if (opening.bytes > GZIP_BYTES_MIN) {
    const whole = resumed(source, opening);
    const packed = identity === undefined ? undefined : cache?.compress(identity, whole);
    return encoded(answer, packed ?? compress(whole));
  }
  return { ...answer, source: resumed(source, opening) };
}

/** A source of the gzip of another source's bytes. The inner one belongs to it from now on. */
export function compress(source: PullSource): PullSource {
  return new SharedGzip(source, { isKept: false }).read();
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
    const pulled = pullFrom(source, GZIP_BYTES_MIN + 1 - opening.bytes);
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
