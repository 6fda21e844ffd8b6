/**
 * How long the event loop kept a timer of one millisecond waiting.
 *
 * A delay contains the timer's own millisecond. What an idle loop shows on the same machine at the
 * same time is measured beside it, for as long, and taken off where a limit in milliseconds is
 * kept.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';

export interface LoopDelay {
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How long was measured. */
  readonly durationMs: number;
}

const RESOLUTION_MS = 1;

/** The histogram's first interval begins in the past; so long it takes until it has passed. */
const SETTLE_MS = 5;

/** The loop's delays while `work` runs. */
export async function loopDelayDuring(work: () => Promise<void>): Promise<LoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  await wait(SETTLE_MS);
  histogram.reset();
  // A reset swallows the interval it falls into.
  await wait(2 * RESOLUTION_MS);
  const startedMs = performance.now();
  await work();
  // What blocked the loop last shows only when the timer fires again.
  await wait(2 * RESOLUTION_MS);
  const durationMs = performance.now() - startedMs;
  histogram.disable();
  return {
    p99Ms: histogram.percentile(99) / 1e6,
    maxMs: histogram.max / 1e6,
    durationMs,
  };
}

/** The delays of a loop that has nothing to do. */
export function idleLoopDelay(durationMs: number): Promise<LoopDelay> {
  return loopDelayDuring(() => wait(durationMs));
}

/** The longest delay that is not the idle loop's; never below 0. */
export function lessIdle(busy: LoopDelay, idle: LoopDelay): number {
  return Math.max(0, busy.maxMs - idle.maxMs);
}
