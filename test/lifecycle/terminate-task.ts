/** What the threads of the termination test have in common. */

import type { EngineShare } from '../../lib/engine/index.js';
import type { ObjectKey } from '../../lib/object/index.js';
import type { Chance } from '../chance.js';
import type { TestCacheOptions } from '../engine/candidates.js';
import type { Widget } from '../engine/widget.js';

export interface TerminateTask {
  readonly share: EngineShare;
  readonly seed: number;
  readonly thread: number;
}

/** All keys that anybody writes: what a cache has is bounded. */
export const KEYS: readonly ObjectKey[] = Array.from({ length: 200 }, (_, at) => ({
  namespace: `ns-${at % 5}`,
  name: `w${at}`,
}));

/** History is short, and gone as soon as somebody trims with a later clock. */
export const LIMITS: TestCacheOptions = {
  history: { windowMs: 10, entriesMin: 0, entriesMax: 500 },
};

export function widgetOf(key: ObjectKey, chance: Chance): Widget {
  // Now and then one that is larger than a slot.
  const length = chance.holds(0.01) ? 100_000 : chance.below(1_000);
  return {
    ...key,
    labels: { app: chance.of(['x', 'y']), any: `v${chance.below(1_000)}` },
    node: 'n'.repeat(length),
  };
}
