/**
 * Statistics of paired measurements.
 *
 * A round measures every contender once, close together in time. What drifts from minute to minute
 * (caches, neighbours on the host, clock speed) is in both numbers of a round and leaves their
 * ratio; the median over the rounds ignores the few that were disturbed; the interval says how far
 * the median would move had other rounds been seen.
 */

/** A median with its 95 % interval. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Enough that the interval's ends move by less than the figures printed. */
const RESAMPLES = 2_000;

/** Half of what is left outside the interval. */
const TAIL = 0.025;

/** The value below which that share of the values lies, interpolated. Throws for no values. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)] as number;
  const above = sorted[Math.ceil(position)] as number;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The median and its 95 % interval by bootstrap (percentile method). `random` answers numbers from
 * 0 to below 1; with the same ones the interval is the same.
 */
export function estimate(values: readonly number[], random: () => number): Estimate {
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] as number)),
  );
  return {
    median: median(values),
    low: quantile(medians, TAIL),
    high: quantile(medians, 1 - TAIL),
  };
}

/** Their cost over ours, round by round: above 1 we win. */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) throw new RangeError('not as many of ours as of theirs');
  return ours.map((cost, round) => (theirs[round] as number) / cost);
}

/** How far from 1 a ratio of two equal things may lie: the farther end of its interval. */
export function spread(ratio: Estimate): number {
  return Math.max(ratio.high - 1, 1 - ratio.low, 0);
}
