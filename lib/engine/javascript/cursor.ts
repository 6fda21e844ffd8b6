/**
 * Where a watch stands in the event log.
 *
 *   future   waits for the cache to reach the revision that it begins after
 *   replay   behind the log's end: looks through the log itself
 *   joined   has seen the whole log once: reads what its group has matched since
 *
 * Invariants:
 *  1. A replaying cursor stands at a matching record; without one it joins. So does every cursor
 *     follow the log's end for free while nothing matches.
 *  2. Hence a cursor has lost an event if, and only if, the record that it stands at left the log.
 */

import type { WatchEventType } from '../contract.js';
import type { WatchGroup } from './group.js';
import type { EventLog, EventRecord } from './log.js';

/** An event that a cursor stands at. */
export interface CursorEvent {
  readonly record: EventRecord;
  readonly type: WatchEventType;
}

type CursorState = 'future' | 'replay' | 'joined' | 'closed';

export class LiveCursor {
  readonly #group: WatchGroup;
  readonly #log: EventLog;
  readonly #notify: () => void;
  /** Events up to this revision are not for this watch. */
  readonly after: bigint;
  #state: CursorState = 'future';
  // In replay a sequence of the log; joined a position in the group's pending events.
  #position = 0;
  #replayType: WatchEventType = 'ADDED';

  /** `notify` is called when there is something to read, once after every `wait`. */
  constructor(group: WatchGroup, log: EventLog, after: bigint, notify: () => void) {
    this.#group = group;
    this.#log = log;
    this.after = after;
    this.#notify = notify;
  }

  /** Begins behind `after`, which the cache has reached. */
  begin(): void {
    this.#replay(this.#log.find(this.after));
  }

  /** Whether an event that matches has left the log unread. */
  get hasLost(): boolean {
    if (this.#state === 'replay') return this.#position < this.#log.first;
    return this.#state === 'joined' && this.#group.hasLost(this.#position);
  }

  /**
   * The event it stands at, or `undefined` for none. Not to be asked of a cursor that has lost one.
   */
  peek(): CursorEvent | undefined {
    if (this.#state === 'replay') {
      return { record: this.#log.at(this.#position)!, type: this.#replayType };
    }
    const pending = this.#state === 'joined' ? this.#group.at(this.#position) : undefined;
    if (pending === undefined) return undefined;
    return { record: this.#log.at(pending.sequence)!, type: pending.type };
  }

  /** Passes the event it stands at. */
  advance(): void {
    if (this.#state === 'replay') this.#replay(this.#position + 1);
    else this.#group.pass(this.#position++);
  }

  /** Asks to be notified of the next event. */
  wait(): void {
    if (this.#state === 'joined') this.#group.wait(this.#notify);
  }

  close(): void {
    if (this.#state === 'joined') this.#group.leave(this.#position, this.#notify);
    this.#state = 'closed';
  }

  #replay(start: number): void {
    for (let sequence = start; sequence < this.#log.end; sequence++) {
      const type = this.#group.scope.transition(this.#log.at(sequence)!);
      if (type === undefined) continue;
      this.#state = 'replay';
      this.#position = sequence;
      this.#replayType = type;
      return;
    }
    this.#state = 'joined';
    this.#position = this.#group.join();
  }
}
