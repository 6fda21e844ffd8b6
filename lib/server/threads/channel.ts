/**
 * Questions and answers between two threads, in both directions, over one port.
 *
 *  1. A question is answered once, by a value or a failure; whoever only tells waits for neither.
 *  2. When the other thread has left, what waits is rejected.
 */

import type { MessagePort, Worker } from 'node:worker_threads';

/** A Worker, or the port that it has to the thread which started it. */
export type ThreadPort = Worker | MessagePort;

type Message =
  | { readonly type: 'question'; readonly id: number; readonly question: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly message: string };

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Names no question: no answer is wanted. */
const TOLD = 0;

/** `Asks` is what this end asks, `Asked` what it is asked. */
export class ThreadChannel<Asks, Asked> {
  readonly #port: ThreadPort;
  readonly #answer: (question: Asked) => unknown;
  readonly #pending = new Map<number, Pending>();
  #nextId = TOLD + 1;
  #failure: Error | undefined;

  /** `answer` gives the value, or a promise of it, or throws. */
  constructor(port: ThreadPort, answer: (question: Asked) => unknown) {
    this.#port = port;
    this.#answer = answer;
    (port as MessagePort).on('message', (message: Message) => this.#receive(message));
  }

  /** Rejects with an Error that has the other thread's message, or with that of `close`. */
  ask(question: Asks): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#post({ type: 'question', id, question });
    });
  }

  tell(question: Asks): void {
    if (this.#failure === undefined) this.#post({ type: 'question', id: TOLD, question });
  }

  /** The other thread has left. */
  close(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #receive(message: Message): void {
    if (message.type === 'question') {
      void this.#reply(message.id, message.question as Asked);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === 'answer') pending?.resolve(message.value);
    else pending?.reject(new Error(message.message));
  }

  async #reply(id: number, question: Asked): Promise<void> {
    try {
      const value = await this.#answer(question);
      if (id !== TOLD) this.#post({ type: 'answer', id, value });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (id !== TOLD) this.#post({ type: 'failure', id, message });
    }
  }

  #post(message: Message): void {
    this.#port.postMessage(message);
  }
}
