/** Whether what a test gave away is let go of. */

import type { ExecutionContext } from 'ava';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Rounds of collection: what a finished async function holds takes a few turns to be let go. */
const ROUNDS_MAX = 20;

/**
 * Runs `use`, which passes what is to be let go of through `collect`; what `use` gives is kept
 * meanwhile, and must not hold it.
 */
export async function expectNoMemory(
  t: ExecutionContext,
  use: (collect: <Value extends object>(value: Value) => Value) => Promise<unknown>,
): Promise<void> {
  const given: WeakRef<object>[] = [];
  const kept = await use((value) => {
    given.push(new WeakRef(value));
    return value;
  });
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (given.every((reference) => reference.deref() === undefined)) break;
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  t.true(given.length > 0);
  t.true(given.every((reference) => reference.deref() === undefined));
  t.truthy(kept);
}
