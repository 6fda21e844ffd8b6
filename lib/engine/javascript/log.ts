/**
 * The event log: one record for every object that a change created, modified or deleted.
 *
 *   sequence    first                                   end
 *                 │ 7 │ 8 │ 9 │ … │ 41 │ 42 │            ▲
 *   dropped ──────┘                          └── next ───┘
 *
 * Invariants:
 *  1. Sequences and revisions of records rise strictly; sequences do so across generations too.
 *  2. `oldestRevision` is the revision of the last record that was dropped, or that of the list
 *     that the generation began with: all events above it are here.
 *  3. After `trim` the limits hold, in this order: never more bytes than bytesMax (the one limit
 *     that memory depends on, so it beats entriesMin), never more records than entriesMax, and
 *     nothing older than windowMs beyond the newest entriesMin records.
 *
 * Worked example (entriesMin 2, entriesMax 4, windowMs 75 000): five events in ten seconds leave
 * the last four. A minute and a half later `trim` leaves the last two, and those stay for good.
 */

import type { HistoryLimits } from '../contract.js';
import { type Frame, NO_FRAMES } from './frame.js';
import { PositionQueue } from './queue.js';
import type { Version } from './version.js';

/**
 * What one change did to one object. Without `previous` a creation, without `version` a deletion.
 */
export interface EventRecord {
  readonly sequence: number;
  readonly revision: bigint;
  /** When it came in, in the cache's milliseconds. */
  readonly timeMs: number;
  readonly version: Version | undefined;
  readonly previous: Version | undefined;
  /** The frames that were made of it and are still kept (frame.ts). */
  frames: readonly Frame[];
}

export class EventLog {
  readonly #records = new PositionQueue<EventRecord>();
  readonly #limits: HistoryLimits;
  #oldestRevision = 0n;
  #bytes = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  /** Sequence of the first record. */
  get first(): number {
    return this.#records.first;
  }

  /** Sequence of the next record to come. */
  get end(): number {
    return this.#records.end;
  }

  get length(): number {
    return this.#records.length;
  }

  get oldestRevision(): bigint {
    return this.#oldestRevision;
  }

  /** The record of that sequence, or `undefined` where it was dropped or is yet to come. */
  at(sequence: number): EventRecord | undefined {
    return this.#records.at(sequence);
  }

  /** Adds a record; at least one of the versions is given. */
  append(
    revision: bigint,
    timeMs: number,
    version: Version | undefined,
    previous: Version | undefined,
  ): EventRecord {
    const sequence = this.#records.end;
    const record = { sequence, revision, timeMs, version, previous, frames: NO_FRAMES };
    this.#records.push(record);
    this.#bytes += previous?.length ?? 0;
    return record;
  }

  /** Sequence of the first record above the revision; `end` where there is none. */
  find(revision: bigint): number {
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#records.at(middle)!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How long ago the first record came in; 0 for an empty log. */
  oldestAgeMs(nowMs: number): number {
    const record = this.#records.at(this.first);
    return record === undefined ? 0 : Math.max(0, nowMs - record.timeMs);
  }

  /** Drops what is over the limits, oldest first, and hands each record to `dropped`. */
  trim(nowMs: number, dropped: (record: EventRecord) => void): void {
    while (this.#isOverLimits(nowMs)) dropped(this.#drop());
  }

  /**
   * Drops everything. The generation that begins has no events up to `oldestRevision`; its
   * sequences leave one out, so that the roots before and after it differ (retired.ts).
   */
  restart(oldestRevision: bigint, dropped: (record: EventRecord) => void): void {
    while (this.length > 0) dropped(this.#drop());
    this.#oldestRevision = oldestRevision;
    this.#records.reset(this.end + 1);
  }

  #isOverLimits(nowMs: number): boolean {
    const { windowMs, entriesMin, entriesMax, bytesMax } = this.#limits;
    if (this.length === 0) return false;
    if (this.length > entriesMax || this.#bytes > bytesMax) return true;
    return this.length > entriesMin && this.oldestAgeMs(nowMs) > windowMs;
  }

  #drop(): EventRecord {
    const record = this.#records.shift()!;
    this.#oldestRevision = record.revision;
    this.#bytes -= record.previous?.length ?? 0;
    return record;
  }
}
