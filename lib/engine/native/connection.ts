/**
 * This environment's connection to the addon: the exchange that both sides have mapped, and the way
 * back from watches that became ready to those who wait for them.
 *
 *   exchange   | head: 32 lanes | records of 8 lanes each …        |   numbers and revisions: the
 *                                                                      same bytes, seen twice
 *
 * Rules:
 *  1. The exchange holds what the last call left there: it is read at once, before anything else is
 *     called.
 *  2. Watches are woken from the event loop only, never from inside a call: those that this
 *     thread's own writes made ready by setImmediate (a turn's changes cost each watch one
 *     wake-up), those of other threads when the addon calls.
 *  3. A `wake` that throws keeps no other from being called; its error is thrown on its own turn.
 *  4. A watch is held here while it is open, and by nobody else for sure; so is a cache while
 *     somebody waits for a revision of it.
 */

import { HEAD_LANE, LIMIT } from '../wire.js';
import type { Addon } from './addon.js';
import { Batch } from './batch.js';
import { statusError } from './errors.js';
import { Page } from './page.js';

/** What is woken: a watch, a heap, or who waits for a revision of a cache. */
export interface Wakeable {
  /** It will be called, unless it is drained or closed before. */
  markReady(): void;
  callWake(): void;
}

/** Runs a task soon, after the present call has returned. */
export type Schedule = (task: () => void) => void;

/** As much as an answer of the server sends at once. */
const SCRATCH_BYTES: number = 256 * 1024;

export class Connection {
  readonly addon: Addon;
  readonly handle: number;
  readonly numbers: Float64Array;
  readonly revisions: BigUint64Array;
  /** Of a heap's batch. */
  readonly batchSlots: Uint32Array;
  readonly page: Page = new Page();
  readonly batch: Batch = new Batch();
  /** Runs a task soon, from the event loop. */
  readonly schedule: Schedule;
  readonly #abandoned: FinalizationRegistry<number>;
  readonly #abandonedHeaps: FinalizationRegistry<number>;
  #scratch: Uint8Array | undefined;
  // By handle; no two kinds of them have one.
  readonly #wakeables = new Map<number, Wakeable>();
  #isScheduled = false;

  constructor(addon: Addon, schedule: Schedule = setImmediate) {
    this.addon = addon;
    this.schedule = schedule;
    const exchange = new ArrayBuffer(LIMIT.exchangeBytes);
    this.numbers = new Float64Array(exchange);
    this.revisions = new BigUint64Array(exchange);
    const batchSlotsAt = (LIMIT.headLanes + LIMIT.heapBatchMax) * Float64Array.BYTES_PER_ELEMENT;
    this.batchSlots = new Uint32Array(exchange, batchSlotsAt, LIMIT.heapBatchMax);
    this.handle = addon.connect(exchange, () => this.#callReady());
    if (this.handle < 0) throw statusError(this.handle, 'the native engine');
    this.#abandoned = new FinalizationRegistry((cache) => {
      addon.closeCache(cache);
      addon.dropCache(cache);
    });
    this.#abandonedHeaps = new FinalizationRegistry((heap) => void addon.closeHeap(heap));
  }

  /** Memory to copy through, where the length of what comes is not known before. */
  get scratch(): Uint8Array {
    this.#scratch ??= new Uint8Array(Buffer.allocUnsafeSlow(SCRATCH_BYTES).buffer);
    return this.#scratch;
  }

  /**
   * Closes the cache of that handle once nobody can reach its owner any more: what nobody closed
   * does not stay for ever, nor does what is left of a closed one.
   */
  closeAbandoned(owner: object, handle: number): void {
    this.#abandoned.register(owner, handle, owner);
  }

  /** The same for a heap. */
  closeAbandonedHeap(owner: object, handle: number): void {
    this.#abandonedHeaps.register(owner, handle, owner);
  }

  /** It may have users whom this thread can't see, or is closed. */
  keepAbandoned(owner: object): void {
    this.#abandoned.unregister(owner);
    this.#abandonedHeaps.unregister(owner);
  }

  /** Has the watch or cache of that handle woken from now on. */
  add(handle: number, wakeable: Wakeable): void {
    this.#wakeables.set(handle, wakeable);
  }

  remove(handle: number): void {
    this.#wakeables.delete(handle);
  }

  /** Number of watches and caches that are held, for tests. */
  get wakeableCount(): number {
    return this.#wakeables.size;
  }

  /** Looks at what the last call says of this environment's watches. */
  noteReady(): void {
    if (this.numbers[HEAD_LANE.ownReady] !== 0) this.scheduleReady();
  }

  /** Wakes what is ready soon. */
  scheduleReady(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.schedule(this.#callScheduled);
  }

  /** Calls what is the user's. What it throws is thrown on its own turn. */
  call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.schedule(() => {
        throw error;
      });
    }
  }

  readonly #callScheduled = (): void => {
    this.#isScheduled = false;
    this.#callReady();
  };

  /** Calls all that are ready by now; what becomes ready meanwhile has its own turn. */
  #callReady(): void {
    const ready = this.#takeReady();
    for (const wakeable of ready) wakeable.markReady();
    for (const wakeable of ready) this.call(() => wakeable.callWake());
  }

  #takeReady(): Wakeable[] {
    const ready: Wakeable[] = [];
    for (;;) {
      const count = this.addon.takeReady(this.handle);
      if (count < 0) throw statusError(count, 'the native engine');
      for (let index = 0; index < count; index++) {
        const wakeable = this.#wakeables.get(handleOf(this.numbers[LIMIT.headLanes + index]!));
        if (wakeable !== undefined) ready.push(wakeable);
      }
      if (count < LIMIT.readyMax) return ready;
    }
  }
}

// A cache that is ready is told as a number below zero.
function handleOf(ready: number): number {
  return ready < 0 ? -ready - 1 : ready;
}
