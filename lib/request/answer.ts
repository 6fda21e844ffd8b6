/**
 * The answer contract: a handler decides, a transport serves.
 *
 * A handler returns a status, headers and a *source*; the transport pumps the source into the
 * socket under its own back pressure. A source is pulled, never pushed: memory held for a slow
 * client is bounded by what the transport asks for.
 */

import type { Awaitable } from './awaitable.js';
import type { RequestRecord } from './record.js';

export interface Answer {
  readonly status: number;
  /** In order; a name may repeat (`Warning`). Names in their usual spelling. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly source: Source;
  /**
   * When it has to be sent, by the clock of `receivedAt`: what is not is broken off then, so that a
   * client that stops reading does not hold a list for ever. Absent: whenever it ends (watches).
   */
  readonly deadline?: number;
}

export type Source = BytesSource | PullSource | ConnectSource;

/** A body that is there whole; the transport adds Content-Length. */
export interface BytesSource {
  readonly type: 'bytes';
  readonly bytes: Uint8Array;
  /**
   * The same bytes, each as the character of its number (latin1): a short body costs less as text,
   * to make and to write. Where it is there, `bytes` may be made of it when somebody asks.
   */
  readonly latin1?: string;
}

/** How long a body is, without making bytes of text. */
export function byteLengthOf(source: BytesSource): number {
  return source.latin1?.length ?? source.bytes.byteLength;
}

/**
 * A body that comes in pieces: a list over a held root, a watch, chunks made on the way.
 *
 * The transport calls `pull` until it answers `wait` (then it passes a callback to `onReadable`,
 * which is called once when there is more) or `end`. It calls `close` exactly once, at the end or
 * when the client leaves: whatever the source holds is released there.
 */
export interface PullSource {
  readonly type: 'pull';
  /** Whether headers are to be sent before the first byte is there: watches. */
  readonly flushHeaders: boolean;
  /**
   * Present where every chunk is a line (of JSON, with its newline) that is a message of its own:
   * events of a watch. Who asked for a WebSocket is sent each as a message.
   */
  readonly isLines?: true;
  /**
   * Present where `onReadable` calls back from the event loop, once for all that a turn has
   * brought: whoever is called need not wait for more to come. Elsewhere it may call from inside of
   * whatever brings something.
   */
  readonly wakesInTurns?: true;
  /**
   * The next pieces, about `maxBytes` in all; the arrays are read-only and may be shared. Lent ones
   * are the transport's until it releases them, even when `close` is called before.
   */
  pull(maxBytes: number): Pulled;
  onReadable(callback: () => void): void;
  close(): void;
  /**
   * What the whole body is, before the first pull: bodies of one identity are the same bytes, so
   * what was made of one (its gzip) does for all. Absent, or nothing: of no body that comes again.
   */
  identity?(): BodyIdentity | undefined;
}

/** Which bytes a body is, without reading them. */
export interface BodyIdentity {
  /** Equal for equal bodies, and for no others in this thread. */
  readonly key: string;
  /** Whether nobody can ask for such a body any more: what is kept of it is to be let go. */
  isGone(): boolean;
}

export type Pulled =
  | {
      readonly type: 'chunks';
      readonly chunks: readonly Uint8Array[];
      /**
       * Present when the chunks are only lent: their memory holds something else afterwards. Called
       * exactly once, as soon as nobody reads them any more: they were copied, or their write was
       * called back, successful or not. (Who never calls it costs the lender the memory, no more.)
       */
      readonly release?: () => void;
      /** Present when nothing more is at hand: the next pull would answer `wait`. */
      readonly isLast?: true;
    }
  | { readonly type: 'wait' }
  | { readonly type: 'end' }
  /** The answer can't be completed: the transport breaks the connection off (stream reset). */
  | { readonly type: 'abort'; readonly error: Error };

/** A connection handed over after the head (upgrade): the handler owns the duplex from then on. */
export interface ConnectSource {
  readonly type: 'connect';
  readonly connect: (connection: Duplex) => void;
}

/** The part of a duplex stream that a connect handler may use. */
export interface Duplex {
  readonly readable: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes have been taken. */
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
  /** Breaks the connection off, at once. */
  reset(): void;
}

/**
 * What a server is, to a transport: gives its answer at once where it waits for nothing. Never
 * throws or rejects: errors are answers.
 */
export type Handler = (request: RequestRecord) => Awaitable<Answer>;
