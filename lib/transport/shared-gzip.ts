/**
 * The gzip of one body, made once for all who read it.
 *
 *     source ──pieces──▶ zlib ──chunks──▶ kept ──┬─▶ reader, at its own place
 *                                               └─▶ reader …
 *
 * 1. zlib works on its own threads: the event loop only hands bytes over, one piece at a time.
 * 2. It goes on while a reader is about to have read everything: the fastest reader sets the pace,
 *    and nothing is made for those who do not read.
 * 3. While it is kept, all chunks stay, for those who come later. When it is kept no longer, what
 *    everybody has read is dropped, and the slowest reader sets the pace.
 * 4. The source is closed exactly once: when zlib has all of it, when it fails, or when the last
 *    reader leaves before that, which ends the work.
 */

import { constants, createGzip } from 'node:zlib';
import type { Gzip } from 'node:zlib';

import type { Pulled, PullSource } from '../request/index.js';

/** Bytes handed to zlib at a time. */
const PIECE_BYTES_MAX = 65_536;
/** Compressed bytes that are made ahead of who reads them. */
const OUTPUT_BYTES_MAX = 131_072;

export interface SharedGzipOptions {
  /** Whether the chunks stay for readers that come later. */
  readonly isKept: boolean;
  /** Told of each chunk's length while it is kept. */
  readonly onKept?: (bytes: number) => void;
  /** It failed, or was left by all before its end: there is nothing to keep. */
  readonly onBroken?: () => void;
}

interface Reader {
  /** Chunks and bytes that it has read. */
  chunks: number;
  bytes: number;
  callback: (() => void) | undefined;
}

export class SharedGzip {
  readonly #source: PullSource;
  readonly #options: SharedGzipOptions;
  readonly #gzip: Gzip = createGzip({ level: constants.Z_BEST_SPEED });
  readonly #readers = new Set<Reader>();
  #chunks: Uint8Array[] = [];
  /** Chunks that were dropped in front of `#chunks`. */
  #dropped = 0;
  #madeBytes = 0;
  #isKept: boolean;
  /** Whether the source, or zlib, is at work and will call back. */
  #isFeeding = false;
  #last: Pulled | undefined;
  #isSourceOpen = true;

  /** The source belongs to it from now on. */
  constructor(source: PullSource, options: SharedGzipOptions) {
    this.#source = source;
    this.#options = options;
    this.#isKept = options.isKept;
    this.#gzip.on('data', (chunk: Uint8Array) => this.#take(chunk));
    this.#gzip.on('end', () => this.#finish({ type: 'end' }));
    this.#gzip.on('error', (error) => this.#finish({ type: 'abort', error }));
  }

  /** Compressed bytes made so far. */
  get bytes(): number {
    return this.#madeBytes;
  }

  /** All of it, from the beginning, for one more reader. REQUIRES: it is kept, or nobody reads. */
  read(): PullSource {
    const reader: Reader = { chunks: 0, bytes: 0, callback: undefined };
    this.#readers.add(reader);
    return {
      type: 'pull',
      flushHeaders: false,
      pull: (maxBytes) => this.#pull(reader, maxBytes),
      onReadable: (callback) => {
        reader.callback = callback;
        if (this.#hasNews(reader)) wake(reader);
      },
      close: () => this.#leave(reader),
    };
  }

  /** Nobody comes later: lets go of what everybody has read. */
  unkeep(): void {
    this.#isKept = false;
    this.#drop();
  }

  // A piece of output may be a little longer than asked for: zlib's chunks are not cut.
  #pull(reader: Reader, maxBytes: number): Pulled {
    this.#feed();
    if (this.#last?.type === 'abort') return this.#last;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < maxBytes) {
      const chunk = this.#chunks[reader.chunks + chunks.length - this.#dropped];
      if (chunk === undefined) break;
      chunks.push(chunk);
      bytes += chunk.byteLength;
    }
    if (chunks.length === 0) return this.#last ?? { type: 'wait' };
    reader.chunks += chunks.length;
    reader.bytes += bytes;
    if (!this.#isKept) this.#drop();
    return { type: 'chunks', chunks };
  }

  #leave(reader: Reader): void {
    reader.callback = undefined;
    if (!this.#readers.delete(reader)) return;
    if (this.#readers.size === 0 && this.#last === undefined) {
      this.#finish({ type: 'abort', error: new Error('nobody reads it') });
    } else {
      // The slowest may have left.
      if (!this.#isKept) this.#drop();
      this.#feed();
    }
  }

  #feed = (): void => {
    if (this.#isFeeding || this.#last !== undefined || !this.#isWanted()) return;
    const pulled = pullFrom(this.#source, PIECE_BYTES_MAX);
    if (pulled.type === 'abort') {
      this.#finish(pulled);
      return;
    }
    this.#isFeeding = true;
    if (pulled.type === 'chunks') {
      const piece = Buffer.concat(pulled.chunks);
      pulled.release?.();
      this.#gzip.write(piece, this.#fed);
    } else if (pulled.type === 'wait') {
      this.#source.onReadable(this.#fed);
    } else {
      this.#closeSource();
      this.#gzip.end();
    }
  };

  #fed = (): void => {
    this.#isFeeding = false;
    this.#feed();
  };

  #isWanted(): boolean {
    const read = [...this.#readers].map(({ bytes }) => bytes);
    if (read.length === 0) return false;
    const pace = this.#isKept ? Math.max(...read) : Math.min(...read);
    return this.#madeBytes - pace < OUTPUT_BYTES_MAX;
  }

  #take(chunk: Uint8Array): void {
    if (this.#last !== undefined) return;
    this.#chunks.push(chunk);
    this.#madeBytes += chunk.byteLength;
    if (this.#isKept) this.#options.onKept?.(chunk.byteLength);
    this.#wakeAll();
  }

  #finish(last: Pulled): void {
    if (this.#last !== undefined) return;
    this.#last = last;
    this.#closeSource();
    if (last.type === 'abort') {
      this.#chunks = [];
      this.#gzip.destroy();
      this.#options.onBroken?.();
    }
    this.#wakeAll();
  }

  #closeSource(): void {
    if (!this.#isSourceOpen) return;
    this.#isSourceOpen = false;
    this.#source.close();
  }

  #drop(): void {
    const read = [...this.#readers].map(({ chunks }) => chunks);
    const behind = Math.min(...read, this.#dropped + this.#chunks.length) - this.#dropped;
    if (behind > 0) this.#chunks.splice(0, behind);
    this.#dropped += behind;
  }

  #hasNews(reader: Reader): boolean {
    return this.#last !== undefined || reader.chunks < this.#dropped + this.#chunks.length;
  }

  #wakeAll(): void {
    for (const reader of [...this.#readers]) if (this.#hasNews(reader)) wake(reader);
  }
}

/** Pulls from a source, whose exception is an abort like any other. */
export function pullFrom(source: PullSource, maxBytes: number): Pulled {
  try {
    return source.pull(maxBytes);
  } catch (error) {
    return { type: 'abort', error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function wake(reader: Reader): void {
  const { callback } = reader;
  reader.callback = undefined;
  callback?.();
}
