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
      const stepMs = Math.min(remainingMs, STEP_MAX_MS);
      const restMs = remainingMs - stepMs;
      return setTimeout(() => {
        if (restMs > 0) handle = arm(restMs);
        else callback();
      }, stepMs).unref();
    }
  },
};

// Node keeps a list for each delay that it is given until that time is over, also where all timers
// of it are cancelled: thousands of watches with an end each by chance would leave as many behind,
// for an hour. A delay above 2^31 ms it would not wait for at all.
const STEP_MAX_MS = 60_000;
