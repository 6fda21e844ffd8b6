/** An array that an engine writes slots to, used again and again: they hold good until the next. */

const LENGTH_MIN = 64;

export class Scratch {
  #slots: Uint32Array = new Uint32Array(0);

  /** Room for so many slots at least. */
  slots(count: number): Uint32Array {
    if (this.#slots.length < count) this.#slots = new Uint32Array(roomFor(count));
    return this.#slots;
  }
}

function roomFor(count: number): number {
  return Math.max(LENGTH_MIN, 2 ** Math.ceil(Math.log2(count)));
}
