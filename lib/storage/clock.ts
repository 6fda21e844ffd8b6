/**
 * The clock that storages, caches and servers are given, so that tests can let time pass
 * themselves.
 *
 * `now()` is the wall clock (expiries outlive a restart, so a monotonic clock would not do) and may
 * jump; whoever arms a timer looks at `now()` again when it fires.
 */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delayMs`; the timer does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  /** The callback is not called any more. Harmless when it has been called already. */
  cancel(): void;
}

/** The clock of the operating system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (delayMs, callback) => {
    let handle = arm(delayMs);
    return { cancel: () => clearTimeout(handle) };

    function arm(remainingMs: number): NodeJS.Timeout {
      const stepMs = Math.min(remainingMs, NODE_TIMER_DELAY_MAX_MS);
      const restMs = remainingMs - stepMs;
      return setTimeout(() => {
        if (restMs > 0) handle = arm(restMs);
        else callback();
      }, stepMs).unref();
    }
  },
};

// Node fires a timer with a longer delay at once.
const NODE_TIMER_DELAY_MAX_MS = 2 ** 31 - 1;
