/**
 * All watches of one cache, and the way of an event to them.
 *
 *   record ──▶ interest ──▶ group (matches once, notes it as pending) ──▶ waiting watches are woken
 *
 * Invariant: a watch that ended or was closed is in no set, map or index here, nor is its group
 * when it was the last one.
 */

import type { WatchEnd, WatchQuery } from '../contract.js';
import { scopeKey } from '../scope-key.js';
import { LiveCursor } from './cursor.js';
import { FrameCache } from './frame.js';
import { WatchGroup } from './group.js';
import { Interest } from './interest.js';
import type { EventLog } from './log.js';
import { Scope } from './scope.js';
import { JavaScriptWatch, type OpenState, type WatchHost } from './watch.js';
import { type Schedule, Waker } from './waker.js';

export class Watches implements WatchHost {
  readonly frames: FrameCache;
  readonly interest: Interest = new Interest();
  readonly #log: EventLog;
  readonly #fields: readonly string[];
  readonly #revision: () => bigint;
  readonly #waker: Waker;
  readonly #watches = new Set<JavaScriptWatch>();
  readonly #groups = new Map<string, WatchGroup>();
  // Those that begin after a revision which the cache has not reached.
  readonly #future = new Map<JavaScriptWatch, LiveCursor>();
  // No future watch begins after a lower revision: writes below it look at none of them.
  #futureAfter: bigint | undefined;

  /** `revision` tells the cache's revision at any time. */
  constructor(
    log: EventLog,
    fields: readonly string[],
    revision: () => bigint,
    options: { readonly schedule?: Schedule; readonly frameBytesMax?: number } = {},
  ) {
    this.#log = log;
    this.#fields = fields;
    this.#revision = revision;
    this.#waker = new Waker(options.schedule);
    this.frames = new FrameCache(options.frameBytesMax);
  }

  get count(): number {
    return this.#watches.size;
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  get revision(): bigint {
    return this.#revision();
  }

  /** Events that wait in groups for one watch or more. */
  get pendingCount(): number {
    let count = 0;
    for (const group of this.#groups.values()) count += group.pendingCount;
    return count;
  }

  /**
   * Opens a watch of the events above `after`, behind the initial state that `initial` makes for
   * its scope.
   */
  open(query: WatchQuery, after: bigint, initial: OpenState | undefined): JavaScriptWatch {
    const group = this.#groupOf(query);
    const watch = new JavaScriptWatch(group, after, query, initial?.(group.scope), this);
    const cursor = new LiveCursor(group, this.#log, after, () => watch.signal());
    group.members++;
    this.#watches.add(watch);
    if (after > this.revision) this.#addFuture(watch, cursor);
    else cursor.begin();
    watch.start(cursor);
    return watch;
  }

  /** Brings the records from that sequence on to the groups. They are published. */
  offer(sequence: number): void {
    const { interest } = this;
    for (let at = sequence; at < this.#log.end && !interest.isEmpty; at++) {
      interest.offer(this.#log.at(at)!);
    }
    this.#beginFuture();
  }

  /** Lets no initial state that is still to be drained hold a root from before `sequence`. */
  moveInitial(sequence: number, open: OpenState): void {
    for (const watch of this.#watches) watch.moveInitial(sequence, open);
  }

  #addFuture(watch: JavaScriptWatch, cursor: LiveCursor): void {
    this.#future.set(watch, cursor);
    const { after } = cursor;
    if (this.#futureAfter === undefined || after < this.#futureAfter) this.#futureAfter = after;
  }

  /** Begins the watches whose revision was passed. Without an event above it there is no hurry. */
  #beginFuture(): void {
    if (this.#futureAfter === undefined || this.#futureAfter >= this.revision) return;
    this.#futureAfter = undefined;
    for (const [watch, cursor] of this.#future) {
      if (cursor.after >= this.revision) {
        this.#addFuture(watch, cursor);
        continue;
      }
      this.#future.delete(watch);
      cursor.begin();
      if (cursor.peek() === undefined) cursor.wait();
      else watch.signal();
    }
  }

  /** Ends all watches. */
  endAll(reason: WatchEnd): void {
    for (const watch of this.#watches) watch.end(reason);
  }

  callSoon(call: () => void): void {
    this.#waker.add(call);
  }

  remove(watch: JavaScriptWatch): void {
    const { group } = watch;
    this.#watches.delete(watch);
    this.#future.delete(watch);
    if (--group.members > 0) return;
    this.interest.delete(group);
    this.#groups.delete(group.key);
  }

  #groupOf(query: WatchQuery): WatchGroup {
    const key = scopeKey(query);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group = new WatchGroup(key, new Scope(query, this.#fields), this.#log);
    this.#groups.set(key, group);
    this.interest.add(group);
    return group;
  }
}
