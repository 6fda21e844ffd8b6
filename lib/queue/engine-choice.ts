/**
 * When a queue that may be on either engine moves to the native one.
 *
 * A small queue that is used one entry at a time is faster in JavaScript: a call into the addon
 * costs more than it saves. With batches, and with many entries, the native engine is the faster
 * one (bench/trials/queue.ts). So a queue begins on the JavaScript engine, and moves once such use
 * has carried enough entries more than the other. It never moves back: who uses batches now and
 * then uses them again.
 */

/** Batches below this cost about as much a call as they save. */
const BATCH_MIN = 16;

/** With as many entries, what comes and goes one by one is faster on the native engine too. */
const SIZE_MIN = 256;

/** Entries that one use has to carry more than the other. */
const LEAD = 256;

/** Moving takes sorting: of so many entries a few milliseconds. */
const MOVED_MAX = 16_384;

export class EngineChoice {
  #lead = 0;

  /** An entry is to come or to leave by a call of its own; `size` are there. Whether to move. */
  isToMoveForOne(size: number): boolean {
    if (size >= SIZE_MIN) this.#lead++;
    else if (this.#lead > 0) this.#lead--;
    return this.#isDue(size);
  }

  /** A batch is to come or to leave; `size` entries are there. Whether to move before. */
  isToMove(batch: number, size: number): boolean {
    if (batch >= BATCH_MIN) this.#lead += batch;
    return this.#isDue(size);
  }

  #isDue(size: number): boolean {
    return this.#lead >= LEAD && size <= MOVED_MAX;
  }
}
