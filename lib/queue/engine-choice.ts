/**
 * When a queue that may be on either engine moves to the native one.
 *
 * One entry at a time, a call into the addon costs more than it saves; in batches the native engine
 * is the faster one at every size (bench/trials/queue.ts). So a queue begins on the
 * JavaScript engine, and moves once batches have carried enough entries more than single calls. It
 * never moves back: who uses batches now and then uses them again.
 */

/** Batches below this cost about as much a call as they save. */
const BATCH_MIN = 16;

/** Entries that batches have to carry more than single calls. */
const LEAD = 256;

/** Moving takes sorting: of so many entries a few milliseconds. */
const MOVED_MAX = 16_384;

export class EngineChoice {
  #lead = 0;

  /** An entry came or left by a call of its own. */
  noteSingle(): void {
    if (this.#lead > 0) this.#lead--;
  }

  /** A batch is to come or to leave; `size` entries are there. Tells whether to move before. */
  isToMove(batch: number, size: number): boolean {
    if (batch >= BATCH_MIN) this.#lead += batch;
    return this.#lead >= LEAD && size <= MOVED_MAX;
  }
}
