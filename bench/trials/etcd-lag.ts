/**
 * From etcd's answer to a write to the last byte of its event on a watch's socket: a whole API
 * server over a real etcd, a thousand watches on connections of their own, and writers that go to
 * etcd themselves (`direct`) or to the server (`served`).
 *
 *  - `own`: a thousand writes a second, each of which one watch wants.
 *  - `all`: every write is wanted by all watches.
 *
 * What every watch is told is compared with what was written.
 */

import { loadClientProblem } from '../peers/load-client.js';
import { etcdProblem, sharedEtcd } from '../peers/shared-etcd.js';
import { type Scope, WatchedEtcd } from '../peers/watched-etcd.js';
import type { WriteOrder } from '../peers/paced-writer.js';
import type { Effort, Operation, Operations, RowPlan, Setup, Trial } from './contract.js';

const OWN_RATE = 1_000;
const ALL_RATE = 20;
const WATCHES = 1_000;

const problem = (): string | undefined => etcdProblem() ?? loadClientProblem();

export const etcdLagTrials: readonly Trial[] = [
  {
    name: 'etcd/lag',
    full: effort(1_000),
    quick: effort(300),
    engine: prepareEngine,
    rivals: {},
    lacking: { native: problem, javascript: problem },
    rows: [
      ...rows('etcd/lag-own-direct', 'ownDirect'),
      ...rows('etcd/lag-own-served', 'ownServed'),
      ...rows('etcd/lag-all-direct', 'allDirect', true),
      ...rows('etcd/lag-all-served', 'allServed', true),
    ],
  },
];

function effort(budgetMs: number): Effort {
  const size = { objects: WATCHES, objectBytes: 1_024, updates: 0, watches: WATCHES };
  return { size, sets: 1, rounds: 11, budgetMs };
}

function rows(name: string, operation: string, isMany = false): readonly RowPlan[] {
  const figures = [
    ['p50', 'p50Ms', 'ms'],
    ['p99', 'p99Ms', 'ms'],
    ...(isMany ? [['last-p99', 'lastP99Ms', 'ms']] : []),
    ['rate', 'perSecond', '/s'],
    ['cpu', 'cpuUs', 'us'],
  ] as const;
  return figures.map(([figure, metric = '', metricUnit = '']) => ({
    kind: 'value',
    case: `${name}-${figure}`,
    against: 'commit',
    operation,
    metric,
    metricUnit,
    hasNoGoal: true,
  }));
}

async function prepareEngine(setup: Setup): Promise<Operations> {
  const { engine, size } = setup;
  const endpoint = await sharedEtcd('etcd/lag', setup, () => Promise.resolve());
  const watches = size.watches!;
  const { objectBytes } = size;
  const watched = await WatchedEtcd.start({ engine, endpoint, watches, objectBytes });
  setup.onEnd?.(() => watched.close());
  const operation = (scope: Scope, through: WriteOrder['through'], rate: number): Operation => ({
    sample: (budgetMs) => {
      const count = Math.max(1, Math.round((rate * budgetMs) / 1_000));
      return watched.sample(scope, { through, count, rate });
    },
  });
  return {
    ownDirect: operation('own', 'etcd', OWN_RATE),
    ownServed: operation('own', 'server', OWN_RATE),
    allDirect: operation('all', 'etcd', ALL_RATE),
    allServed: operation('all', 'server', ALL_RATE),
  };
}
