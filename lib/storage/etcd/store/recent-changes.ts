/**
 * The last changes of the store, for watches that begin a little behind the present: a cache that
 * has just been filled, as a rule. The oldest go first, by bytes.
 *
 * Owned by one event loop.
 */

import type { StorageChange } from '../../contract.js';

export class RecentChanges {
  readonly #bytesMax: number;
  #changes: StorageChange[] = [];
  // Of those before it nothing is left; they are cut off when they are the greater part.
  #first = 0;
  #bytes = 0;
  #after: bigint;

  /** Holds nothing, and so all changes after `after` up to there. */
  constructor(bytesMax: number, after: bigint) {
    this.#bytesMax = bytesMax;
    this.#after = after;
  }

  /** In revision order, whole revisions. */
  add(changes: readonly StorageChange[]): void {
    for (const change of changes) {
      this.#changes.push(change);
      this.#bytes += bytesOf(change);
    }
    while (this.#bytes > this.#bytesMax && this.#first < this.#changes.length) this.#drop();
    if (this.#first > this.#changes.length / 2) {
      this.#changes = this.#changes.slice(this.#first);
      this.#first = 0;
    }
  }

  /** All changes above `after`; `undefined` where some of them are not held any more. */
  above(after: bigint): readonly StorageChange[] | undefined {
    if (after < this.#after) return undefined;
    let low = this.#first;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#changes[middle]!.revision <= after) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }

  #drop(): void {
    const change = this.#changes[this.#first++]!;
    this.#bytes -= bytesOf(change);
    this.#after = change.revision;
  }
}

function bytesOf({ key, value }: StorageChange): number {
  const CHANGE_BYTES = 150;
  return CHANGE_BYTES + key.length + value.byteLength;
}
