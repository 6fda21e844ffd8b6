/** A cache of ours, as its owner or an attached thread sees it. */

import type { EngineCache } from '../../lib/engine/index.js';
import type { PodIdentity } from '../workload/pods.js';
import type { View } from './view.js';

/** Memory that lists are read into, as large as the slots that the server uses again and again. */
const SLOT_BYTES = 256 * 1024;

/** More than is ever pending. */
const DRAIN_BYTES = 64 * 1024 * 1024;

/** Memory that objects are read into, as large as that of other views. */
const PAGE_BYTES = 64 * 1024;

export class EngineView implements View {
  readonly #cache: EngineCache;
  readonly #slot = new Uint8Array(SLOT_BYTES).fill(0);
  readonly #page = new Uint8Array(PAGE_BYTES);
  #length = 0;

  constructor(cache: EngineCache) {
    this.#cache = cache;
  }

  read(namespace: string, name: string): number {
    return (this.#length = this.#cache.getInto({ namespace, name }, this.#page));
  }

  bytes(): Uint8Array {
    return this.#page.subarray(0, this.#length);
  }

  put({ namespace, name }: PodIdentity, object: Uint8Array, revision: number): void {
    this.#cache.apply([{ type: 'put', namespace, name, object, revision: BigInt(revision) }]);
  }

  list(namespace: string, sink: (chunk: Uint8Array) => void): void {
    const list = this.#cache.list({ namespace });
    const slot = this.#slot;
    for (let length = list.readInto(slot); length > 0; length = list.readInto(slot)) {
      sink(slot.subarray(0, length));
    }
  }

  watch(namespace: string, take: (frame: Uint8Array) => void): void {
    const watch = this.#cache.watch({
      namespace,
      from: { type: 'after', revision: this.#cache.revision },
      wake: () => {
        for (const frame of watch.drainFrames(DRAIN_BYTES).items) take(frame);
      },
    });
  }
}
