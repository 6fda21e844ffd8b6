/**
 * A group: all watches of one cache with equal scope, selector and apiVersion. An event is matched
 * once for the group, and its frame is encoded once.
 *
 *   pending    41 ADDED    44 MODIFIED    45 DELETED         positions rise for ever
 *   standing      1            0              2           1 at the end
 *                 ▲                           ▲           ▲
 *              slow one                  two others    one that has drained waits for 46
 *
 * Invariants:
 *  1. `pending` has an entry for every matching event that the slowest joined cursor has not
 *     passed; a cursor is counted where it stands, so joining, passing and leaving cost the same
 *     however many events are pending.
 *  2. An entry that every cursor has passed, or whose record left the log, is dropped with the next
 *     event at the latest: pending entries never outnumber the log's.
 *  3. Entries hold no version: a slow watch keeps nothing alive.
 */

import type { WatchEventType } from '../contract.js';
import type { EventLog, EventRecord } from './log.js';
import { PositionQueue } from './queue.js';
import type { Scope } from './scope.js';

/** A matching event that waits for cursors. */
export interface PendingEvent {
  readonly sequence: number;
  readonly type: WatchEventType;
  /** How many cursors have it before them as the next one. */
  standing: number;
}

export class WatchGroup {
  readonly key: string;
  readonly scope: Scope;
  readonly #log: EventLog;
  readonly #pending = new PositionQueue<PendingEvent>();
  // Called with the next event, once.
  #waiting = new Set<() => void>();
  #joined = 0;
  // Cursors that have passed everything. One that has lost an event is counted nowhere.
  #atEnd = 0;
  /** Watches of the group, joined or not; kept by the registry. */
  members = 0;
  /** The record that the group was asked for last (interest.ts). */
  askedSequence = -1;

  constructor(key: string, scope: Scope, log: EventLog) {
    this.key = key;
    this.scope = scope;
    this.#log = log;
  }

  /** Number of events that some cursor has not passed. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Takes an event that may concern the group. */
  offer(record: EventRecord): void {
    this.#dropLost();
    if (this.#joined === 0) return;
    const type = this.scope.transition(record);
    if (type === undefined) return;
    this.#pending.push({ sequence: record.sequence, type, standing: this.#atEnd });
    this.#atEnd = 0;
    this.#dropPassed();
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const notify of waiting) notify();
  }

  /** A cursor that has seen everything so far joins; tells its position in `pending`. */
  join(): number {
    this.#joined++;
    this.#atEnd++;
    return this.#pending.end;
  }

  /** A cursor at that position leaves. */
  leave(position: number, notify: () => void): void {
    this.#joined--;
    this.#waiting.delete(notify);
    if (position >= this.#pending.end) {
      this.#atEnd--;
      return;
    }
    const entry = this.#pending.at(position);
    if (entry !== undefined) entry.standing--;
    this.#dropPassed();
  }

  /** Calls `notify` with the next event. */
  wait(notify: () => void): void {
    this.#waiting.add(notify);
  }

  /** Whether a cursor at that position has lost an event. */
  hasLost(position: number): boolean {
    this.#dropLost();
    return position < this.#pending.first;
  }

  /** The entry at a position, or `undefined` at the end. */
  at(position: number): PendingEvent | undefined {
    return this.#pending.at(position);
  }

  /** A cursor has passed the entry at that position. */
  pass(position: number): void {
    this.#pending.at(position)!.standing--;
    const next = this.#pending.at(position + 1);
    if (next === undefined) this.#atEnd++;
    else next.standing++;
    this.#dropPassed();
  }

  #dropPassed(): void {
    while (this.#pending.at(this.#pending.first)?.standing === 0) this.#pending.shift();
  }

  #dropLost(): void {
    const first = this.#log.first;
    for (;;) {
      const entry = this.#pending.at(this.#pending.first);
      if (entry === undefined || entry.sequence >= first) return;
      this.#pending.shift();
    }
  }
}
