/**
 * The differential test for as long as one likes, each round with a new seed. A history that fails
 * is shrunk and told with its seed, and the soak goes on.
 */

import { randomInt } from 'node:crypto';
import { inspect } from 'node:util';

import fc from 'fast-check';

import { engineOf } from './candidates.js';
import { histories, type History } from './differential-operations.js';
import { compareEngines } from './differential-run.js';

/** Histories of one seed: a round takes some seconds. */
const HISTORIES = 50;

/** Operations of a history, in rounds that take turns: many short ones, few long ones. */
const LENGTHS = [40, 120, 600];

const PROGRESS_MS = 60_000;

/** Shrinking a long history ends here, with the shortest one so far. */
const ROUND_MS_MAX = 180_000;

/** Tells how many seeds failed. Throws where there is no native engine. */
export async function soak(minutes: number, say: (text: string) => void): Promise<number> {
  const oracle = engineOf('javascript')!;
  const native = engineOf('native');
  if (native === undefined) throw new Error('the native engine does not load: build it first');
  const deadline = performance.now() + minutes * 60_000;
  let progress = performance.now() + PROGRESS_MS;
  let failed = 0;
  let rounds = 0;
  while (performance.now() < deadline) {
    const seed = randomInt(2 ** 31);
    const length = LENGTHS[rounds++ % LENGTHS.length]!;
    const property = fc.asyncProperty(histories(length), (history) =>
      compareEngines(history, [oracle, native]),
    );
    const details = await fc.check(property, {
      seed,
      numRuns: HISTORIES,
      interruptAfterTimeLimit: ROUND_MS_MAX,
    });
    if (details.failed) {
      failed++;
      say(failureText(seed, length, details));
    }
    if (performance.now() < progress) continue;
    progress = performance.now() + PROGRESS_MS;
    say(`${rounds * HISTORIES} histories, ${failed} seeds failed`);
  }
  say(`${rounds * HISTORIES} histories, ${failed} seeds failed`);
  return failed;
}

function failureText(seed: number, length: number, details: fc.RunDetails<[History]>): string {
  const { counterexample, counterexamplePath, errorInstance } = details;
  const history = inspect(counterexample?.[0], {
    depth: 12,
    breakLength: 100,
    maxArrayLength: null,
    maxStringLength: null,
  });
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return `FAILED seed ${seed}, length ${length}, path ${counterexamplePath}\n${reason}\n${history}`;
}
