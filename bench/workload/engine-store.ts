/** Our side of a trial: a cache of either engine, reached through the engines' contract alone. */

import { DEFAULT_HISTORY } from '../../lib/cache/index.js';
import { createEngineCache, type EngineCache, type EngineKind } from '../../lib/engine/index.js';
import type { Store } from './churn.js';
import { podIdentity } from './pods.js';

/** As many as a cache has unless told otherwise. */
const SHARDS = 16;

export class EngineStore implements Store {
  readonly cache: EngineCache;

  /**
   * Throws `engine-unavailable` where that engine cannot be had. `now` is one clock for all threads
   * where several have the cache.
   */
  constructor(engine: EngineKind, now: () => number = () => performance.now()) {
    this.cache = createEngineCache(engine, {
      name: 'pods',
      shardCount: SHARDS,
      fields: ['spec.nodeName'],
      history: DEFAULT_HISTORY,
      now,
    });
  }

  put(index: number, object: Uint8Array, revision: number): void {
    // Made anew each time, as from a feed: names that were kept would count as the cache's memory.
    const { namespace, name } = podIdentity(index);
    this.cache.apply([{ type: 'put', namespace, name, object, revision: BigInt(revision) }]);
  }
}
