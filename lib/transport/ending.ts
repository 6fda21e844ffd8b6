/**
 * Ends watches when whoever serves them closes (apiserver `server/filters.WithWatchTermination`,
 * restated): spread over a grace period, so that the clients of thousands of them do not all come
 * back to the next server at once.
 */

import type { TransportClock } from './contract.js';
import type { Pump } from './pump.js';

/** So many end in a second even when the grace period would allow for fewer, as upstream. */
const ENDED_PER_SECOND_MIN = 200;
const INTERVAL_MS = 50;

/** Ends them cleanly, at a steady rate; all at once without a grace period. */
export function endSpread(pumps: readonly Pump[], graceMs: number, clock: TransportClock): void {
  const perSecond = Math.max(ENDED_PER_SECOND_MIN, (pumps.length * 1_000) / graceMs);
  const perInterval = graceMs <= 0 ? pumps.length : Math.ceil((perSecond * INTERVAL_MS) / 1_000);
  const endFrom = (first: number): void => {
    const next = first + perInterval;
    for (const pump of pumps.slice(first, next)) pump.finish();
    if (next < pumps.length) clock.setTimer(INTERVAL_MS, () => endFrom(next));
  };
  endFrom(0);
}
