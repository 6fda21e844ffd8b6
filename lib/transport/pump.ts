/**
 * Moves a pull source's bytes into an answer stream.
 *
 * 1. One write is under way at a time, of at most TURN_BYTES_MAX, behind HELD_BYTES_MAX of shared
 *    bytes at most: that is the memory a client can hold, however slow it is. While it is under way
 *    nothing is pulled.
 * 2. Whatever a source has in one turn goes out as one write. What it has in common with others,
 *    watches of one kind, is joined once for all of them.
 * 3. After BYTES_BETWEEN_TURNS_MAX the event loop gets its turn, so that a fast client and a big
 *    list do not delay everybody else.
 * 4. The source is closed exactly once: at its end, when the client leaves, when it fails, when the
 *    listener closes.
 * 5. What a source has lent is released exactly once: when it has been copied, when its write has
 *    been taken, or when there is nobody to write it to. Lent memory is written as it is: it is
 *    joined with other chunks (copied) only where it is too little for a write of its own.
 */

import type { Pulled, PullSource } from '../request/index.js';
import type { ErrorReport } from './contract.js';
import type { AnswerStream, Headers } from './stream.js';
import type { TurnQueue } from './turns.js';

/** Bytes of one write: enough that a list's cost is its bytes, few enough to hold for many. */
export const TURN_BYTES_MAX = 262_144;
/** Lent bytes that are written as they are, however much more the source may have. */
const LENT_BYTES_MIN = TURN_BYTES_MAX / 2;
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
  readonly chunks: Uint8Array[];
  total: number;
  /** What was lent for the chunks. */
  readonly lent: Release[];
  pulled: Pulled | undefined;
  /** Whether the source has nothing more at hand. */
  isLast: boolean;
}

type Release = () => void;

/** The bytes of a turn, and who is told that nobody reads them any more. */
interface Body {
  readonly bytes: Uint8Array;
  readonly release: Release | undefined;
}

type State = 'idle' | 'waiting' | 'writing' | 'deferred' | 'closed';

