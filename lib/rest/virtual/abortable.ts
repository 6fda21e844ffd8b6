/** Waiting for promises of others, who may never keep them. */

import type { Awaitable } from './contract.js';

/** What is given, or the signal's reason as soon as it aborts. */
export function unlessAborted<Value>(given: Awaitable<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const wait = new Wait<Value>(resolve, reject, signal);
    Promise.resolve(given).then(
      (value) => wait.end((settled) => settled.resolve(value)),
      (error: unknown) => wait.end((settled) => settled.reject(error)),
    );
  });
}

interface Settled<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * The end of a wait, whichever way. Not Promise.race: the reactions that it leaves on a promise
 * that never settles hold all that waited; here only this, emptied, stays.
 */
class Wait<Value> {
  #waiting: Settled<Value> | undefined;

  constructor(
    resolve: (value: Value) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal,
  ) {
    this.#waiting = { resolve, reject, signal };
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  end(settle: (settled: Settled<Value>) => void): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    waiting.signal.removeEventListener('abort', this.#onAbort);
    settle(waiting);
  }

  readonly #onAbort = (): void => {
    this.end(({ reject, signal }) => reject(signal.reason));
  };
}
