/** How the cluster's API server answers what is delegated to it, under upstream's names. */

import type { MetricsRegistry } from '../metrics/index.js';

/** Upstream's buckets, in seconds. */
const BUCKETS: readonly number[] = [0.25, 0.5, 0.7, 1, 1.5, 3, 5, 10];

/** Is told of every attempt: the HTTP status or `<error>`, and how long it took. */
export type CountAttempt = (code: string, seconds: number) => void;

export function delegationMetrics(registry: MetricsRegistry): {
  readonly authentication: CountAttempt;
  readonly authorization: CountAttempt;
} {
  return {
    authentication: counter(registry, 'authn', 'TokenReview'),
    authorization: counter(registry, 'authz', 'SubjectAccessReview'),
  };
}

function counter(registry: MetricsRegistry, kind: string, review: string): CountAttempt {
  const total = registry.counter({
    name: `apiserver_delegated_${kind}_request_total`,
    help: `Attempts of a ${review}, by HTTP status.`,
    labels: ['code'],
  });
  const duration = registry.histogram({
    name: `apiserver_delegated_${kind}_request_duration_seconds`,
    help: `How long attempts of a ${review} took, by HTTP status.`,
    labels: ['code'],
    buckets: BUCKETS,
  });
  return (code, seconds) => {
    total.with(code).value++;
    duration.with(code).observe(seconds);
  };
}
