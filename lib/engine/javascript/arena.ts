/**
 * All slabs of one cache.
 *
 *   sealed, dense   ██████▒█████   stays as it is
 *   sealed, sparse  ██▒▒▒▒▒█▒▒▒▒   less than half live: `compact` moves it into the current slab
 *   current         ████░░░░░░░░   versions are added here
 *   pool            ░░░░░░░░░░░░   a few empty ones, whose pages are warm
 *
 * Invariants:
 *  1. `allocated` is the capacity of all slabs, the pool's included; `live` the bytes of all
 *     residents.
 *  2. Nobody keeps a view of a slab beyond one synchronous step: compaction moves what lies in it.
 *     (So every read copies out at once.)
 *  3. Compaction copies less than it frees, hence no more than what was written.
 */

import { type Resident, Slab } from './slab.js';

/** Capacity of a slab. Large beside objects, small beside a cache worth compacting. */
export const SLAB_BYTES: number = 4 * 1024 * 1024;

/** The first slab of a cache is this small, each next one twice as large: many caches stay tiny. */
const SLAB_BYTES_FIRST: number = 64 * 1024;

/** Larger objects get a slab of their own, so that sealing wastes at most an eighth of a slab. */
const SHARED_BYTES_MAX: number = SLAB_BYTES / 8;

/** Empty slabs kept for the next writes. */
const POOL_SLABS_MAX = 2;

export class Arena {
  readonly #pool: Slab[] = [];
  readonly #sparse = new Set<Slab>();
  #current = new Slab(0);
  #nextBytes = SLAB_BYTES_FIRST;
  #allocated = 0;
  #live = 0;

  /** Bytes of all slabs. */
  get allocated(): number {
    return this.#allocated;
  }

  /** Bytes of all residents. */
  get live(): number {
    return this.#live;
  }

  /** Finds a place for the resident, whose bytes the caller writes next. */
  add(resident: Resident): void {
    this.#slabFor(resident.length).add(resident);
    this.#live += resident.length;
  }

  /** Gives the resident's place back. */
  remove(resident: Resident): void {
    const slab = resident.slab!;
    slab.remove(resident);
    this.#live -= resident.length;
    this.#settle(slab);
  }

  /** Empties sparse slabs until about `copiedMax` bytes have been moved. */
  compact(copiedMax: number): void {
    let copied = 0;
    for (const slab of this.#sparse) {
      if (copied >= copiedMax) return;
      copied += slab.live;
      for (const resident of slab.residents.slice()) this.#move(resident, slab);
      this.#settle(slab);
    }
  }

  #move(resident: Resident, source: Slab): void {
    const bytes = source.bytes.subarray(resident.offset, resident.offset + resident.length);
    // First what can fail; a sparse slab is never the one that is written to.
    const target = this.#slabFor(resident.length);
    source.remove(resident);
    target.add(resident);
    target.bytes.set(bytes, resident.offset);
  }

  #slabFor(length: number): Slab {
    if (length <= this.#current.room) return this.#current;
    if (length > SHARED_BYTES_MAX || length > this.#nextBytes) return this.#allocate(length);
    const sealed = this.#current;
    this.#current = this.#pool.pop() ?? this.#allocate(this.#nextBytes);
    this.#nextBytes = Math.min(2 * this.#nextBytes, SLAB_BYTES);
    this.#settle(sealed);
    return this.#current;
  }

  #allocate(capacity: number): Slab {
    const slab = new Slab(capacity);
    this.#allocated += capacity;
    return slab;
  }

  /** Decides what becomes of a slab that has lost residents, or has just been sealed. */
  #settle(slab: Slab): void {
    if (slab === this.#current) return;
    if (slab.live > 0) {
      if (2 * slab.live < slab.capacity) this.#sparse.add(slab);
      return;
    }
    this.#sparse.delete(slab);
    if (slab.capacity === SLAB_BYTES && this.#pool.length < POOL_SLABS_MAX) this.#pool.push(slab);
    else this.#allocated -= slab.capacity;
  }
}
