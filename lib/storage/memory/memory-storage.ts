/**
 * The storage that forgets everything at the end of the process: for tests, for `--store memory`,
 * and the reference that durable storages are compared with. A write is acknowledged in the turn
 * that applied it; there is nothing to wait for.
 */

import { systemClock } from '../clock.js';
import type { Write, WriteResult } from '../contract.js';
import { VersionedStorage, type VersionedStorageOptions } from '../versioned-storage.js';
import { MemoryVersions } from './memory-versions.js';

export interface MemoryStorageOptions extends VersionedStorageOptions {
  /**
   * How many changes are kept for exact reads and watches; older ones are compacted on the way, an
   * eighth of them at a time. Default: no bound but `compact`.
   */
  readonly historyMax?: number;
}

export class MemoryStorage extends VersionedStorage {
  readonly #historyMax: number;

  constructor(options: MemoryStorageOptions = {}) {
    const clock = options.clock ?? systemClock;
    super('memory', new MemoryVersions(() => clock.now()), options);
    this.#historyMax = options.historyMax ?? Infinity;
    if (!(this.#historyMax >= 1)) {
      throw new RangeError(`historyMax must be at least 1, but it is ${this.#historyMax}`);
    }
  }

  override async write(write: Write): Promise<WriteResult> {
    const result = await super.write(write);
    if (this.committedRevision() - this.compactedRevision() > this.#historyMax * 1.125) {
      const revision = this.committedRevision() - BigInt(Math.floor(this.#historyMax));
      // Refused only by a storage that is being closed, where nobody reads history any more.
      await this.compact(revision).catch(() => undefined);
    }
    return result;
  }
}
