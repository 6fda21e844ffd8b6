/** Pauses between attempts: exponential with full jitter, and waiting for them. */

import type { Clock } from '../../clock.js';
import { EtcdError } from './error.js';

/**
 * Milliseconds before the next attempt, after `attempt` (from 1) has failed: by chance between 0
 * and a bound that doubles, so that many who failed together do not come back together.
 */
export function fullJitter(
  attempt: number,
  baseMs: number,
  maxMs: number,
  random: () => number,
): number {
  return random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, EXPONENT_MAX));
}

/** Rejects with an EtcdError `aborted` when the signal is. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(aborted(signal));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel();
      reject(aborted(signal));
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export function aborted(signal: AbortSignal | undefined): EtcdError {
  return new EtcdError('aborted', 'the call was aborted', { cause: signal?.reason });
}

// Beyond it the bound is what counts, and the power would overflow.
const EXPONENT_MAX = 20;
