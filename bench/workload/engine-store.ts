/** Our side of a trial: a cache of either engine, reached through the engines' contract alone. */

import { DEFAULT_HISTORY } from '../../lib/cache/index.js';
import { createEngineCache, type EngineCache, type EngineKind } from '../../lib/engine/index.js';
import type { Store } from './churn.js';
import { podIdentity, type PodIdentity } from './pods.js';

/** As many as a cache has unless told otherwise. */
const SHARDS = 16;

export class EngineStore implements Store {
  readonly cache: EngineCache;
  readonly #identities: PodIdentity[] = [];

  /** Throws `engine-unavailable` where that engine cannot be had. */
  constructor(engine: EngineKind) {
    this.cache = createEngineCache(engine, {
      name: 'pods',
      shardCount: SHARDS,
      fields: ['spec.nodeName'],
      history: DEFAULT_HISTORY,
      now: () => performance.now(),
    });
  }

  put(index: number, object: Uint8Array, revision: number): void {
    const { namespace, name } = (this.#identities[index] ??= podIdentity(index));
    this.cache.apply([{ type: 'put', namespace, name, object, revision: BigInt(revision) }]);
  }
}
