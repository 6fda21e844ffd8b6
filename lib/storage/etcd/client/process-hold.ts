/**
 * Keeps the process alive while something is waited for. A connection holds it only for calls
 * that are on their way, not while it is made, and the clock's timers do not: a program that does
 * nothing but wait for an answer would end without it.
 *
 * Owned by one event loop.
 */

export class ProcessHold {
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#count++ === 0) this.#timer = setInterval(noop, PERIOD_MS);
    try {
      return await work();
    } finally {
      if (--this.#count === 0) clearInterval(this.#timer);
    }
  }
}

function noop(): void {}

/** The longest that Node has; nothing happens then. */
const PERIOD_MS = 2 ** 31 - 1;
