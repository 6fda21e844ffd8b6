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

  /** Runs `task` in the next turn. It must not throw. */
  defer(task: () => void): void {
    this.#tasks.push(task);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  #run = (): void => {
    this.#scheduled = false;
    const tasks = this.#tasks;
    this.#tasks = tasks.splice(TASKS_PER_TURN_MAX);
    if (this.#tasks.length > 0) {
      this.#scheduled = true;
      setImmediate(this.#run);
    }
    for (const task of tasks) task();
    this.sharing.clear();
  };
}
