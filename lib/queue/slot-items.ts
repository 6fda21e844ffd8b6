/**
 * The items of one thread's entries, by the slots of the heap, and the signals that cancel entries:
 * what is left for JavaScript to do for each entry, so it does little.
 */

import { EntrySignals } from './entry-signals.js';

export class SlotItems<T> {
  readonly #signals = new EntrySignals();
  #items: (T | undefined)[] = [];

  /** REQUIRES: the slot has an entry. */
  at(slot: number): T {
    return this.#items[slot] as T;
  }

  /** Keeps an item until it is released. */
  hold(slot: number, item: T): void {
    const items = this.#items;
    // Slots are numbered over all threads; without holes the array stays a fast one.
    while (items.length < slot) items.push(undefined);
    items[slot] = item;
  }

  /** Keeps items, each in the slot at its place. */
  holdAll(slots: Uint32Array, items: readonly T[]): void {
    const held = this.#items;
    for (let at = 0; at < items.length; at++) {
      const slot = slots[at]!;
      if (slot < held.length) held[slot] = items[at]!;
      else this.hold(slot, items[at]!);
    }
  }

  /** Calls back when the signal is aborted, unless the slot is released before. */
  watch(slot: number, signal: AbortSignal, onAbort: () => void): void {
    this.#signals.watch(slot, signal, onAbort);
  }

  /** The item of an entry that has left. */
  release(slot: number): T {
    const item = this.#items[slot] as T;
    this.#items[slot] = undefined;
    this.#signals.forget(slot);
    return item;
  }

  /** The items of the first `count` slots, whose entries have left, into `items`. */
  releaseAll(slots: Uint32Array, count: number, items: T[]): void {
    const held = this.#items;
    // A signal's own code may run meanwhile, and have the slots written anew.
    const left = this.#signals.isEmpty ? [] : slots.slice(0, count);
    for (let at = 0; at < count; at++) {
      const slot = slots[at]!;
      items[at] = held[slot] as T;
      held[slot] = undefined;
    }
    for (const slot of left) this.#signals.forget(slot);
  }

  /** Lets go of all items and signals. */
  clear(): void {
    this.#signals.forgetAll();
    this.#items = [];
  }
}