export class Pump {
  readonly #options: PumpOptions;
  // What every turn needs stands here: with a thousand pumps each look elsewhere waits for memory.
  readonly #source: PullSource;
  readonly #stream: AnswerStream;
  readonly #turns: TurnQueue;
  #state: State = 'idle';
  #headSent = false;
  #bytesThisTurn = 0;
  /** Whether the source has nothing behind what is being written. */
  #isDrained = false;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#source = options.source;
    this.#stream = options.stream;
    this.#turns = options.turns;
  }

  /** Sends the head if the source wants it flushed, and begins. */
  start(): void {
    const source = this.#source;
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
    if (this.#stream.closed) {
      this.#close();
      return;
    }
    const hasBegun = this.#headSent;
    if (!hasBegun && !this.#sendHead(false)) return;
    let last = emptyTurn();
    try {
      if (hasBegun && this.#state !== 'writing') last = this.#pullTurn();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (last.pulled?.type === 'abort') this.#breakOff(last, last.pulled.error);
    else this.#endWith(last);
  }

  /** Nothing can be sent any more: the client has left. */
  cancel(): void {
    this.#close();
  }

  #turn = (): void => {
    // Whoever tells that a stream has closed cancels the pump a little later.
    if (this.#state === 'closed' || this.#stream.closed) return;
    let turn: Turn;
    try {
      turn = this.#pullTurn();
    } catch (error) {
      this.#fail(error);
      return;
    }
    const { total, pulled } = turn;
    if (pulled?.type === 'abort') {
      this.#breakOff(turn, pulled.error);
    } else if (pulled?.type === 'end') {
      this.#finishWith(turn);
    } else if (total > 0) {
      this.#write(turn);
    } else {
      release(turn);
      if (pulled?.type === 'wait') this.#wait();
      else this.#defer();
    }
  };

  #pullTurn(): Turn {
    const source = this.#source;
    const turn = emptyTurn();
    try {
      while (turn.total < TURN_BYTES_MAX) {
        const pulled = source.pull(TURN_BYTES_MAX - turn.total);
        turn.pulled = pulled;
        if (pulled.type !== 'chunks') break;
        const before = turn.total;
        for (const chunk of pulled.chunks) {
          turn.chunks.push(chunk);
          turn.total += chunk.byteLength;
        }
        if (pulled.release !== undefined) turn.lent.push(pulled.release);
        turn.isLast = pulled.isLast === true;
        if (turn.total === before || turn.isLast) break;
        if (pulled.release !== undefined && turn.total >= LENT_BYTES_MIN) break;
      }
    } catch (error) {
      release(turn);
      throw error;
    }
    return turn;
  }

  #write(turn: Turn): void {
    if (!this.#headSent && !this.#sendHead(false)) {
      release(turn);
      return;
    }
    const { bytes, release: releaseBytes } = this.#joined(turn);
    this.#state = 'writing';
    this.#isDrained = turn.isLast;
    this.#bytesThisTurn += bytes.byteLength;
    const stream = this.#stream;
    const taken =
      releaseBytes === undefined
        ? this.#taken
        : (): void => {
            releaseBytes();
            this.#taken();
          };
    if (stream.write(bytes, taken, turn.lent.length === 0)) taken();
  }

  #taken = (): void => {
    if (this.#state !== 'writing') return;
    if (this.#isDrained) this.#wait();
    else if (this.#bytesThisTurn >= BYTES_BETWEEN_TURNS_MAX) this.#defer();
    else this.#turn();
  };

  #wait(): void {
    this.#state = 'waiting';
    try {
      this.#source.onReadable(this.#readable);
    } catch (error) {
      this.#fail(error);
    }
  }

  // Whoever has woken it has looked at all that this pump will: later it would be out of sight of
  // the processor's caches, and of a thousand watches that is most of what they cost.
  #readable = (): void => {
    if (this.#state !== 'waiting') return;
    this.#state = 'deferred';
    this.#bytesThisTurn = 0;
    if (this.#source.wakesInTurns === true && this.#turns.takePart()) this.#turn();
    else this.#turns.defer(this.#turn);
  };

  #defer(): void {
    this.#state = 'deferred';
    this.#bytesThisTurn = 0;
    this.#turns.defer(this.#turn);
  }

  #endWith(turn: Turn): void {
    this.#close();
    const { bytes, release: taken } = this.#joined(turn);
    if (bytes.byteLength > 0) this.#stream.end(bytes, taken);
    else this.#stream.end();
  }

  #breakOff(turn: Turn, error: Error): void {
    release(turn);
    this.#options.onError(error, 'source');
    this.#close();
    this.#stream.reset();
  }

  // An answer that turns out to fit in one turn gets a Content-Length.
  #finishWith(turn: Turn): void {
    if (this.#headSent) {
      this.#endWith(turn);
      return;
    }
    const { status, headers, stream } = this.#options;
    const { bytes, release: taken } = this.#joined(turn);
    this.#close();
    try {
      stream.whole(status, headers, bytes, undefined, taken);
    } catch (error) {
      taken?.();
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
    if (this.#stream.headSent) {
      this.#options.onError(error, 'source');
      this.#stream.reset();
    } else {
      this.#options.onFailure(error);
    }
  }

  #joined(turn: Turn): Body {
    const { chunks, total, lent } = turn;
    if (lent.length === 0) {
      return { bytes: this.#turns.sharing.join(chunks, total), release: undefined };
    }
    const [first] = chunks;
    if (chunks.length === 1 && first !== undefined) {
      return { bytes: first, release: () => release(turn) };
    }
    const bytes = Buffer.concat(chunks, total);
    release(turn);
    return { bytes, release: undefined };
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    try {
      this.#source.close();
    } catch (error) {
      this.#options.onError(error, 'source');
    }
    this.#options.onClosed();
  }
}

function emptyTurn(): Turn {
  return { chunks: [], total: 0, lent: [], pulled: undefined, isLast: false };
}

function release({ lent }: Turn): void {
  for (const each of lent) each();
}
