/**
 * States of the past: roots retained every so many events, and any revision between them made from
 * the nearest one by applying or undoing the log's records.
 *
 *   log        first …                                             end
 *   retained       │        ●────────────●────────────●          ● current
 *                  └─◀──────┘    ▲ ▲     │
 *              undone from here  │ └─◀───┘ undone
 *                                └──────── applied from the left neighbour
 *
 * Invariants:
 *  1. Retained and rebuilt roots are not below the log's first record, so every version in them is
 *     also in the log or in the current state: they hold nothing alive.
 *  2. A rebuilt root is the state at exactly its sequence, byte for byte what it was.
 *
 * A path is copied for each record that is applied or undone, which is why one root in
 * RETAINED_EVERY is kept rather than each: the copies of one event take a few KiB, those that
 * nobody asks for none.
 */

import type { EventLog } from './log.js';
import type { Root } from './root.js';

/**
 * Events between retained roots: at most half as many are applied or undone for any revision. With
 * 100 000 objects an event takes 0.5 kB beside its object's bytes, and a root of the past 1.3 ms;
 * with a root every 128 events that would be 0.6 kB and 0.2 ms.
 */
export const RETAINED_EVERY = 1024;

/** Rebuilt roots kept: as many paginated lists at different revisions go on without a rebuild. */
const REBUILT_MAX = 16;

export class History {
  readonly #log: EventLog;
  // In rising order of sequence.
  #retained: Root[] = [];
  // The least recently used one first.
  readonly #rebuilt = new Map<number, Root>();

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Number of roots kept. */
  get count(): number {
    return this.#retained.length + this.#rebuilt.size;
  }

  /** Whether it is time to retain the root at the end of the log. */
  get isDue(): boolean {
    const last = this.#retained.at(-1)?.sequence ?? -Infinity;
    return this.#log.end >= last + RETAINED_EVERY;
  }

  /** Retains the root at the end of the log. */
  retain(root: Root): void {
    this.#retained.push(root);
  }

  /** The state at a revision from the log's oldest to that of `current`. */
  at(revision: bigint, current: Root): Root {
    const sequence = this.#log.find(revision);
    if (sequence === current.sequence) return { ...current, revision };
    const nearest = this.#nearest(sequence, current);
    if (nearest.sequence === sequence) return { ...nearest, revision };
    const rebuilt = this.#rebuilt.get(sequence) ?? this.#rebuild(sequence, nearest);
    this.#remember(rebuilt);
    return { ...rebuilt, revision };
  }

  /** Forgets roots that the log has left behind. */
  trim(): void {
    const first = this.#log.first;
    let dropped = 0;
    while (dropped < this.#retained.length && this.#retained[dropped]!.sequence < first) dropped++;
    if (dropped > 0) this.#retained = this.#retained.slice(dropped);
    for (const sequence of this.#rebuilt.keys()) {
      if (sequence < first) this.#rebuilt.delete(sequence);
    }
  }

  /** Forgets all roots. */
  clear(): void {
    this.#retained = [];
    this.#rebuilt.clear();
  }

  #remember(root: Root): void {
    this.#rebuilt.delete(root.sequence);
    this.#rebuilt.set(root.sequence, root);
    if (this.#rebuilt.size <= REBUILT_MAX) return;
    for (const sequence of this.#rebuilt.keys()) {
      this.#rebuilt.delete(sequence);
      return;
    }
  }

  #rebuild(sequence: number, base: Root): Root {
    const edit = base.directory.edit();
    for (let at = base.sequence; at < sequence; at++) {
      const { version, previous } = this.#log.at(at)!;
      if (version === undefined) edit.delete(previous!);
      else edit.put(version);
    }
    for (let at = base.sequence - 1; at >= sequence; at--) {
      const { version, previous } = this.#log.at(at)!;
      if (previous === undefined) edit.delete(version!);
      else edit.put(previous);
    }
    return { ...base, sequence, directory: edit.finish() };
  }

  #nearest(sequence: number, current: Root): Root {
    let low = 0;
    let high = this.#retained.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#retained[middle]!.sequence <= sequence) low = middle + 1;
      else high = middle;
    }
    const before = this.#retained[low - 1];
    const after = this.#retained[low] ?? current;
    if (before === undefined) return after;
    return sequence - before.sequence <= after.sequence - sequence ? before : after;
  }
}
