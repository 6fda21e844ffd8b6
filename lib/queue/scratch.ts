/**
 * Arrays that an engine writes slots and handles to, used again and again: what is in one holds
 * good until the next is asked for.
 */

const LENGTH_MIN = 64;

export class Scratch {
  #slots: Uint32Array = new Uint32Array(0);
  #handles: Float64Array = new Float64Array(0);

  /** Room for so many slots at least. */
  slots(count: number): Uint32Array {
    if (this.#slots.length < count) this.#slots = new Uint32Array(roomFor(count));
    return this.#slots;
  }

  handles(count: number): Float64Array {
    if (this.#handles.length < count) this.#handles = new Float64Array(roomFor(count));
    return this.#handles;
  }
}

function roomFor(count: number): number {
  return Math.max(LENGTH_MIN, 2 ** Math.ceil(Math.log2(count)));
}
