/**
 * Async iteration over an event source.
 *
 * Takes ITERATION_BATCH events at a time; what has been taken is delivered before the end is. The
 * losses that HTTP clients learn of by their next request are thrown here: a loop that just ended
 * would lose events without a word. Not a generator, so that `return` ends a `next` that waits.
 */

import type { EventSource, WatchEndReason, WatchEvent, WatchLoss } from './event.js';

/** Events taken at once: few enough not to count as a buffer, enough to pay for the call. */
const ITERATION_BATCH = 64;

type LossError = (reason: WatchLoss) => Error;

export class EventIterator<T> implements AsyncIterableIterator<WatchEvent<T>> {
  readonly #source: EventSource<T>;
  readonly #lossError: LossError;
  #batch: readonly WatchEvent<T>[] = [];
  #index = 0;
  #done = false;
  // Calls of `next` take their turns, as an async generator's do.
  #turn: Promise<unknown> = Promise.resolve();

  constructor(source: EventSource<T>, lossError: LossError) {
    this.#source = source;
    this.#lossError = lossError;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WatchEvent<T>, undefined>> {
    const take = (): Promise<IteratorResult<WatchEvent<T>, undefined>> => this.#take();
    const result = this.#turn.then(take, take);
    this.#turn = result;
    return result;
  }

  return(): Promise<IteratorResult<WatchEvent<T>, undefined>> {
    this.#done = true;
    this.#source.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  async #take(): Promise<IteratorResult<WatchEvent<T>, undefined>> {
    while (!this.#done) {
      const event = this.#batch[this.#index];
      if (event !== undefined) {
        this.#index++;
        return { done: false, value: event };
      }
      const drained = this.#source.drain(ITERATION_BATCH);
      if (drained.type === 'events') {
        this.#batch = drained.events;
        this.#index = 0;
      } else if (drained.type === 'wait') {
        await new Promise<void>((resolve) => this.#source.onReadable(resolve));
      } else {
        this.#end(drained.reason);
      }
    }
    return { done: true, value: undefined };
  }

  #end(reason: WatchEndReason): void {
    this.#done = true;
    this.#source.close();
    if (reason === 'expired' || reason === 'replaced') throw this.#lossError(reason);
  }
}
