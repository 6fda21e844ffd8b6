/**
 * The signals of entries that were enqueued with one, by slot. An entry's signal is listened to
 * for as long as the entry is in the queue.
 */

export class EntrySignals {
  readonly #forgets = new Map<number, () => void>();

  /** Calls back when the signal is aborted, unless it is forgotten before. */
  watch(slot: number, signal: AbortSignal, onAbort: () => void): void {
    signal.addEventListener('abort', onAbort, { once: true });
    this.#forgets.set(slot, () => signal.removeEventListener('abort', onAbort));
  }

  /** The entry of that slot has left. */
  forget(slot: number): void {
    if (this.#forgets.size === 0) return;
    this.#forgets.get(slot)?.();
    this.#forgets.delete(slot);
  }

  forgetAll(): void {
    for (const forget of this.#forgets.values()) forget();
    this.#forgets.clear();
  }
}
