/**
 * A clock that stands still until a test lets time pass.
 *
 *  1. Timers fire inside `advance` only, in the order of their times (of equal ones in the order in
 *     which they were set), each with `now()` at its own time.
 *  2. Between two times, what a timer has set off gets turns of the event loop: a retry that is
 *     armed by the failure of the one before fires in the same `advance` when its time lies within.
 *  3. What crosses a socket takes turns of its own that no clock knows: wait for its effect.
 */

import type { Clock, Timer } from '../storage/index.js';
import { TestingError } from './error.js';
import { WAIT_TIMEOUT_MS, waitUntil, type WaitBounds, type WaitOptions } from './wait.js';

export interface FakeClockOptions {
  /** Milliseconds since the epoch to begin at, or a date. Default 2024-01-01T00:00:00Z. */
  readonly now?: number | Date;
}

/** The clock that `fakeClock` makes: give it to `startTestServer` and to the code under test. */
export interface FakeClock extends Clock {
  /** How many timers are set. */
  readonly pendingTimers: number;
  /**
   * Lets this many milliseconds pass. Resolves when all timers within them have fired and what they
   * set off in this process had its turn. Advances one after the other, whoever calls. Rejects with
   * a TestingError `invalid-options` for a time that is negative or no number.
   */
  advance(durationMs: number): Promise<void>;
  /**
   * Waits, in real time, until at least so many timers are set: until the code under test has begun
   * a pause that is then passed over by `advance`. Give that code a clock of its own for it: a
   * server has timers, too. Rejects with a TestingError `timeout` or `aborted`.
   */
  timersAtLeast(count: number, options?: WaitOptions): Promise<void>;
}

/** A clock for tests. Throws a TestingError `invalid-options` for a date that is none. */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  const beginMs = Number(options.now ?? BEGIN_MS);
  if (!Number.isFinite(beginMs)) {
    throw new TestingError('invalid-options', `now must be a date, but it is ${options.now}`);
  }
  return new StandingClock(beginMs);
}

const BEGIN_MS: number = Date.UTC(2024, 0, 1);
/** Turns of the event loop after each time at which timers fired: some promises and callbacks. */
const TURNS = 4;

/** A clock is not closed. */
const BOUNDS: WaitBounds = { closed: new AbortController().signal, timeoutMs: WAIT_TIMEOUT_MS };

interface SetTimer extends Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

class StandingClock implements FakeClock {
  #nowMs: number;
  #advancing: Promise<void> = Promise.resolve();
  readonly #timers = new Set<SetTimer>();
  readonly #listeners = new Set<() => void>();

  constructor(beginMs: number) {
    this.#nowMs = beginMs;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: SetTimer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      callback,
      cancel: () => void this.#timers.delete(timer),
    };
    this.#timers.add(timer);
    for (const listener of [...this.#listeners]) listener();
    return timer;
  }

  advance(durationMs: number): Promise<void> {
    if (!(durationMs >= 0 && durationMs < Infinity)) {
      const message = `advance takes 0 or more milliseconds, but was given ${durationMs}`;
      return Promise.reject(new TestingError('invalid-options', message));
    }
    const advanced = this.#advancing.then(() => this.#passUntil(this.#nowMs + durationMs));
    this.#advancing = advanced.catch(() => undefined);
    return advanced;
  }

  async timersAtLeast(count: number, options: WaitOptions = {}): Promise<void> {
    const subject = {
      subscribe: (listener: () => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      bounds: BOUNDS,
      what: `${count} timers`,
      describe: () => `${this.#timers.size} are set`,
    };
    await waitUntil(() => this.#timers.size >= count, subject, options);
  }

  async #passUntil(untilMs: number): Promise<void> {
    await turns();
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.dueMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#timers.delete(next);
      next.callback();
      const following = this.#next();
      if (following === undefined || following.dueMs > this.#nowMs) await turns();
    }
    this.#nowMs = untilMs;
  }

  // A Set keeps the order of insertion, so the first of equal ones was set first.
  #next(): SetTimer | undefined {
    let next: SetTimer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    }
    return next;
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
