/**
 * The slots of a heap: which are in use, by which generation, and by which ticket the orders of the
 * heap name them.
 *
 *   ticket = sequence * 2^24 + slot     rises with the sequence; exact as a number
 *
 * Rules:
 *  1. A pair of an order is alive while its slot has its ticket. What leaves the heap is not
 *     searched for in the orders: it is dead there, and dropped when it comes up.
 *  2. A slot has one ticket in the order of priorities and, where it has a deadline, one of its own
 *     in the order of deadlines, which a change of priority leaves alone.
 *  3. A slot whose generations are used up is never used again.
 */

import { HEAP_SLOTS, slotOf } from '../heap.js';

/** Generations below this keep handles exact as numbers. */
const GENERATIONS = 2 ** 29;

/** Sequences below this keep tickets exact as numbers. */
export const SEQUENCES_MAX: number = 2 ** 29;

/**
 * 2^29 over the golden ratio: heaps begin with generations that are far from each other. None
 * begins with 0, so that no small number is a handle.
 */
const GENERATION_STEP = 0x13c6ef37;

const SLOTS_INITIAL = 16;

/** No ticket: the slot has no deadline. */
const NONE = -1;

let heapsMade = 0;

export class HeapSlots {
  readonly #firstGeneration: number = (++heapsMade * GENERATION_STEP) % GENERATIONS;
  // By slot. Of a free one the ticket is -2 less the next free slot, or NONE.
  #tickets: Float64Array = new Float64Array(SLOTS_INITIAL);
  #generations: Uint32Array = new Uint32Array(SLOTS_INITIAL);
  // Only where there are deadlines.
  #deadlineTickets: Float64Array | undefined;
  #used = 0;
  #firstFree = NONE;

  /** Number of slots that were ever in use. */
  get used(): number {
    return this.#used;
  }

  /** Takes a slot. */
  open(): number {
    const free = this.#firstFree;
    if (free !== NONE) {
      this.#firstFree = nextFree(this.#tickets[free]!);
      return free;
    }
    if (this.#used === this.#tickets.length) this.#grow();
    const slot = this.#used++;
    this.#tickets[slot] = NONE;
    this.#generations[slot] = this.#firstGeneration;
    return slot;
  }

  /** Frees a slot, and tells whether it had a deadline. */
  close(slot: number): boolean {
    const generation = (this.#generations[slot]! + 1) % GENERATIONS;
    this.#generations[slot] = generation;
    if (generation === this.#firstGeneration) {
      this.#tickets[slot] = NONE;
    } else {
      this.#tickets[slot] = -2 - this.#firstFree;
      this.#firstFree = slot;
    }
    if (this.#deadlineTickets === undefined) return false;
    const hadDeadline = this.#deadlineTickets[slot] !== NONE;
    this.#deadlineTickets[slot] = NONE;
    return hadDeadline;
  }

  setTicket(slot: number, ticket: number): void {
    this.#tickets[slot] = ticket;
  }

  setDeadlineTicket(slot: number, ticket: number): void {
    this.#deadlineTickets ??= new Float64Array(this.#tickets.length).fill(NONE);
    this.#deadlineTickets[slot] = ticket;
  }

  ticketOf(slot: number): number {
    return this.#tickets[slot]!;
  }

  isAlive(ticket: number): boolean {
    return this.#tickets[slotOf(ticket)] === ticket;
  }

  isDeadlineAlive(ticket: number): boolean {
    return this.#deadlineTickets?.[slotOf(ticket)] === ticket;
  }

  handleOf(slot: number): number {
    return this.#generations[slot]! * HEAP_SLOTS + slot;
  }

  /** Whether an entry has the handle, which may be any number. */
  has(handle: number): boolean {
    const slot = slotOf(handle);
    return (
      slot < this.#used &&
      this.#tickets[slot]! >= 0 &&
      this.#generations[slot] === generationOf(handle)
    );
  }

  /** Of all slots that were ever in use. */
  generations(): Uint32Array {
    return this.#generations.slice(0, this.#used);
  }

  #grow(): void {
    const length = 2 * this.#tickets.length;
    const tickets = new Float64Array(length);
    const generations = new Uint32Array(length);
    tickets.set(this.#tickets);
    generations.set(this.#generations);
    if (this.#deadlineTickets !== undefined) {
      const deadlineTickets = new Float64Array(length).fill(NONE);
      deadlineTickets.set(this.#deadlineTickets);
      this.#deadlineTickets = deadlineTickets;
    }
    this.#tickets = tickets;
    this.#generations = generations;
  }
}

function generationOf(handle: number): number {
  return Math.floor(handle / HEAP_SLOTS);
}

function nextFree(ticket: number): number {
  return -2 - ticket;
}
