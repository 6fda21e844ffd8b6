/**
 * A heap in shared memory behind a lock, the best that plain JavaScript has for several threads.
 *
 *   control      lock | size | for each of two threads: entries in its mailbox
 *   priorities   of a binary heap, what is equal in any order
 *   entries      beside them: the entry's number, and which thread's it is in its lowest bit
 *   mailboxes    numbers of entries that the other thread has taken out
 *
 * Thread rule: everything but a wait is done under the lock, which is spun for: it is held for some
 * microseconds.
 */

const LOCK = 0;
const SIZE = 1;
const MAIL = 2;
const CONTROL_LANES = 4;

export interface LockedHeapMemory {
  readonly capacity: number;
  readonly control: SharedArrayBuffer;
  readonly priorities: SharedArrayBuffer;
  readonly entries: SharedArrayBuffer;
  readonly mailboxes: SharedArrayBuffer;
}

export function lockedHeapMemory(capacity: number): LockedHeapMemory {
  return {
    capacity,
    control: new SharedArrayBuffer(4 * CONTROL_LANES),
    priorities: new SharedArrayBuffer(8 * capacity),
    entries: new SharedArrayBuffer(4 * capacity),
    mailboxes: new SharedArrayBuffer(4 * 2 * capacity),
  };
}

/** As lib.es2024 has it. */
interface WaitAsync {
  waitAsync(
    lanes: Int32Array,
    index: number,
    value: number,
  ): { readonly async: boolean; readonly value: unknown };
}

export class LockedHeap {
  readonly #capacity: number;
  readonly #control: Int32Array;
  readonly #priorities: Float64Array;
  readonly #entries: Int32Array;
  readonly #mailboxes: Int32Array;
  readonly #thread: 0 | 1;

  constructor(memory: LockedHeapMemory, thread: 0 | 1) {
    this.#capacity = memory.capacity;
    this.#control = new Int32Array(memory.control);
    this.#priorities = new Float64Array(memory.priorities);
    this.#entries = new Int32Array(memory.entries);
    this.#mailboxes = new Int32Array(memory.mailboxes);
    this.#thread = thread;
  }

  /** Adds entries numbered from `first` on, and takes out the first `count`: this thread's. */
  pass(priorities: Float64Array, first: number, count: number): number[] {
    const control = this.#control;
    const other = 1 - this.#thread;
    const own: number[] = [];
    let mailed = 0;
    this.#lock();
    for (let at = 0; at < priorities.length; at++) {
      this.#push(priorities[at]!, ((first + at) << 1) | this.#thread);
    }
    for (let taken = 0; taken < count && control[SIZE]! > 0; taken++) {
      const entry = this.#pop();
      if ((entry & 1) === this.#thread) {
        own.push(entry >> 1);
      } else {
        const place = control[MAIL + other]!++;
        this.#mailboxes[other * this.#capacity + place] = entry >> 1;
        mailed++;
      }
    }
    this.#unlock();
    if (mailed > 0) Atomics.notify(control, MAIL + other);
    return own;
  }

  /** What is in this thread's mailbox, which is empty then. */
  mail(): number[] {
    this.#lock();
    const begin = this.#thread * this.#capacity;
    const end = begin + this.#control[MAIL + this.#thread]!;
    const entries = Array.from(this.#mailboxes.subarray(begin, end));
    this.#control[MAIL + this.#thread] = 0;
    this.#unlock();
    return entries;
  }

  /** Resolves when there is something in this thread's mailbox. */
  async waitForMail(): Promise<void> {
    const { waitAsync } = Atomics as unknown as WaitAsync;
    await waitAsync(this.#control, MAIL + this.#thread, 0).value;
  }

  #lock(): void {
    while (Atomics.compareExchange(this.#control, LOCK, 0, 1) !== 0);
  }

  #unlock(): void {
    Atomics.store(this.#control, LOCK, 0);
  }

  #push(priority: number, entry: number): void {
    const priorities = this.#priorities;
    const entries = this.#entries;
    let at = this.#control[SIZE]!++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (priorities[parent]! <= priority) break;
      priorities[at] = priorities[parent]!;
      entries[at] = entries[parent]!;
      at = parent;
    }
    priorities[at] = priority;
    entries[at] = entry;
  }

  #pop(): number {
    const priorities = this.#priorities;
    const entries = this.#entries;
    const first = entries[0]!;
    const size = --this.#control[SIZE]!;
    const priority = priorities[size]!;
    const entry = entries[size]!;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && priorities[child + 1]! < priorities[child]!) child++;
      if (priorities[child]! >= priority) break;
      priorities[at] = priorities[child]!;
      entries[at] = entries[child]!;
      at = child;
    }
    priorities[at] = priority;
    entries[at] = entry;
    return first;
  }
}
