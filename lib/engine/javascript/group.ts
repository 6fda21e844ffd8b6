/**
 * A group: all watches of one cache with equal scope, selector and apiVersion. An event is matched
 * once for the group, and its frame is encoded once.
 *
 *   pending    41 ADDED    44 MODIFIED    45 DELETED         positions rise for ever
 *   unread        1            2              3
 *                 ▲            ▲              ▲
 *              slow one   another one   (a third that has drained waits for 46)
 *
 * Invariants:
 *  1. `pending` has an entry for every matching event since the first joined cursor that has not
 *     passed it joined; `unread` of an entry counts the joined cursors that have not.
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
  unread: number;
}

export class WatchGroup {
  readonly key: string;
  readonly scope: Scope;
  readonly #log: EventLog;
  readonly #pending = new PositionQueue<PendingEvent>();
  // Called with the next event, once.
  #waiting = new Set<() => void>();
  #joined = 0;
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
    this.#pending.push({ sequence: record.sequence, type, unread: this.#joined });
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const notify of waiting) notify();
  }

  /** A cursor that has seen everything so far joins; tells its position in `pending`. */
  join(): number {
    this.#joined++;
    return this.#pending.end;
  }

  /** A cursor at that position leaves. */
  leave(position: number, notify: () => void): void {
    this.#joined--;
    this.#waiting.delete(notify);
    for (let at = Math.max(position, this.#pending.first); at < this.#pending.end; at++) {
      this.#pending.at(at)!.unread--;
    }
    this.#dropRead();
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
    this.#pending.at(position)!.unread--;
    this.#dropRead();
  }

  #dropRead(): void {
    while (this.#pending.at(this.#pending.first)?.unread === 0) this.#pending.shift();
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
