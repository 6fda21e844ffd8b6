/**
 * Waiting for a condition that changes of the server wake: nothing is polled.
 *
 *  1. The condition is looked at once at the beginning, and again after every change; changes that
 *     come while it is being looked at (it may be asynchronous) make it be looked at again.
 *  2. What it throws means "not yet", so that assertions may stand in it.
 *  3. Its patience is real time, whatever clock the server has: a test that hangs is to end.
 */

import { systemClock } from '../storage/index.js';
import { TestingError } from './error.js';

export interface WaitOptions {
  /** Milliseconds of real time to wait at most. Default: the server's `waitTimeoutMs`, 4 000. */
  readonly timeoutMs?: number;
  /** Gives up: the wait rejects with `aborted`. */
  readonly signal?: AbortSignal;
  /** What is waited for, in the words of the error: `the lamp to be lit`. */
  readonly message?: string;
}

/** What a wait is about. */
export interface WaitSubject {
  /** Calls back after every change, until the function that it returns is called. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly bounds: WaitBounds;
  /** What is waited for where the options do not say. */
  readonly what: string;
  /** The state for the error of a wait that timed out. */
  readonly describe: () => string;
}

/** What ends every wait of one server. */
export interface WaitBounds {
  /** Aborted when there will be no change any more. */
  readonly closed: AbortSignal;
  /** How long a wait lasts whose options do not say. */
  readonly timeoutMs: number;
}

/** What a condition has to give for a wait to end: anything but what counts as false. */
export type Truthy<R> = Exclude<R, false | 0 | '' | null | undefined>;

/**
 * How long a wait lasts unless told: less than the 5 s after which jest and vitest give a test up,
 * so that the test is told what it waited for.
 */
export const WAIT_TIMEOUT_MS = 4_000;

/**
 * Resolves to the first value that the condition gives which is not false (or null, undefined, 0,
 * an empty text). Rejects with a TestingError: `timeout`, `aborted`, `closed`, `invalid-options`.
 */
export async function waitUntil<R>(
  condition: () => R | Promise<R>,
  subject: WaitSubject,
  options: WaitOptions = {},
): Promise<Truthy<R>> {
  const timeoutMs = checkOptions({ timeoutMs: subject.bounds.timeoutMs, ...options });
  const wait = new Wait(subject, options, timeoutMs);
  try {
    for (;;) {
      const seen = wait.changes;
      let value: R | undefined;
      try {
        value = await Promise.race([condition(), wait.ended]);
        wait.lastError = undefined;
      } catch (error) {
        if (error === wait.error) throw error;
        wait.lastError = error;
      }
      if (wait.error !== undefined) throw wait.error;
      if (value) return value as Truthy<R>;
      if (wait.changes === seen) await Promise.race([wait.nextChange(), wait.ended]);
    }
  } finally {
    wait.release();
  }
}

class Wait {
  changes = 0;
  /** What the condition threw last; undefined when it was just false. */
  lastError: unknown;
  /** Why the wait is over. */
  error: TestingError | undefined;
  /** Never resolves; rejects with `error`. */
  readonly ended: Promise<never>;
  readonly #releases: (() => void)[] = [];
  #wake: () => void = () => undefined;

  constructor(subject: WaitSubject, options: WaitOptions, timeoutMs: number) {
    const what = options.message ?? subject.what;
    this.ended = new Promise((_, reject) => {
      const end = (error: TestingError): void => {
        this.error ??= error;
        reject(this.error);
      };
      const timer = systemClock.setTimer(timeoutMs, () => {
        const last = this.lastError === undefined ? '' : `: ${textOf(this.lastError)}`;
        const message = `waited ${timeoutMs} ms for ${what}${last}\n${subject.describe()}`;
        end(new TestingError('timeout', message, { cause: this.lastError }));
      });
      this.#releases.push(() => timer.cancel());
      this.#onAbort(options.signal, () => {
        const cause = options.signal?.reason as unknown;
        end(new TestingError('aborted', `the wait for ${what} was aborted`, { cause }));
      });
      this.#onAbort(subject.bounds.closed, () => {
        end(new TestingError('closed', `closed while something waited for ${what}`));
      });
    });
    // Whoever races it sees the rejection; between two races nobody does.
    this.ended.catch(() => undefined);
    this.#releases.push(
      subject.subscribe(() => {
        this.changes++;
        this.#wake();
      }),
    );
  }

  nextChange(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  release(): void {
    for (const release of this.#releases) release();
  }

  #onAbort(signal: AbortSignal | undefined, callback: () => void): void {
    if (signal === undefined) return;
    if (signal.aborted) return callback();
    signal.addEventListener('abort', callback, { once: true });
    this.#releases.push(() => signal.removeEventListener('abort', callback));
  }
}

function checkOptions(options: WaitOptions): number {
  const { timeoutMs, signal, message, ...unknown } = options;
  void [signal, message];
  for (const option of Object.keys(unknown)) {
    const known = 'timeoutMs, signal, message';
    throw new TestingError('invalid-options', `a wait has no option "${option}" (${known})`);
  }
  if (typeof timeoutMs === 'number' && timeoutMs >= 0) return timeoutMs;
  const why = `timeoutMs must be 0 or more milliseconds, but it is ${String(timeoutMs)}`;
  throw new TestingError('invalid-options', why);
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
