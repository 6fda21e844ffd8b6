/**
 * Test servers: how long it takes until one answers over TLS, in a process that has started one
 * before. Certificates are made once for a process, so the first start is not what tests wait for.
 */

import { defineResource } from '../../lib/rest/index.js';
import { startTestServer, type TestServer } from '../../lib/testing/index.js';
import { quantile } from '../statistics.js';
import type { Operations, Sample, Setup, Trial } from './contract.js';

/** Starts of one sample at least: their 99th percentile is then the second slowest or so. */
const STARTS_MIN = 100;

const lamps = defineResource({ group: 'example.com', version: 'v1', kind: 'Lamp' });

export const testingTrials: readonly Trial[] = [
  {
    name: 'testing/start',
    full: { size: size(), sets: 1, rounds: 10, budgetMs: 2_000 },
    quick: { size: size(), sets: 1, rounds: 10, budgetMs: 200 },
    engine: prepare,
    rivals: {},
    rows: [
      {
        kind: 'value',
        case: 'testing/start-p99',
        against: 'limit',
        operation: 'start',
        metric: 'p99Ms',
        metricUnit: 'ms',
        noiseMetric: 'medianMs',
      },
    ],
  },
];

function size(): Setup['size'] {
  return { objects: 1, objectBytes: 128, updates: 0 };
}

async function prepare({ engine, seed }: Setup): Promise<Operations> {
  const start = (): Promise<TestServer> =>
    startTestServer({
      resources: [lamps],
      objects: [
        { apiVersion: 'example.com/v1', kind: 'Lamp', metadata: { name: 'desk' }, spec: { seed } },
      ],
      engine,
    });
  await (await start()).close();
  return {
    start: {
      digest: async () => {
        const server = await start();
        const snapshot = server.snapshot({ without: ['uid', 'timestamps'] });
        await server.close();
        return JSON.stringify(snapshot);
      },
      sample: (budgetMs) => sample(start, budgetMs),
    },
  };
}

async function sample(start: () => Promise<TestServer>, budgetMs: number): Promise<Sample> {
  const timesMs: number[] = [];
  const endMs = performance.now() + budgetMs;
  while (timesMs.length < STARTS_MIN || performance.now() < endMs) {
    const beforeMs = performance.now();
    const server = await start();
    timesMs.push(performance.now() - beforeMs);
    await server.close();
  }
  return { p99Ms: quantile(timesMs, 0.99), medianMs: quantile(timesMs, 0.5) };
}
