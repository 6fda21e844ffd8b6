/**
 * How a semantic test asks to be run on every engine.
 *
 * Whoever adds an engine adds a row to ENGINES: a behaviour that differs between rows is a bug, not
 * a skip.
 */

import test, { type ExecutionContext } from 'ava';

import { ENGINES, type TestEngine } from './candidates.js';

export {
  cacheOptions,
  engineOf,
  ENGINES,
  HISTORY_LIMITS,
  type TestCacheOptions,
  type TestEngine,
  turn,
} from './candidates.js';

/** Declares a test that runs once for every engine. */
export function engineTest(
  behaviour: string,
  run: (t: ExecutionContext, engine: TestEngine) => void | Promise<void>,
): void {
  for (const candidate of ENGINES) {
    test(`${candidate.kind}: ${behaviour}`, (t) => run(t, candidate));
  }
}
