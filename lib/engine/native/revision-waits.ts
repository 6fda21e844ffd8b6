/**
 * Who waits for a cache to reach a revision: reads that must be fresh, of a cache that another
 * thread writes to.
 *
 * The addon waits for one revision a thread, the lowest that is wanted; when it is reached, it is
 * asked for the next one.
 */

import { REVISION_MAX } from '../contract.js';
import { HEAD_LANE } from '../wire.js';
import type { CacheAccess } from './access.js';
import type { Wakeable } from './connection.js';

/** The highest revision that can be waited for: one more is the addon's mark for nobody. */
const AWAITED_MAX: bigint = REVISION_MAX - 1n;

interface Wait {
  readonly revision: bigint;
  readonly callback: () => void;
}

export class RevisionWaits implements Wakeable {
  readonly #cache: CacheAccess;
  #waits: Wait[] = [];

  constructor(cache: CacheAccess) {
    this.#cache = cache;
  }

  /** Calls back from the event loop, once the revision is reached or the cache is closed. */
  add(revision: bigint, callback: () => void): void {
    const { connection, handle } = this.#cache;
    this.#waits.push({ revision, callback });
    if (this.#waits.length === 1) connection.add(handle, this);
    // Some may be due at once, which is told from the event loop too.
    const due = this.#takeDue();
    if (due.length > 0) connection.schedule(() => this.#call(due));
  }

  markReady(): void {}

  callWake(): void {
    this.#call(this.#takeDue());
  }

  #call(due: readonly Wait[]): void {
    for (const { callback } of due) this.#cache.connection.call(callback);
  }

  /** Takes those who wait no more, and has the addon wait for the others. */
  #takeDue(): readonly Wait[] {
    const { connection, handle } = this.#cache;
    const { addon, revisions } = connection;
    const due: Wait[] = [];
    while (this.#waits.length > 0) {
      let lowest = AWAITED_MAX;
      for (const { revision } of this.#waits) if (revision < lowest) lowest = revision;
      if (lowest < 0n) lowest = 0n;
      revisions[HEAD_LANE.revision] = lowest;
      const status = addon.awaitRevision(handle);
      if (status === 0) return due;
      // It is reached; or the cache is closed, and nothing will be any more.
      const rest: Wait[] = [];
      for (const wait of this.#waits) {
        const isLeft = status > 0 && wait.revision > lowest && lowest < AWAITED_MAX;
        (isLeft ? rest : due).push(wait);
      }
      this.#waits = rest;
    }
    connection.remove(handle);
    return due;
  }
}
