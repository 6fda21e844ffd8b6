/** What a type's cache tells of itself, as metrics and in the log. */

import type { CacheObserver, WatchList } from '../cache/index.js';
import type { CacheActivityMetrics } from '../metrics/index.js';
import { qualifiedResource, type ResourceType } from '../object/index.js';
import type { Logger } from './logger.js';

const MILLISECONDS_PER_SECOND = 1_000;

export function cacheObserver(
  type: ResourceType,
  metrics: CacheActivityMetrics,
  logger: Logger,
): CacheObserver {
  const activity = metrics.of(type.group, type.resource);
  const resource = qualifiedResource(type);
  return {
    onFilled: (durationMs) => {
      activity.filled(durationMs / MILLISECONDS_PER_SECOND);
      logger.info({ resource, durationMs }, 'watch cache filled');
    },
    onFillFailed: (cause) => {
      activity.fillFailed();
      logger.warn({ resource, err: cause }, 'watch cache could not be filled');
    },
    onLost: (cause) => logger.warn({ resource, err: cause }, 'watch cache is filled anew'),
    onFreshnessWait: (durationMs) => activity.waited(durationMs / MILLISECONDS_PER_SECOND),
    onConsistentRead: ({ isAnswered, fallback }) => activity.consistentRead(isAnswered, fallback),
    onList: ({ index, fetched, returned }) => activity.listed(index, fetched, returned),
    onWatchList: (list) => {
      const version = list.apiVersion?.split('/').at(-1) ?? '';
      activity.watchListed(version, scopeOf(list), list.durationMs / MILLISECONDS_PER_SECOND);
    },
    onConsistencyCheck: (report) => {
      const { status, resourceVersion, objects, durationMs, difference, error } = report;
      activity.compared(status);
      const fields = { resource, resourceVersion, objects, durationMs };
      if (status === 'success') logger.debug(fields, 'watch cache equals its storage');
      if (status === 'error') {
        logger.warn({ ...fields, err: error }, 'watch cache could not be compared');
      }
      if (status === 'failure') {
        logger.error({ ...fields, difference }, 'watch cache differs from its storage');
      }
    },
  };
}

function scopeOf({ namespace, name }: WatchList): string {
  if (name !== undefined) return 'resource';
  return namespace === undefined ? 'cluster' : 'namespace';
}
