/**
 * A slab: one block of memory outside the V8 heap that object versions are laid into, one behind
 * the other.
 *
 * Invariants:
 *  1. `live` is the sum of the lengths of `residents`, and at most `used`.
 *  2. A resident's `slab`, `slot` and `offset` name this slab, its index in `residents` and its
 *     place.
 *
 * Owner: an Arena.
 */

/** What lies in a slab. The slab keeps the place of it up to date. */
export interface Resident {
  readonly length: number;
  slab: Slab | undefined;
  slot: number;
  offset: number;
}

export class Slab {
  readonly bytes: Uint8Array;
  readonly residents: Resident[] = [];
  #used = 0;
  #live = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  get capacity(): number {
    return this.bytes.length;
  }

  /** Bytes of residents. */
  get live(): number {
    return this.#live;
  }

  /** Bytes that can still be laid into it. */
  get room(): number {
    return this.bytes.length - this.#used;
  }

  /** Gives the resident its place; there must be room. What the place holds is not defined. */
  add(resident: Resident): void {
    resident.slab = this;
    resident.slot = this.residents.push(resident) - 1;
    resident.offset = this.#used;
    this.#used += resident.length;
    this.#live += resident.length;
  }

  /** Ends the resident's stay. A slab without residents is as new. */
  remove(resident: Resident): void {
    const last = this.residents.pop()!;
    if (last !== resident) {
      this.residents[resident.slot] = last;
      last.slot = resident.slot;
    }
    resident.slab = undefined;
    this.#live -= resident.length;
    if (this.residents.length === 0) this.#used = 0;
  }
}
