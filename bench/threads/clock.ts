/** One clock for all threads of a process, and how they wait for it. */

/** Microseconds of the system's monotonic clock. */
export function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1e3;
}

/** Milliseconds by which a cache that threads share ages its events. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A part of a run: from then to then, by `nowUs`. */
export interface Interval {
  readonly fromUs: number;
  readonly toUs: number;
}

/** So long a message takes at most to reach a thread that has nothing to do. */
const NOTICE_US = 10_000;

/** An interval that all threads can still be told of. */
export function intervalSoon(durationMs: number): Interval {
  const fromUs = nowUs() + NOTICE_US;
  return { fromUs, toUs: fromUs + durationMs * 1e3 };
}

/** Sleeps until then and does nothing else; wakes some tens of microseconds late. */
export function sleepUntil(atUs: number): void {
  const restMs = (atUs - nowUs()) / 1e3;
  if (restMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, restMs);
}

/** Keeps the processor busy until then. */
export function spinUntil(atUs: number): void {
  while (nowUs() < atUs);
}
