/**
 * Memory under churn: many objects, 10 000 updates a second that come in as bytes, and what the
 * heap, the process and the event loop make of it.
 *
 * `objects` keeps parsed objects in a Map and no history at all; ours keeps its default history,
 * which is full before anything is measured.
 */

import { createHash } from 'node:crypto';

import { idleLoopDelay, lessIdle, loopDelayDuring } from '../loop-delay.js';
import { median } from '../statistics.js';
import { Churn, type Store } from '../workload/churn.js';
import { EngineStore } from '../workload/engine-store.js';
import { podIdentity } from '../workload/pods.js';
import type { Effort, Operations, RowPlan, Sample, Setup, Trial } from './contract.js';

const UPDATES_PER_MS = 10;

/** More events than the default history keeps, so that it is full. */
const WARM_UP_UPDATES = 110_000;

/** How often the heap is looked at. */
const HEAP_INTERVAL_MS = 100;

const MIB = 1024 * 1024;

const NAME = 'memory/churn-500k';

export const memoryTrials: readonly Trial[] = [
  {
    name: NAME,
    full: effort(500_000, WARM_UP_UPDATES, 10, 5_000),
    quick: effort(50_000, 20_000, 10, 500),
    engine,
    rivals: { objects },
    rows: [
      ratio('heap', 'heapMiB', 'MiB'),
      ratio('delay-p99', 'delayP99Ms', 'ms'),
      value('delay-max', 'limit', 'delayMaxMs', 'ms', 'busyMaxMs'),
      ratio('rss', 'rssMiB', 'MiB'),
      value('rss', 'jsonBytes', 'rssOverJson', 'x'),
      {
        kind: 'engines',
        case: `${NAME}-delay-p99-fallback`,
        against: 'native',
        operation: 'churn',
        metric: 'delayP99Ms',
        metricUnit: 'ms',
      },
    ],
  },
];

function effort(objects: number, updates: number, rounds: number, budgetMs: number): Effort {
  return { size: { objects, objectBytes: 2_048, updates }, sets: 1, rounds, budgetMs };
}

function ratio(name: string, metric: string, metricUnit: string): RowPlan {
  const against = 'objects';
  const base = { case: `${NAME}-${name}`, against, rival: against, operation: 'churn' };
  return { kind: 'ratio', ...base, metric, metricUnit };
}

function value(
  name: string,
  against: string,
  metric: string,
  metricUnit: string,
  noiseMetric: string = metric,
): RowPlan {
  const base = { case: `${NAME}-${name}`, against, operation: 'churn' };
  return { kind: 'value', ...base, metric, metricUnit, noiseMetric };
}

function engine(setup: Setup): Operations {
  const store = new EngineStore(setup.engine);
  const { cache } = store;
  const readAll = (take: (bytes: Uint8Array) => void): void => {
    const list = cache.list({});
    for (;;) {
      const found = list.readObjects(1_000);
      if (found.length === 0) return;
      for (const { object } of found) take(object);
    }
  };
  return churning(setup, store, readAll, () => {
    const { bytesLive, bytesRetained } = cache.stats();
    return bytesLive + bytesRetained;
  });
}

function objects(setup: Setup): Operations {
  const found = new Map<string, unknown>();
  const put: Store['put'] = (index, bytes) => {
    const { namespace, name } = podIdentity(index);
    found.set(`${namespace}/${name}`, JSON.parse(Buffer.from(bytes).toString('latin1')));
  };
  const readAll = (take: (bytes: Uint8Array) => void): void => {
    const keys = [...found.keys()].sort();
    for (const key of keys) take(Buffer.from(JSON.stringify(found.get(key))));
  };
  return churning(setup, { put }, readAll, () => setup.size.objects * setup.size.objectBytes);
}

function churning(
  { size, seed }: Setup,
  store: Store,
  readAll: (take: (bytes: Uint8Array) => void) => void,
  jsonBytes: () => number,
): Operations {
  const churn = new Churn(size, seed, store);
  churn.load();
  churn.update(size.updates);
  return {
    churn: {
      digest: () => {
        const hash = createHash('sha256');
        readAll((bytes) => void hash.update(bytes));
        // What the comparison left behind belongs to nobody's figures.
        globalThis.gc?.();
        return hash.digest('hex');
      },
      sample: (budgetMs) => sample(churn, budgetMs, jsonBytes),
    },
  };
}

async function sample(churn: Churn, budgetMs: number, jsonBytes: () => number): Promise<Sample> {
  const heapsMiB: number[] = [];
  const before = process.cpuUsage();
  const busy = await loopDelayDuring(() =>
    everyMillisecond(budgetMs, (elapsedMs, dueBefore) => {
      const due = Math.floor(elapsedMs * UPDATES_PER_MS);
      churn.update(due - dueBefore);
      if (elapsedMs >= heapsMiB.length * HEAP_INTERVAL_MS) {
        heapsMiB.push(process.memoryUsage().heapUsed / MIB);
      }
      return due;
    }),
  );
  const { user, system } = process.cpuUsage(before);
  const rss = process.memoryUsage.rss();
  const idle = await idleLoopDelay(budgetMs);
  return {
    heapMiB: median(heapsMiB),
    rssMiB: rss / MIB,
    rssOverJson: rss / jsonBytes(),
    delayP99Ms: busy.p99Ms,
    delayMaxMs: lessIdle(busy, idle),
    busyMaxMs: busy.maxMs,
    cpuUs: user + system,
  };
}

/** Calls `work` with the time that has passed and what it answered before, for so long. */
function everyMillisecond(
  durationMs: number,
  work: (elapsedMs: number, previous: number) => number,
): Promise<void> {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    let previous = 0;
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - startedMs;
      previous = work(elapsedMs, previous);
      if (elapsedMs < durationMs) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
}
