/**
 * The outgoing half of one exchange, as the pump needs it. One implementation per protocol; the
 * pump knows none of them.
 */

import type { Answer } from '../request/index.js';

export type Headers = Answer['headers'];

/** A whole body; of a text each character is a byte (latin1). */
export type Body = Uint8Array | string;

/** The bytes of a body. */
export function bytesOf(body: Body): Uint8Array;
export function bytesOf(body: Body | undefined): Uint8Array | undefined;
export function bytesOf(body: Body | undefined): Uint8Array | undefined {
  return typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
}

/** Shared bytes that may wait in a stream while nobody waits for them to be taken. */
export const HELD_BYTES_MAX = 16_384;

export interface AnswerStream {
  /** No bytes can be sent any more: the client has left, or the answer has ended. */
  readonly closed: boolean;
  /** Whether the head has been sent: from then on the status can't be changed. */
  readonly headSent: boolean;
  /**
   * The whole answer: head, body, end. `body` is undefined where no body belongs (HEAD, 204, 304);
   * `length` is then what Content-Length says, if anything. `taken` as in `write`. Throws when a
   * header can't be sent; nothing has been written then, and `taken` is not called.
   */
  whole(
    status: number,
    headers: Headers,
    body: Body | undefined,
    length?: number,
    taken?: () => void,
  ): void;
  /** The head of an answer whose length is not known. `flush`: now, not with the first bytes. */
  head(status: number, headers: Headers, flush: boolean): void;
  /**
   * Writes; `taken` is called when the bytes have left this process's buffers, or never will. It is
   * called once, and nobody reads their memory from then on. (Where a stream is destroyed under a
   * write it may not be called at all.) `isShared`: the bytes never change, and other streams may
   * be sent the same array. Tells whether more may follow at once, and `taken` is not called: they
   * have left, or are shared, at most HELD_BYTES_MAX, and all that waits in the stream.
   */
  write(bytes: Uint8Array, taken: () => void, isShared: boolean): boolean;
  /** Ends the answer cleanly, with some last bytes or without. `taken` as in `write`. */
  end(bytes?: Uint8Array, taken?: () => void): void;
  /** Breaks the answer off so that the client can tell: resets the stream, or the connection. */
  reset(): void;
}
