/**
 * The signals of entries that were enqueued with one, by slot. An entry's signal is listened to
 * for as long as the entry is in the queue.
 */

export class EntrySignals {
  readonly #forgets = new Map<number, () => void>();
  #isEmpty = true;

  /** Calls back when the signal is aborted, unless it is forgotten before. */
  watch(slot: number, signal: AbortSignal, onAbort: () => void): void {
    signal.addEventListener('abort', onAbort, { once: true });
    this.#forgets.set(slot, () => signal.removeEventListener('abort', onAbort));
    this.#isEmpty = false;
  }

  /** Whether no signal is listened to; every batch asks. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** The entry of that slot has left. */
  forget(slot: number): void {
    if (this.#isEmpty) return;
    this.#forgets.get(slot)?.();
    this.#forgets.delete(slot);
    this.#isEmpty = this.#forgets.size === 0;
  }

  forgetAll(): void {
    for (const forget of this.#forgets.values()) forget();
    this.#forgets.clear();
    this.#isEmpty = true;
  }
}
