/** One fault: which requests it meets, how often it has hit, and its end. */

import { TestingError } from '../error.js';
import type { RecordedRequest } from '../request-log.js';
import { checkMatch, matches, type MatchContext, type RequestMatch } from '../request-match.js';
import { waitUntil, type WaitBounds, type WaitOptions } from '../wait.js';

/** Which of the requests that match are hit. */
export interface FaultOptions {
  /** So many of them pass unharmed first. Default 0. */
  readonly skip?: number;
  /** So many of them are hit, then no more. `Infinity`: until it is cleared. Default 1. */
  readonly times?: number;
}

/** What a test holds of a fault. */
export interface Fault {
  /** How many requests it has hit. */
  readonly hits: number;
  /** Whether it may hit again. */
  readonly active: boolean;
  /**
   * Waits until it has hit this many requests. Rejects with a TestingError `timeout`, `aborted` or
   * `closed`.
   */
  hitAtLeast(count: number, options?: WaitOptions): Promise<void>;
  /** It hits no more, and requests that it holds up go on. Calling it again does nothing. */
  clear(): void;
  [Symbol.dispose](): void;
}

export class InjectedFault implements Fault {
  hits = 0;
  readonly #match: RequestMatch;
  readonly #context: FaultContext;
  readonly #times: number;
  readonly #listeners = new Set<() => void>();
  readonly #cleared = new AbortController();
  #toSkip: number;

  /** Throws a TestingError `invalid-options`. */
  constructor(match: RequestMatch, options: FaultOptions, context: FaultContext) {
    checkMatch(match, context);
    this.#match = match;
    this.#context = context;
    this.#toSkip = checkCount('skip', options.skip ?? 0, 0);
    this.#times = checkCount('times', options.times ?? 1, 1);
  }

  get active(): boolean {
    return !this.#cleared.signal.aborted && this.hits < this.#times;
  }

  /** Aborted by `clear`. */
  get cleared(): AbortSignal {
    return this.#cleared.signal;
  }

  hitAtLeast(count: number, options: WaitOptions = {}): Promise<void> {
    const subject = {
      subscribe: (listener: () => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      bounds: this.#context.bounds,
      what: `${count} hits of a fault`,
      describe: () => `it has hit ${this.hits}; ${this.#context.describeRequests()}`,
    };
    return waitUntil(() => this.hits >= count, subject, options).then(() => undefined);
  }

  clear(): void {
    this.#cleared.abort();
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  /** Whether it hits the request; it is counted then. */
  takes(request: RecordedRequest): boolean {
    if (!this.active || !matches(this.#match, request)) return false;
    if (this.#toSkip > 0) {
      this.#toSkip--;
      return false;
    }
    this.hits++;
    for (const listener of [...this.#listeners]) listener();
    return true;
  }
}

/** What faults of one server have in common. */
export interface FaultContext extends MatchContext {
  readonly bounds: WaitBounds;
  /** The requests that came, for errors. */
  readonly describeRequests: () => string;
}

function checkCount(option: string, value: number, min: number): number {
  const isWhole = Number.isSafeInteger(value) || (option === 'times' && value === Infinity);
  if (isWhole && value >= min) return value;
  const message = `${option} must be a whole number from ${min}, but it is ${String(value)}`;
  throw new TestingError('invalid-options', message);
}
