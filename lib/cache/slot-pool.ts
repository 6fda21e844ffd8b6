/**
 * Memory that answers are written into and sent from, used again and again.
 *
 *   pool ──take──▶ filled by one list ──▶ read by one socket ──release──▶ pool
 *
 * Rules:
 *  1. A slot has one user at a time: from `take` until its `release`, which only the first call
 *     counts of. Who releases it has made sure that nobody reads it any more.
 *  2. The pool knows the slots that rest in it and no others: one that is never released is
 *     collected like any memory, and cannot be used by two.
 *  3. A slot comes as its last user left it: only what was written since is handed on.
 *
 * The pages of new memory are mapped one by one while it is written, which costs several times the
 * writing; those of a slot are, and its lines may be in the processor's cache.
 */

/**
 * A slot holds one write of a transport: enough that a list costs its bytes and not its calls, few
 * enough that some stay in the processor's cache.
 */
export const SLOT_BYTES: number = 256 * 1024;

/**
 * Slots that rest in a pool: 8 MiB, for as many big lists as are on their way at once on one
 * thread. What a burst takes beyond them is made anew and given up afterwards.
 */
export const SLOTS_KEPT_MAX = 32;

/** A slot in use. */
export interface Slot {
  /** SLOT_BYTES long. */
  readonly bytes: Uint8Array;
  /** Ends the use of it. Further calls do nothing. */
  readonly release: () => void;
}

export class SlotPool {
  // The one released last is taken first: it is the warmest.
  readonly #kept: Uint8Array[] = [];
  #made = 0;

  /** Number of slots that rest in the pool. */
  get kept(): number {
    return this.#kept.length;
  }

  /** How many slots were made because none rested here. */
  get made(): number {
    return this.#made;
  }

  /** A slot to write into, made if none rests here. */
  take(): Slot {
    const bytes = this.#kept.pop() ?? this.#make();
    let isInUse = true;
    const release = (): void => {
      if (!isInUse) return;
      isInUse = false;
      if (this.#kept.length < SLOTS_KEPT_MAX) this.#kept.push(bytes);
    };
    return { bytes, release };
  }

  #make(): Uint8Array {
    this.#made++;
    // Written whole, though it is zero already: that maps its pages.
    return new Uint8Array(SLOT_BYTES).fill(0);
  }
}
