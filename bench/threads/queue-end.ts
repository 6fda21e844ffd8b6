/**
 * A queue that two threads have, as one of them sees it: ours, one in shared memory behind a lock,
 * and one that the main thread owns and the other asks.
 *
 * Each thread's entries come back to it, whoever takes them out: what they stand for is there.
 */

import type { MessagePort } from 'node:worker_threads';

import FlatQueue from 'flatqueue';

import { PriorityQueue, type QueueShare } from '../../lib/queue/index.js';
import { LockedHeap, type LockedHeapMemory } from './locked-heap.js';

export interface QueueEnd {
  /**
   * Adds an entry of this thread for each priority, numbered on, and takes out the first `count` of
   * all threads. Resolves when that has happened.
   */
  pass(priorities: Float64Array, count: number): Promise<void> | void;
  /** Is called with the numbers of this thread's entries that were taken out, in order. */
  onTaken: (entries: readonly number[]) => void;
}

/** What the other thread opens its end with. */
export type QueueToken =
  | { readonly type: 'queue'; readonly share: QueueShare }
  | { readonly type: 'atomics'; readonly memory: LockedHeapMemory }
  | { readonly type: 'postMessage'; readonly port: MessagePort };

export function openQueueEnd(token: QueueToken): QueueEnd {
  switch (token.type) {
    case 'queue':
      return new SharedQueueEnd(new PriorityQueue<number>({ share: token.share }));
    case 'atomics':
      return new LockedQueueEnd(token.memory, 1);
    case 'postMessage':
      return new AskingQueueEnd(token.port);
  }
}

const nobody = (): void => undefined;

export class SharedQueueEnd implements QueueEnd {
  onTaken: QueueEnd['onTaken'] = nobody;
  readonly #queue: PriorityQueue<number>;
  #next = 0;

  constructor(queue: PriorityQueue<number>) {
    this.#queue = queue;
    void this.#serve();
  }

  pass(priorities: Float64Array, count: number): void {
    const items = Array.from(priorities, () => this.#next++);
    this.#queue.enqueueBatch(items, priorities);
    this.#queue.dispatch(count);
  }

  async #serve(): Promise<never> {
    for (;;) {
      const entry = await this.#queue.take();
      this.onTaken([entry]);
    }
  }
}

export class LockedQueueEnd implements QueueEnd {
  onTaken: QueueEnd['onTaken'] = nobody;
  readonly #heap: LockedHeap;
  #next = 0;

  constructor(memory: LockedHeapMemory, thread: 0 | 1) {
    this.#heap = new LockedHeap(memory, thread);
    void this.#serve();
  }

  pass(priorities: Float64Array, count: number): void {
    const own = this.#heap.pass(priorities, this.#next, count);
    this.#next += priorities.length;
    if (own.length > 0) this.onTaken(own);
  }

  async #serve(): Promise<never> {
    for (;;) {
      await this.#heap.waitForMail();
      const entries = this.#heap.mail();
      if (entries.length > 0) this.onTaken(entries);
    }
  }
}

/** A question to the owner: priorities of entries to add, the first one's number, and a count. */
interface Question {
  readonly priorities: Float64Array;
  readonly first: number;
  readonly count: number;
}

/** Undefined: a question was answered. */
type Told = readonly number[] | undefined;

interface Entry {
  readonly isOwn: boolean;
  readonly number: number;
}

/** The owner's end. */
export class OwningQueueEnd implements QueueEnd {
  onTaken: QueueEnd['onTaken'] = nobody;
  readonly #queue = new FlatQueue<Entry>();
  readonly #port: MessagePort;
  #next = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', ({ priorities, first, count }: Question) => {
      this.#add(priorities, first, false);
      this.#take(count);
      port.postMessage(undefined);
    });
    port.unref();
  }

  pass(priorities: Float64Array, count: number): void {
    this.#add(priorities, this.#next, true);
    this.#next += priorities.length;
    this.#take(count);
  }

  #add(priorities: Float64Array, first: number, isOwn: boolean): void {
    priorities.forEach((priority, at) => this.#queue.push({ isOwn, number: first + at }, priority));
  }

  #take(count: number): void {
    const own: number[] = [];
    const theirs: number[] = [];
    for (let taken = 0; taken < count && this.#queue.length > 0; taken++) {
      const entry = this.#queue.pop()!;
      (entry.isOwn ? own : theirs).push(entry.number);
    }
    if (theirs.length > 0) this.#port.postMessage(theirs);
    if (own.length > 0) this.onTaken(own);
  }
}

class AskingQueueEnd implements QueueEnd {
  onTaken: QueueEnd['onTaken'] = nobody;
  readonly #port: MessagePort;
  readonly #waiting: (() => void)[] = [];
  #next = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (told: Told) => {
      if (told === undefined) this.#waiting.shift()!();
      else this.onTaken(told);
    });
  }

  pass(priorities: Float64Array, count: number): Promise<void> {
    this.#port.postMessage({ priorities, first: this.#next, count } satisfies Question);
    this.#next += priorities.length;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
