/**
 * The differences that are meant, each with its reason. One that no run shows any more is to be
 * taken out: the command says so.
 */

import type { Difference } from './difference.js';
import type { Scenario } from './scenario.js';

export interface Expected {
  readonly reason: string;
  /** Of the scenario's name. */
  readonly scenario: RegExp;
  /** Of the step (`3 GET /path`) and the path in its answer (`body.message`), with a space. */
  readonly at: RegExp;
}

export const EXPECTED: readonly Expected[] = [];

/** Why the difference is meant, or `undefined`. */
export function expectedDifference(
  scenario: Scenario,
  step: string,
  { path }: Difference,
): Expected | undefined {
  return EXPECTED.find(
    (expected) => expected.scenario.test(scenario.name) && expected.at.test(`${step} ${path}`),
  );
}
