/** Metrics of the process, under the names that Prometheus' clients have agreed on. */

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

import type { MetricsRegistry, ThreadsMetric } from './registry.js';

const NANOSECONDS_PER_SECOND = 1e9;
const MICROSECONDS_PER_SECOND = 1e6;
const MILLISECONDS_PER_SECOND = 1e3;
/** How often the event loop's delay is sampled. */
const DELAY_RESOLUTION_MS = 20;

type ProcessMetric = readonly [
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  over: ThreadsMetric,
  value: () => number,
];

/**
 * Registers them. They are the whole process's, whichever server of it is asked. The returned
 * function stops the sampling of the event loop's delay.
 */
export function registerProcessMetrics(registry: MetricsRegistry): () => void {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delay.enable();
  const metrics: readonly ProcessMetric[] = [
    [
      'counter',
      'process_cpu_seconds_total',
      'User and system CPU time, in seconds.',
      'first',
      cpuSeconds,
    ],
    [
      'gauge',
      'process_start_time_seconds',
      'Start of the process, in seconds since the epoch.',
      'first',
      () => performance.timeOrigin / MILLISECONDS_PER_SECOND,
    ],
    [
      'gauge',
      'process_resident_memory_bytes',
      'Resident memory.',
      'first',
      () => process.memoryUsage.rss(),
    ],
    [
      'gauge',
      'nodejs_heap_size_used_bytes',
      'Used heap of the JavaScript engine.',
      'sum',
      () => process.memoryUsage().heapUsed,
    ],
    [
      'gauge',
      'nodejs_external_memory_bytes',
      'Memory outside the heap that JavaScript objects hold.',
      'sum',
      () => process.memoryUsage().external,
    ],
    [
      'gauge',
      'nodejs_eventloop_lag_mean_seconds',
      'Mean delay of the event loop since the start.',
      'max',
      () => (Number.isNaN(delay.mean) ? 0 : delay.mean / NANOSECONDS_PER_SECOND),
    ],
    [
      'gauge',
      'nodejs_eventloop_lag_p99_seconds',
      'Delay of the event loop that one turn in a hundred exceeds.',
      'max',
      () => delay.percentile(99) / NANOSECONDS_PER_SECOND,
    ],
  ];
  for (const [type, name, help, over, value] of metrics) {
    registry.observed(type, { name, help, over }, () => [{ labels: [], value: value() }]);
  }
  return () => delay.disable();
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / MICROSECONDS_PER_SECOND;
}
