/**
 * Work that waits for the event loop's next turn: pumps whose source has something again, and pumps
 * that moved enough bytes for one turn.
 *
 * One immediate serves them all. What becomes readable during a turn is thereby written once, at
 * its end, and no client's big answer keeps the loop from the other clients.
 */

import { ChunkSharing } from './chunk-sharing.js';

/** Tasks run in one turn; the rest follows after the loop has looked at its sockets again. */
const TASKS_PER_TURN_MAX = 1024;

export class TurnQueue {
  /** What tasks of one turn make for each other. */
  readonly sharing: ChunkSharing = new ChunkSharing();
  #tasks: (() => void)[] = [];
  #scheduled = false;
  // Run in this turn by those who did not wait for the next.
  #ranAtOnce = 0;

  /** Runs `task` in the next turn. It must not throw. */
  defer(task: () => void): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  /**
   * Whether a task may run at once, as a part of this turn: where this one has run few by now, and
   * none waits for the next. For whoever is called from the event loop.
   */
  takePart(): boolean {
    if (this.#tasks.length > 0 || this.#ranAtOnce >= TASKS_PER_TURN_MAX) return false;
    this.#ranAtOnce++;
    this.#schedule();
    return true;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  #run = (): void => {
    this.#scheduled = false;
    this.#ranAtOnce = 0;
    const tasks = this.#tasks;
    this.#tasks = tasks.splice(TASKS_PER_TURN_MAX);
    if (this.#tasks.length > 0) this.#schedule();
    for (const task of tasks) task();
    this.sharing.clear();
  };
}
