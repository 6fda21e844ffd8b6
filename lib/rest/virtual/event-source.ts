/**
 * A handler's events as the body of a watch.
 *
 *  1. One event is asked for at a time, and none before the one before it has been taken: a client
 *     that is slow slows its handler down, and nothing piles up here.
 *  2. The end is the same whoever makes it (the handler, an error, the time, the client): the
 *     signal aborts, then the iterator's `return` is called, once. What the handler does after that
 *     is looked at no more.
 *  3. An error is told as an ERROR event, behind what was told before, and ends the watch.
 */

import type { Pulled, PullSource } from '../../request/index.js';
import { toStatusError } from '../../request/index.js';
import type { Clock, Timer } from '../../storage/index.js';

export interface EventSourceOptions {
  /** Opens the handler's watch. */
  readonly open: (signal: AbortSignal) => AsyncIterable<unknown>;
  /** The line of an event; undefined: it is not shown. */
  readonly line: (event: unknown) => Uint8Array | undefined;
  /** Makes an error that which can be told, and reports it. */
  readonly failure: (error: unknown) => unknown;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The request's. */
  readonly signal: AbortSignal;
}

/** Events that are not shown are passed over so many at a time, then other work has its turn. */
const UNSHOWN_MAX = 100;

export class HandlerEventSource implements PullSource {
  readonly type = 'pull';
  readonly flushHeaders = true;
  readonly isLines = true;
  readonly #options: EventSourceOptions;
  readonly #iterator: AsyncIterator<unknown>;
  readonly #abortion = new AbortController();
  readonly #timer: Timer;
  readonly #onAbort = (): void => this.#end();
  #state: 'idle' | 'asking' | 'ended' = 'idle';
  #isDone = false;
  #line: Uint8Array | undefined;
  #isReadable = true;
  #callback: (() => void) | undefined;

  /** Throws what `open` throws. */
  constructor(options: EventSourceOptions) {
    this.#options = options;
    const { clock, signal, timeoutMs } = options;
    this.#iterator = options.open(this.#abortion.signal)[Symbol.asyncIterator]();
    this.#timer = clock.setTimer(timeoutMs, () => this.#end());
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#end();
  }

  pull(): Pulled {
    const line = this.#line;
    if (line !== undefined) {
      this.#line = undefined;
      return { type: 'chunks', chunks: [line] };
    }
    if (this.#state === 'ended') return { type: 'end' };
    this.#isReadable = false;
    if (this.#state === 'idle') void this.#ask();
    return { type: 'wait' };
  }

  onReadable(callback: () => void): void {
    this.#callback = callback;
    if (this.#isReadable) queueMicrotask(() => this.#notify());
  }

  close(): void {
    this.#line = undefined;
    this.#end();
  }

  async #ask(): Promise<void> {
    this.#state = 'asking';
    try {
      for (let unshown = 0; ; unshown++) {
        const next = await this.#next();
        if (this.#isOver()) return;
        if (next.done === true) return this.#end();
        this.#line = this.#options.line(next.value);
        if (this.#line !== undefined) break;
        if (unshown % UNSHOWN_MAX === UNSHOWN_MAX - 1) await new Promise(setImmediate);
        if (this.#isOver()) return;
      }
      this.#state = 'idle';
      this.#notify();
    } catch (error) {
      if (this.#isOver()) return;
      const status = toStatusError(this.#options.failure(error)).toStatus();
      this.#line = eventLine('ERROR', Buffer.from(JSON.stringify(status)));
      this.#end();
    }
  }

  // An iterator that has ended by itself is not asked to.
  async #next(): Promise<IteratorResult<unknown>> {
    try {
      const next = await this.#iterator.next();
      this.#isDone = next.done === true;
      return next;
    } catch (error) {
      this.#isDone = true;
      throw error;
    }
  }

  #isOver(): boolean {
    return this.#state === 'ended';
  }

  #end(): void {
    if (this.#isOver()) return;
    this.#state = 'ended';
    this.#timer.cancel();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#abortion.abort();
    if (!this.#isDone) void this.#return();
    this.#notify();
  }

  // A handler that does not end well does so for itself.
  async #return(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch {
      // The watch is over: nobody is left to be told.
    }
  }

  #notify(): void {
    this.#isReadable = true;
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }
}

/** `{"type":…,"object":…}` and a newline. */
export function eventLine(type: string, object: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, LINE_END]);
}

const LINE_END = Buffer.from('}\n');
