/** Reads a request's body up to a limit, and leaves the stream usable when it is longer. */

import type { Readable } from 'node:stream';

import { internalError, requestEntityTooLarge } from '../../request/index.js';
import type { ErrorReport } from '../contract.js';

export interface BodyOptions {
  readonly source: Readable;
  /** Content-Length, where the client said it. */
  readonly declaredBytes: number | undefined;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Whether what has ended is all of it: HTTP/2 streams end when they are reset, too. */
  readonly isWhole: () => boolean;
  /** Called when it is not: aborts `signal`. */
  readonly onCutShort: () => void;
  /** Called when the body is wanted: tells a client that waits (`Expect: 100-continue`) to send. */
  readonly onWanted: () => void;
}

/**
 * Resolves with the whole body. Rejects with a StatusError 413 as soon as it is known to be longer
 * than `maxBytes` (before anything is read, if its declared length says so), leaving the rest
 * unread, and with the signal's reason when the client leaves before it has sent everything: half a
 * body is never taken for a whole one.
 */
export function readBody(options: BodyOptions): Promise<Uint8Array> {
  const { source, declaredBytes, maxBytes, signal, isWhole, onCutShort, onWanted } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    if (declaredBytes !== undefined && declaredBytes > maxBytes) {
      reject(tooLarge(maxBytes));
      return;
    }
    if (source.readableEnded || source.destroyed) {
      reject(new Error('the body was thrown away: the request has been answered'));
      return;
    }
    const chunks: Uint8Array[] = [];
    let total = 0;
    const onData = (chunk: Uint8Array): void => {
      total += chunk.byteLength;
      if (total > maxBytes) {
        stop();
        source.pause();
        reject(tooLarge(maxBytes));
      } else {
        chunks.push(chunk);
      }
    };
    const onEnd = (): void => {
      if (!isWhole()) {
        onCutShort();
        return;
      }
      stop();
      resolve(joined(chunks, total));
    };
    const onAbort = (): void => {
      stop();
      reject(signal.reason as Error);
    };
    const stop = (): void => {
      source.off('data', onData);
      source.off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort);
    source.on('end', onEnd);
    source.on('data', onData);
    onWanted();
  });
}

/** Whether somebody has read the request's body, or found that there is none. */
export const wasReadBefore = (request: Readable): boolean =>
  request.readableDidRead || request.readableEnded;

/**
 * The body of a request that somebody has read before: a body parser in front of a mounted server.
 *
 * What was kept as bytes (`rawBody`, or a `body` of express.raw) or as text is taken. A value that
 * was parsed is not: numbers have lost their digits by then, and repeated keys are gone. Rejects
 * with a StatusError: 500 for such a value, which is reported as well, 413 for too many bytes.
 */
export async function bodyReadBefore(
  request: Readable,
  maxBytes: number,
  onError: ErrorReport,
): Promise<Uint8Array> {
  if (!request.readableDidRead) return new Uint8Array(0);
  const { rawBody, body } = request as { rawBody?: unknown; body?: unknown };
  const bytes = bytesOf(rawBody) ?? bytesOf(body);
  if (bytes === undefined) {
    const error = internalError(READ_BEFORE);
    onError(error, 'handler');
    throw error;
  }
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

const READ_BEFORE =
  "the request's body was parsed before the API server got to it: mount the API server in front " +
  'of body parsers, or let them leave its prefix alone';

function bytesOf(kept: unknown): Uint8Array | undefined {
  if (typeof kept === 'string') return new TextEncoder().encode(kept);
  return kept instanceof Uint8Array ? kept : undefined;
}

const tooLarge = (maxBytes: number): Error => requestEntityTooLarge(`limit is ${maxBytes}`);

// A copy: the chunks are views of the sockets' read buffers, which they would keep alive.
function joined(chunks: readonly Uint8Array[], total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
