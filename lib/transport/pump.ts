/**
 * Moves a pull source's bytes into an answer stream.
 *
 * 1. One write is under way at a time, of at most TURN_BYTES_MAX: that is the memory a client can
 *    hold, however slow it is. While it is under way nothing is pulled.
 * 2. Whatever a source has in one turn goes out as one write.
 * 3. After BYTES_BETWEEN_TURNS_MAX the event loop gets its turn, so that a fast client and a big
 *    list do not delay everybody else.
 * 4. The source is closed exactly once: at its end, when the client leaves, when it fails, when the
 *    listener closes.
 */

import type { Pulled, PullSource } from '../request/index.js';
import type { ErrorReport } from './contract.js';
import type { AnswerStream, Headers } from './stream.js';
import type { TurnQueue } from './turns.js';

/** Bytes of one write: enough that a list's cost is its bytes, few enough to hold for many. */
export const TURN_BYTES_MAX = 262_144;
/** Bytes one client is sent before the event loop looks at the others. */
const BYTES_BETWEEN_TURNS_MAX = 1_048_576;

export interface PumpOptions {
  readonly status: number;
  readonly headers: Headers;
  readonly source: PullSource;
  readonly stream: AnswerStream;
  readonly turns: TurnQueue;
  readonly onError: ErrorReport;
  /** Called once, after the source is closed. */
  readonly onClosed: () => void;
  /** Answers in the pump's stead when the source fails before anything was sent. */
  readonly onFailure: (error: unknown) => void;
}

/** What a source had, up to TURN_BYTES_MAX, and how it went on. */
interface Turn {
  readonly chunks: readonly Uint8Array[];
  readonly total: number;
  readonly pulled: Pulled | undefined;
}

type State = 'idle' | 'waiting' | 'writing' | 'deferred' | 'closed';

export class Pump {
  readonly #options: PumpOptions;
  #state: State = 'idle';
  #headSent = false;
  #bytesThisTurn = 0;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  /** Sends the head if the source wants it flushed, and begins. */
  start(): void {
    const { source } = this.#options;
    if (source.flushHeaders && !this.#sendHead(true)) return;
    this.#turn();
  }

  /**
   * Ends the answer cleanly after what the source has at hand: the listener is closing. For a
   * client that has not taken the last write yet, that one is the end; an answer that has not begun
   * is empty.
   */
  finish(): void {
    if (this.#state === 'closed') return;
    const hasBegun = this.#headSent;
    if (!hasBegun && !this.#sendHead(false)) return;
    let last: Turn = { chunks: [], total: 0, pulled: undefined };
    try {
      if (hasBegun && this.#state !== 'writing') last = this.#pullTurn();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (last.pulled?.type === 'abort') this.#breakOff(last.pulled.error);
    else this.#endWith(last);
  }

  /** Nothing can be sent any more: the client has left. */
  cancel(): void {
    this.#close();
  }

  #turn = (): void => {
    if (this.#state === 'closed') return;
    let turn: Turn;
    try {
      turn = this.#pullTurn();
    } catch (error) {
      this.#fail(error);
      return;
    }
    const { chunks, total, pulled } = turn;
    if (pulled?.type === 'abort') {
      this.#breakOff(pulled.error);
    } else if (pulled?.type === 'end') {
      this.#finishWith(chunks, total);
    } else if (total > 0) {
      this.#write(joined(chunks, total), total);
    } else if (pulled?.type === 'wait') {
      this.#wait();
    } else {
      this.#defer();
    }
  };

  #pullTurn(): Turn {
    const { source } = this.#options;
    const chunks: Uint8Array[] = [];
    let total = 0;
    let pulled: Pulled | undefined;
    while (total < TURN_BYTES_MAX) {
      pulled = source.pull(TURN_BYTES_MAX - total);
      if (pulled.type !== 'chunks') break;
      const before = total;
      for (const chunk of pulled.chunks) {
        chunks.push(chunk);
        total += chunk.byteLength;
      }
      if (total === before) break;
    }
    return { chunks, total, pulled };
  }

  #write(bytes: Uint8Array, length: number): void {
    if (!this.#headSent && !this.#sendHead(false)) return;
    this.#state = 'writing';
    this.#bytesThisTurn += length;
    this.#options.stream.write(bytes, this.#taken);
  }

  #taken = (): void => {
    if (this.#state !== 'writing') return;
    if (this.#bytesThisTurn >= BYTES_BETWEEN_TURNS_MAX) this.#defer();
    else this.#turn();
  };

  #wait(): void {
    this.#state = 'waiting';
    try {
      this.#options.source.onReadable(this.#readable);
    } catch (error) {
      this.#fail(error);
    }
  }

  #readable = (): void => {
    if (this.#state === 'waiting') this.#defer();
  };

  #defer(): void {
    this.#state = 'deferred';
    this.#bytesThisTurn = 0;
    this.#options.turns.defer(this.#turn);
  }

  #endWith({ chunks, total }: Turn): void {
    this.#close();
    if (total > 0) this.#options.stream.end(joined(chunks, total));
    else this.#options.stream.end();
  }

  #breakOff(error: Error): void {
    this.#options.onError(error, 'source');
    this.#close();
    this.#options.stream.reset();
  }

  // An answer that turns out to fit in one turn gets a Content-Length.
  #finishWith(chunks: readonly Uint8Array[], total: number): void {
    const { status, headers, stream } = this.#options;
    const bytes = joined(chunks, total);
    const whole = !this.#headSent;
    this.#close();
    if (!whole) {
      stream.end(bytes);
      return;
    }
    try {
      stream.whole(status, headers, bytes);
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  #sendHead(flush: boolean): boolean {
    const { status, headers, stream } = this.#options;
    try {
      stream.head(status, headers, flush);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    this.#headSent = true;
    return true;
  }

  #fail(error: unknown): void {
    this.#close();
    if (this.#options.stream.headSent) {
      this.#options.onError(error, 'source');
      this.#options.stream.reset();
    } else {
      this.#options.onFailure(error);
    }
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    try {
      this.#options.source.close();
    } catch (error) {
      this.#options.onError(error, 'source');
    }
    this.#options.onClosed();
  }
}

function joined(chunks: readonly Uint8Array[], total: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  return Buffer.concat(chunks, total);
}
