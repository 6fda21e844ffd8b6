/** The checks that every server has: whether it lives, holds what its storage holds, and stays. */

import type { WatchCache } from '../cache/index.js';
import { qualifiedResource, type ResourceType } from '../object/index.js';
import type { HealthCheck } from './health.js';

export interface CheckedServer {
  readonly caches: ReadonlyMap<ResourceType, WatchCache>;
  readonly others: readonly HealthCheck[];
  readonly isStopping: () => boolean;
}

export function readinessChecks(server: CheckedServer): readonly HealthCheck[] {
  const { caches, others, isStopping } = server;
  return [
    { name: 'ping', endpoints: ['healthz', 'livez', 'readyz'], check: () => undefined },
    {
      name: 'informer-sync',
      endpoints: ['readyz'],
      check: () => {
        const unfilled = [...caches].filter(([, cache]) => !cache.isReady);
        if (unfilled.length === 0) return undefined;
        return `not filled yet: ${unfilled.map(([type]) => qualifiedResource(type)).join(', ')}`;
      },
    },
    ...others,
    {
      name: 'shutdown',
      endpoints: ['readyz'],
      check: () => (isStopping() ? 'the server is stopping' : undefined),
    },
  ];
}
