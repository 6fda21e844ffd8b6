/**
 * Calls the `wake` functions of watches, from the event loop.
 *
 * Rules:
 *  1. `wake` is never called from inside a call of the engine, and at most once between two drains.
 *  2. Whatever is woken between two turns of the event loop is called in one go. The default
 *     scheduler is setImmediate and not a microtask: changes that arrive in one turn then cost each
 *     watch one wake-up and one write, and a flood of changes cannot keep the loop from reading
 *     sockets.
 *  3. A `wake` that throws keeps no other from being called; its error is thrown on its own turn.
 */

/** Runs a task soon, after the present call has returned. */
export type Schedule = (task: () => void) => void;

export class Waker {
  readonly #schedule: Schedule;
  #queue: (() => void)[] = [];

  constructor(schedule: Schedule = setImmediate) {
    this.#schedule = schedule;
  }

  /** Calls `wake` soon. */
  add(wake: () => void): void {
    if (this.#queue.push(wake) === 1) this.#schedule(() => this.#run());
  }

  #run(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const wake of queue) this.#call(wake);
  }

  #call(wake: () => void): void {
    try {
      wake();
    } catch (error) {
      this.#schedule(() => {
        throw error;
      });
    }
  }
}
