/**
 * A hierarchical timing wheel: any number of deadlines, one timer of the clock.
 *
 * Level 0 has one slot a tick, level n one slot per 64 slots of the level below:
 *
 *     level 0  |.|.|x|.|…            64 slots of 1 tick
 *     level 1  |.|x|.|.|…            64 slots of 64 ticks; emptied into level 0 when its time comes
 *     level 2  |.|.|.|.|…            64 slots of 4 096 ticks
 *
 *  1. Adding and cancelling cost O(1) whatever the number of deadlines.
 *  2. An item is never due early, and at most one tick (plus the timer's own delay) late.
 *  3. A timer is armed only while something waits, for the next slot that is not empty, and at most
 *     `TIMER_DELAY_MAX_MS` ahead, so that a wall clock that jumps forward is noticed.
 *
 * Owned by one event loop.
 */

import type { Clock, Timer } from './clock.js';

export interface TimingWheelOptions<Item> {
  readonly clock: Clock;
  /** The items whose time has come, earliest tick first. May add and cancel. */
  readonly onDue: (items: readonly Item[]) => void;
  /** Milliseconds a tick. Default 100. */
  readonly tickMs?: number;
}

/** What `add` returns; opaque, for `cancel`. */
export interface WheelEntry<Item> {
  readonly item: Item;
  readonly dueTick: number;
  /** The slot that holds it; none once it was due or cancelled. */
  slot: Set<WheelEntry<Item>> | undefined;
}

export class TimingWheel<Item> {
  readonly #clock: Clock;
  readonly #onDue: (items: readonly Item[]) => void;
  readonly #tickMs: number;
  readonly #levels: Set<WheelEntry<Item>>[][] = [];
  /** Everything up to this tick has been handed out. */
  #tick: number;
  #size = 0;
  #timer: Timer | undefined;
  #timerTick = Infinity;

  constructor(options: TimingWheelOptions<Item>) {
    this.#clock = options.clock;
    this.#onDue = options.onDue;
    this.#tickMs = options.tickMs ?? TICK_MS;
    this.#tick = this.#nowTick();
    for (let level = 0; level < LEVELS; level++) {
      this.#levels.push(Array.from({ length: SLOTS }, () => new Set<WheelEntry<Item>>()));
    }
  }

  /** How many items wait. */
  get size(): number {
    return this.#size;
  }

  /** Hands `item` to `onDue` once the clock has reached `dueMs` (milliseconds since the epoch). */
  add(item: Item, dueMs: number): WheelEntry<Item> {
    if (this.#size === 0) this.#tick = this.#nowTick();
    const dueTick = Math.max(Math.ceil(dueMs / this.#tickMs), this.#tick + 1);
    const entry: WheelEntry<Item> = { item, dueTick, slot: undefined };
    this.#size++;
    this.#arm(this.#place(entry));
    return entry;
  }

  /** Whether the item still waited. */
  cancel(entry: WheelEntry<Item>): boolean {
    if (entry.slot === undefined) return false;
    entry.slot.delete(entry);
    entry.slot = undefined;
    this.#size--;
    if (this.#size === 0) this.#disarm();
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    for (const level of this.#levels) {
      for (const slot of level) {
        for (const entry of slot) entry.slot = undefined;
        slot.clear();
      }
    }
    this.#size = 0;
    this.#disarm();
  }

  // Returns the tick at which the slot has to be handled.
  #place(entry: WheelEntry<Item>): number {
    const distance = entry.dueTick - this.#tick;
    let level = 0;
    while (level < LEVELS - 1 && distance >= SLOTS ** (level + 1)) level++;
    const width = SLOTS ** level;
    const position = Math.floor(entry.dueTick / width);
    const slot = this.#levels[level]![position % SLOTS]!;
    slot.add(entry);
    entry.slot = slot;
    return position * width;
  }

  #advance(): void {
    this.#timer = undefined;
    this.#timerTick = Infinity;
    const nowTick = this.#nowTick();
    const due: Item[] = [];
    for (;;) {
      const next = this.#nextTick();
      if (next > nowTick) break;
      this.#tick = next;
      for (let level = LEVELS - 1; level > 0; level--) this.#cascade(level);
      this.#collect(due);
    }
    // Nothing lies between the last slot handled and now.
    if (nowTick > this.#tick) this.#tick = nowTick;
    this.#arm(this.#nextTick());
    if (due.length > 0) this.#onDue(due);
  }

  // Moves the slot of this level that begins at the present tick into the levels below.
  #cascade(level: number): void {
    const width = SLOTS ** level;
    if (this.#tick % width !== 0) return;
    const slot = this.#levels[level]![(this.#tick / width) % SLOTS]!;
    const entries = [...slot];
    slot.clear();
    for (const entry of entries) this.#place(entry);
  }

  #collect(due: Item[]): void {
    const slot = this.#levels[0]![this.#tick % SLOTS]!;
    for (const entry of slot) {
      entry.slot = undefined;
      due.push(entry.item);
    }
    this.#size -= slot.size;
    slot.clear();
  }

  // The next tick at which a slot of any level has to be handled; Infinity when all are empty.
  // An entry one whole turn ahead shares its slot's index with the present, hence 1 to 64.
  #nextTick(): number {
    let next = Infinity;
    if (this.#size === 0) return next;
    for (let level = 0; level < LEVELS; level++) {
      const width = SLOTS ** level;
      const position = Math.floor(this.#tick / width);
      for (let offset = 1; offset <= SLOTS; offset++) {
        const start = (position + offset) * width;
        if (start >= next) break;
        if (this.#levels[level]![(position + offset) % SLOTS]!.size > 0) {
          next = start;
          break;
        }
      }
    }
    return next;
  }

  #arm(next: number): void {
    if (next === Infinity || (this.#timer !== undefined && this.#timerTick <= next)) return;
    this.#disarm();
    const delayMs = Math.max(0, next * this.#tickMs - this.#clock.now());
    this.#timerTick = next;
    this.#timer = this.#clock.setTimer(Math.min(delayMs, TIMER_DELAY_MAX_MS), () =>
      this.#advance(),
    );
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerTick = Infinity;
  }

  #nowTick(): number {
    return Math.floor(this.#clock.now() / this.#tickMs);
  }
}

// Expiries are given in whole seconds; a tenth of one is exact enough and costs nothing when idle.
const TICK_MS = 100;
const SLOTS = 64;
// 64^7 ticks of 100 ms are 13 900 years: more than the longest TTL.
const LEVELS = 7;
const TIMER_DELAY_MAX_MS = 60_000;
