/** Metrics of the types that are read through to another system, asked for on scrape. */

import type { MetricsRegistry } from '../metrics/index.js';
import type { ReaderStats, ReadThroughReader } from '../rest/index.js';

type Column = readonly [
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (stats: ReaderStats) => number,
];

const COLUMNS: readonly Column[] = [
  [
    'counter',
    'shardwatch_read_through_successes_total',
    'States that were taken over from the system that a type is read through to.',
    ({ successes }) => successes,
  ],
  [
    'counter',
    'shardwatch_read_through_failures_total',
    'Polls that failed, and streams of events that ended.',
    ({ failures }) => failures,
  ],
  [
    'gauge',
    'shardwatch_read_through_failures_in_a_row',
    'Failures since the last success; 0 while all is well.',
    ({ failuresInARow }) => failuresInARow,
  ],
  [
    'gauge',
    'shardwatch_read_through_last_success_timestamp_seconds',
    'When the last state was taken over, in seconds since the epoch; 0: never.',
    ({ lastSuccessMs }) => lastSuccessMs / 1_000,
  ],
];

export function registerReaderMetrics(
  registry: MetricsRegistry,
  readers: readonly ReadThroughReader[],
): void {
  if (readers.length === 0) return;
  for (const [type, name, help, value] of COLUMNS) {
    registry.observed(type, { name, help, labels: ['group', 'resource'] }, () =>
      readers.map((reader) => {
        const { group, resource } = reader.type;
        return { labels: [group, resource], value: value(reader.stats) };
      }),
    );
  }
}
