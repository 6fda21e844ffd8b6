/**
 * Items on their way to those who wait for them.
 *
 * Invariant: nobody waits while an item is there. Who waits longest gets the next item, and it is
 * his at once: what comes later, or is more urgent, goes to the next one.
 */

import { QueueError } from './contract.js';

interface Taker<T> {
  resolve(item: T): void;
  reject(error: Error): void;
}

export class Handover<T> {
  // In the order in which they came.
  readonly #takers = new Set<Taker<T>>();
  #items: T[] = [];

  /** How many wait. */
  get takers(): number {
    return this.#takers.size;
  }

  /** How many items nobody has taken yet. */
  get items(): number {
    return this.#items.length;
  }

  give(item: T): void {
    const [first] = this.#takers;
    if (first === undefined) this.#items.push(item);
    else first.resolve(item);
  }

  /** The next item. Rejects with `aborted`, and with what `close` is given. */
  take(signal: AbortSignal | undefined): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal));
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift() as T);
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        this.#takers.delete(taker);
        signal?.removeEventListener('abort', onAbort);
        done();
      };
      const onAbort = (): void => taker.reject(aborted(signal as AbortSignal));
      const taker: Taker<T> = {
        resolve: (item) => settle(() => resolve(item)),
        reject: (error) => settle(() => reject(error)),
      };
      this.#takers.add(taker);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Drops the items; who waits is told the error. */
  close(error: Error): void {
    this.#items = [];
    for (const taker of [...this.#takers]) taker.reject(error);
  }
}

function aborted(signal: AbortSignal): QueueError {
  return new QueueError('aborted', 'the wait was aborted', { cause: signal.reason });
}
