/**
 * The revisions that a storage has committed and compacted, in memory that every thread of the
 * process reads: whoever has been told that a write is done finds its revision here, whichever
 * thread he asks.
 *
 * Thread rule: the thread that owns the storage writes, any thread reads.
 */

const COMMITTED = 0;
const COMPACTED = 1;

export class StorageRevisions {
  readonly buffer: SharedArrayBuffer;
  readonly #lanes: BigUint64Array;

  /** Those of another thread's storage, or new ones at 0. */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(2 * BigUint64Array.BYTES_PER_ELEMENT);
    this.#lanes = new BigUint64Array(this.buffer);
  }

  get committed(): bigint {
    return Atomics.load(this.#lanes, COMMITTED);
  }

  set committed(revision: bigint) {
    Atomics.store(this.#lanes, COMMITTED, revision);
  }

  get compacted(): bigint {
    return Atomics.load(this.#lanes, COMPACTED);
  }

  set compacted(revision: bigint) {
    Atomics.store(this.#lanes, COMPACTED, revision);
  }
}
