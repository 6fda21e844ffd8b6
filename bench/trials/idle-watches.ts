/**
 * What watches that want nothing cost a writer: the instructions of `apply` with ten thousand of
 * them over those with none, each with a selector (a group) of its own. They are counted, so one
 * count is as good as many, and load of the machine is no matter.
 */

import { join } from 'node:path';

import { countInstructions, valgrindProblem } from '../valgrind.js';
import type { Effort, Operations, Setup, Trial } from './contract.js';

/** What of a change is the cache's own work; not what JavaScript does before. */
const FUNCTIONS = 'shardwatch::Writer::Apply*';

const PROGRAM = join(import.meta.dirname, '..', 'workload', 'idle-watches.js');

/** Changes for each object. */
const CHANGES = 2;

const size = { objects: 1_000, objectBytes: 2_048, updates: 0, watches: 10_000 };
const once: Effort = { size, sets: 1, rounds: 10, budgetMs: 1 };

export const idleWatchTrials: readonly Trial[] = [
  {
    name: 'watch/idle-10k',
    full: once,
    quick: once,
    engine,
    rivals: {},
    lacking: {
      native: valgrindProblem,
      javascript: () => 'instructions are counted in functions of the addon',
    },
    rows: [
      {
        kind: 'value',
        case: 'watch/idle-10k',
        against: 'none',
        operation: 'apply',
        metric: 'instructionsOverNone',
        metricUnit: 'x',
      },
    ],
  },
];

function engine({ size: { objects, watches = 0 } }: Setup): Operations {
  const count = (open: number): Promise<number> =>
    countInstructions(FUNCTIONS, PROGRAM, [open, objects, objects * CHANGES].map(String));
  const compare = async (): Promise<number> => (await count(watches)) / (await count(0));
  let compared: Promise<number> | undefined;
  return {
    apply: {
      sample: async () => ({ instructionsOverNone: await (compared ??= compare()) }),
    },
  };
}
