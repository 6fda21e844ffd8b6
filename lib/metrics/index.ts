/** The door of the metrics: a registry per server, and upstream's metrics in it. */

export { BucketCounts } from './buckets.js';
export { CacheActivityMetrics } from './cache-activity.js';
export type { CacheActivity } from './cache-activity.js';
export { registerCacheMetrics } from './caches.js';
export type { CacheSample } from './caches.js';
export { EtcdMetrics } from './etcd.js';
export type { EtcdCalls, EtcdEndpointSample, EtcdPoolSample, EtcdRequest, OnCall } from './etcd.js';
export { InflightRequests } from './inflight.js';
export type { RequestKind } from './inflight.js';
export { registerProcessMetrics } from './process.js';
export { lastingMetrics, mergedExposition, MetricsRegistry } from './registry.js';
export type {
  Family,
  HistogramDefinition,
  MetricDefinition,
  ExposedMetric,
  ExposedValue,
  MetricsSnapshot,
  NumberSeries,
  Sample,
  ThreadsMetric,
} from './registry.js';
export { OTHER_VERB, RequestMetrics, requestVerb } from './requests.js';
export type { RequestLabels, RequestSeries, WatchEventMetrics } from './requests.js';
