/**
 * A clock that stands still until a test moves it.
 *
 * Timers fire inside `advance`, in the order of their times, each with `now()` at its own time; a
 * timer that is set by a callback fires in the same `advance` when its time lies within.
 */

import type { Clock, Timer } from '../lib/storage/index.js';

interface ManualTimer extends Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<ManualTimer>();

  constructor(nowMs: number = Date.UTC(2024, 0, 1)) {
    this.#nowMs = nowMs;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: ManualTimer = {
      dueMs: this.#nowMs + delayMs,
      callback,
      cancel: () => void this.#timers.delete(timer),
    };
    this.#timers.add(timer);
    return timer;
  }

  /** Lets time pass. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.dueMs > untilMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
    }
    this.#nowMs = untilMs;
  }

  /** The wall clock is set: no timer fires for it. */
  jump(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  #next(): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    }
    return next;
  }
}
