/** Metrics of the threads that serve, which the first of them knows. */

import type { MetricsRegistry } from '../../metrics/index.js';
import type { ServingThread } from './contract.js';

/** `threads` gives those beside the first one. */
export function registerThreadMetrics(
  registry: MetricsRegistry,
  threads: () => readonly ServingThread[],
): void {
  const serving = {
    name: 'shardwatch_serving_threads',
    help: 'Threads that serve now.',
    over: 'first',
  } as const;
  registry.observed('gauge', serving, () => {
    const others = threads().filter(({ state }) => state === 'serving');
    return [{ labels: [], value: 1 + others.length }];
  });
  const restarts = {
    name: 'shardwatch_thread_restarts_total',
    help: 'Threads that have ended and were replaced.',
    over: 'first',
  } as const;
  registry.observed('counter', restarts, () => {
    const value = threads().reduce((sum, thread) => sum + thread.restarts, 0);
    return [{ labels: [], value }];
  });
}
