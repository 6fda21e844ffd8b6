/**
 * Metrics of one server, over a registry of prom-client that is the server's own.
 *
 * 1. Counting is adding to a plain number: labels are joined once, when a series is first asked
 *    for, and whoever counts often keeps the series. Text is made on scrape.
 * 2. Values that something else has at hand already (a cache's size) are asked for on scrape.
 * 3. A family has SERIES_MAX series at most; what would be more is counted, and not kept: label
 *    values that clients choose can't fill the memory.
 */

import { AggregatorRegistry, Registry } from 'prom-client';

import { BucketCounts } from './buckets.js';

/** Series of one family: many times what hundreds of resource types need. */
const SERIES_MAX = 20_000;

export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  /** Default none. */
  readonly labels?: readonly string[];
  /** What the values of several threads make together. Default `sum`. */
  readonly over?: ThreadsMetric;
}

/** `first`: of the first thread alone, which knows it for all of them. */
export type ThreadsMetric = 'sum' | 'max' | 'first';

export interface HistogramDefinition extends MetricDefinition {
  /** Upper bounds, rising; +Inf is added. */
  readonly buckets: readonly number[];
}

/** One series of a counter or gauge. */
export interface NumberSeries {
  value: number;
}

/** All series of one name. `with` gives the series of label values, in the definition's order. */
export interface Family<Series> {
  with(...values: readonly string[]): Series;
}

/** A value asked for on scrape, with its label values in the definition's order. */
export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

/** All metrics of a registry at a moment: plain data, to be sent to other threads. */
export type MetricsSnapshot = readonly ExposedMetric[];

/** One metric with the values of all its label sets, as prom-client tells it. */
export interface ExposedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly ExposedValue[];
  readonly aggregator: ThreadsMetric;
}

/** One sample: its labels, and which series of a histogram it is. */
export interface ExposedValue {
  readonly labels: { readonly [name: string]: string };
  readonly value: number;
  readonly metricName?: string;
}

export class MetricsRegistry {
  /** The media type of `exposition`. */
  readonly contentType: string = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #dropped: NumberSeries;

  constructor() {
    this.#dropped = this.counter({
      name: 'shardwatch_metrics_dropped_series_total',
      help: 'Label values that were not counted because their metric has too many series.',
    }).with();
  }

  /** Throws an Error when the name is taken; so do the other kinds. */
  counter(definition: MetricDefinition): Family<NumberSeries> {
    return this.#numbers('counter', definition);
  }

  gauge(definition: MetricDefinition): Family<NumberSeries> {
    return this.#numbers('gauge', definition);
  }

  histogram(definition: HistogramDefinition): Family<BucketCounts> {
    const { name, buckets } = definition;
    const family = new SeriesFamily(definition, () => new BucketCounts(buckets), this.#drop);
    this.#register('histogram', definition, () =>
      [...family.entries()].flatMap(([labels, counts]) => exposeHistogram(name, labels, counts)),
    );
    return family;
  }

  /** A gauge, or a counter that is kept elsewhere: `collect` is called on every scrape. */
  observed(
    type: 'counter' | 'gauge',
    definition: MetricDefinition,
    collect: () => Iterable<Sample>,
  ): void {
    const names = definition.labels ?? [];
    this.#register(type, definition, () =>
      Array.from(collect(), ({ labels, value }) => ({ labels: labelled(names, labels), value })),
    );
  }

  /** All metrics in Prometheus' text format. Rejects with what a `collect` throws. */
  exposition(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The same as data, for `mergedExposition`. Rejects with what a `collect` throws. */
  async snapshot(): Promise<MetricsSnapshot> {
    return (await this.#registry.getMetricsAsJSON()) as unknown as MetricsSnapshot;
  }

  #drop = (): void => {
    this.#dropped.value++;
  };

  #numbers(type: 'counter' | 'gauge', definition: MetricDefinition): Family<NumberSeries> {
    const family = new SeriesFamily<NumberSeries>(definition, () => ({ value: 0 }), this.#drop);
    this.#register(type, definition, () =>
      Array.from(family.entries(), ([labels, { value }]) => ({ labels, value })),
    );
    return family;
  }

  // The registry asks any object that looks like a metric for its values.
  #register(
    type: 'counter' | 'gauge' | 'histogram',
    { name, help, over: aggregator = 'sum' }: MetricDefinition,
    values: () => readonly ExposedValue[],
  ): void {
    const get = async (): Promise<ExposedMetric> => ({
      name,
      help,
      type,
      values: values(),
      aggregator,
    });
    const metric = { name, help, get };
    this.#registry.registerMetric(metric as never);
  }
}

/**
 * The metrics of several threads as one text, in Prometheus' format: each put together as its
 * definition says. The first snapshot is that of the thread that knows what is the same for all.
 */
export function mergedExposition(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return merged(snapshots).metrics();
}

/**
 * What stays of threads that have ended, for later expositions: what they counted, so that no
 * counter falls. What they measured (gauges) ends with them.
 */
export async function lastingMetrics(
  snapshots: readonly MetricsSnapshot[],
): Promise<MetricsSnapshot> {
  const all = await merged(snapshots).getMetricsAsJSON();
  return (all as unknown as MetricsSnapshot).filter(({ type }) => type !== 'gauge');
}

function merged(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot]));
}

class SeriesFamily<Series> implements Family<Series> {
  readonly #names: readonly string[];
  readonly #make: () => Series;
  readonly #drop: () => void;
  readonly #series = new Map<string, Series>();

  constructor(definition: MetricDefinition, make: () => Series, drop: () => void) {
    this.#names = definition.labels ?? [];
    this.#make = make;
    this.#drop = drop;
    // A metric without labels is there from the start, at zero.
    if (this.#names.length === 0) this.#series.set('', make());
  }

  with(...values: readonly string[]): Series {
    const key = values.join(SEPARATOR);
    const present = this.#series.get(key);
    if (present !== undefined) return present;
    if (values.length !== this.#names.length) {
      throw new RangeError(`expected values for ${this.#names.join(', ')}`);
    }
    const series = this.#make();
    if (this.#series.size < SERIES_MAX) this.#series.set(key, series);
    else this.#drop();
    return series;
  }

  *entries(): Iterable<[labels: { readonly [name: string]: string }, Series]> {
    for (const [key, series] of this.#series) {
      yield [labelled(this.#names, key.split(SEPARATOR)), series];
    }
  }
}

// A byte that UTF-8 text never has a reason to contain; label values with it would share a series.
const SEPARATOR = '\u0000';

function labelled(
  names: readonly string[],
  values: readonly string[],
): { readonly [name: string]: string } {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

function exposeHistogram(
  name: string,
  labels: { readonly [name: string]: string },
  counts: BucketCounts,
): ExposedValue[] {
  const buckets = counts.cumulative().map(([bound, value]) => ({
    labels: { ...labels, le: bound },
    value,
    metricName: `${name}_bucket`,
  }));
  return [
    ...buckets,
    { labels, value: counts.sum, metricName: `${name}_sum` },
    { labels, value: counts.count, metricName: `${name}_count` },
  ];
}
