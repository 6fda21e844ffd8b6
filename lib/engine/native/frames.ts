/**
 * The frames that this environment has been given: by their ids, so that each crosses once and all
 * watches share one array of it.
 *
 *   ids      first                    end
 *            │ 40 │ 41 │ – │ 43 │ 44 │          – was never given: another frame took its place
 *
 * Ids rise. The addon says below which id none will be asked for any more; those are given up.
 */

/** Slots of given-up frames that are worth a smaller array. */
const SLACK_MIN = 256;

export class FrameTable {
  // Slot 0 is that of the id `#base`.
  #frames: (Uint8Array | undefined)[] = [];
  #base = 0;
  #first = 0;

  /** Number of slots, for tests of what is given up. */
  get slots(): number {
    return this.#frames.length;
  }

  add(id: number, frame: Uint8Array): void {
    if (id < this.#first) return;
    if (this.#frames.length === 0) this.#base = id;
    while (this.#base + this.#frames.length < id) this.#frames.push(undefined);
    this.#frames[id - this.#base] = frame;
  }

  get(id: number): Uint8Array {
    const frame = this.#frames[id - this.#base];
    if (frame === undefined) throw new Error(`the native engine names an unknown frame, ${id}`);
    return frame;
  }

  /** Gives up all frames below the id. */
  dropBelow(id: number): void {
    if (id <= this.#first) return;
    const end = Math.min(id - this.#base, this.#frames.length);
    for (let slot = Math.max(0, this.#first - this.#base); slot < end; slot++) {
      this.#frames[slot] = undefined;
    }
    this.#first = id;
    if (end < SLACK_MIN && end < this.#frames.length) return;
    if (2 * end < this.#frames.length) return;
    this.#frames = this.#frames.slice(end);
    this.#base = Math.max(id, this.#base + end);
  }
}
