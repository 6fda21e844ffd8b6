/** Whether what a process holds stays as it is, round by round. */

import assert from 'node:assert/strict';

export interface HeldMemory {
  readonly anonymousBytes: number;
  readonly heapBytes: number;
}

/** What it may be more at the end, of what there was after the warm-up. */
const GROWTH_MAX = 0.05;
/** Of so many rounds at the beginning and the end the median counts. */
const ROUNDS_COMPARED = 3;

/** Throws where either has grown since the rounds in which the process grows to its size. */
export function assertFlat(reports: readonly HeldMemory[], roundsToWarmUp: number): void {
  const begin = reports.slice(roundsToWarmUp, roundsToWarmUp + ROUNDS_COMPARED);
  const end = reports.slice(-ROUNDS_COMPARED);
  for (const figure of ['anonymousBytes', 'heapBytes'] as const) {
    const [before, after] = [begin, end].map((rounds) => median(rounds.map((r) => r[figure])));
    const growth = after! / before! - 1;
    assert.ok(growth < GROWTH_MAX, `invariant 18: ${figure} grew from ${before} to ${after}`);
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!;
