/**
 * An engine's watch with a deadline, bookmarks and a signal: what a stream's consumer takes from,
 * whichever it is.
 *
 *  1. Nothing is taken from the engine before the consumer asks for it. A consumer that falls
 *     behind costs nobody anything until its cursor falls off the history (`expired`).
 *  2. A bookmark carries the revision up to which everything has been handed out: it is made when
 *     the engine has nothing more to give, never below what was delivered, never ahead of what was
 *     not. The one that ends the initial events follows the last of them, and carries the revision
 *     whose state they are.
 *  3. After the end nothing follows, and `endReason` tells why. What the engine gave together with
 *     its end is still delivered; a deadline, an abort and `close` end the stream at once.
 *  4. While the engine looks for initial objects that are few among many, the event loop has its
 *     turns.
 *  5. The engine's watch is closed exactly once, whichever of end, close and abort comes first.
 *
 * Thread rule: belongs to the thread of its cache.
 */

import type { EngineEvent, EngineWatch, WatchBatch, WatchEnd } from '../engine/index.js';
import type { Clock, Timer } from '../storage/index.js';
import type { BookmarkScheduler } from './bookmark.js';
import type { Bookmark, Taken, WatchEndReason } from './event.js';

export interface WatchCursorOptions {
  /** Opens the engine's watch. What it throws, the constructor throws. */
  readonly open: (wake: () => void) => EngineWatch;
  readonly clock: Clock;
  /** Gives the stream bookmarks. Absent: it has none. */
  readonly bookmarks?: BookmarkScheduler;
  /**
   * A bookmark of its own ends the initial events (KEP-3157); for a watch that begins with the
   * state. Default false.
   */
  readonly marksInitialEventsEnd?: boolean;
  /** The stream ends with `timeout` after this many milliseconds. Absent: never. */
  readonly timeoutMs?: number;
  /** Ends the stream with `aborted`. */
  readonly signal?: AbortSignal;
  /** Called with the number of events of each batch that the stream needs to get up to date. */
  readonly onReplayed?: (count: number) => void;
  /** Called once when the bookmark that ends the initial events is handed out. */
  readonly onInitialEventsEnd?: () => void;
  /** Called once when the stream is over. */
  readonly onEnd?: (reason: WatchEndReason) => void;
}

export class WatchCursor {
  /** Changes are delivered from here on (exclusive); the initial objects are the state at it. */
  readonly resourceVersion: string;
  /** When the stream ends, in the clock's milliseconds. */
  readonly deadline: number | undefined;

  readonly #options: WatchCursorOptions;
  readonly #watch: EngineWatch;
  readonly #onAbort = (): void => void this.#finish('aborted');
  #deadlineTimer: Timer | undefined;
  #callback: (() => void) | undefined;
  // Whether something happened since the last look: a wake that comes before the consumer waits.
  #readable = false;
  // Whether the engine has paused in its search for initial objects, and others have not had their
  // turn since.
  #isResting = false;
  #bookmarkDue = false;
  // Whether there was a moment when nothing was left to deliver.
  #isUpToDate = false;
  // Whether the bookmark that ends the initial events is still to come.
  #endMarkDue: boolean;
  #lastEnd: WatchEnd | undefined;
  #endReason: WatchEndReason | undefined;

  constructor(options: WatchCursorOptions) {
    this.#options = options;
    this.#watch = options.open(() => this.#notify());
    this.resourceVersion = this.#watch.revision.toString();
    const { clock, timeoutMs, signal } = options;
    this.#endMarkDue = options.marksInitialEventsEnd === true;
    this.deadline = timeoutMs === undefined ? undefined : clock.now() + timeoutMs;
    if (timeoutMs !== undefined) {
      this.#deadlineTimer = clock.setTimer(timeoutMs, () => void this.#finish('timeout'));
    }
    options.bookmarks?.add(this);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#finish('aborted');
  }

  /** Why the stream is over; `undefined` while it is not. */
  get endReason(): WatchEndReason | undefined {
    return this.#endReason;
  }

  /** The next events; `show` makes one of a bookmark's. */
  takeEvents<Item>(
    maxEvents: number,
    make: (event: EngineEvent) => Item,
    show: (bookmark: Bookmark) => Item,
  ): Taken<Item> {
    return this.#take(() => {
      const batch = this.#watch.drainEvents(maxEvents);
      return { ...batch, items: batch.items.map(make) };
    }, show);
  }

  /** The same as frames, of about `maxBytes` in all. */
  takeFrames(maxBytes: number, show: (bookmark: Bookmark) => Uint8Array): Taken<Uint8Array> {
    return this.#take(() => this.#watch.drainFrames(maxBytes), show);
  }

  /** Calls back once, from the event loop, when there is something to take. */
  onReadable(callback: () => void): void {
    this.#callback = callback;
    if (this.#readable || this.#endReason !== undefined) queueMicrotask(() => this.#notify());
    else if (this.#isResting) setImmediate(() => this.#rest());
  }

  /** Ends the stream at once. */
  end(reason: WatchEndReason): void {
    void this.#finish(reason);
  }

  /** For the scheduler: a bookmark is to follow what has been delivered. */
  bookmarkDue(): void {
    this.#bookmarkDue = true;
    this.#notify();
  }

  #take<Item>(drain: () => WatchBatch<Item>, show: (bookmark: Bookmark) => Item): Taken<Item> {
    if (this.#endReason !== undefined) return { type: 'end', reason: this.#endReason };
    if (this.#lastEnd !== undefined) return this.#finish(this.#lastEnd);
    this.#readable = false;
    if (this.#isResting) return { type: 'wait' };
    let batch = this.#drained(drain);
    let bookmark = this.#takeBookmark(batch);
    // The initial objects may be none, or end exactly here: what is live follows at once.
    while (batch.items.length === 0 && bookmark === undefined && batch.end === undefined) {
      if (!batch.more && batch.phase === 'live') break;
      if (this.#watch.isPaused) break;
      batch = this.#drained(drain);
      bookmark = this.#takeBookmark(batch);
    }
    this.#isResting = this.#watch.isPaused;
    const items = bookmark === undefined ? batch.items : [...batch.items, show(bookmark)];
    if (batch.end !== undefined) {
      if (items.length === 0) return this.#finish(batch.end);
      this.#lastEnd = batch.end;
      this.#readable = true;
    }
    if (items.length === 0) return { type: 'wait' };
    const isLast = !batch.more && batch.phase === 'live' && batch.end === undefined;
    return { type: 'items', items, isLast };
  }

  #drained<Item>(drain: () => WatchBatch<Item>): WatchBatch<Item> {
    const batch = drain();
    if (this.#isUpToDate) return batch;
    if (batch.items.length > 0) this.#options.onReplayed?.(batch.items.length);
    this.#isUpToDate = !batch.more && batch.phase === 'live';
    return batch;
  }

  // Only behind everything there is: a stream that begins in the future has nothing to say before
  // it has got there.
  #takeBookmark(batch: WatchBatch<unknown>): Bookmark | undefined {
    if (batch.phase === 'initial') return this.#takeEndMark(batch);
    if (!this.#bookmarkDue || batch.more) return undefined;
    if (batch.position < this.#watch.revision) return undefined;
    this.#bookmarkDue = false;
    return { revision: batch.position, isInitialEventsEnd: false };
  }

  // Until the last initial object has been drained, the position is below that of their state.
  #takeEndMark({ position, end }: WatchBatch<unknown>): Bookmark | undefined {
    if (!this.#endMarkDue || end !== undefined || position < this.#watch.revision) return undefined;
    this.#endMarkDue = false;
    this.#options.onInitialEventsEnd?.();
    return { revision: position, isInitialEventsEnd: true };
  }

  #rest(): void {
    this.#isResting = false;
    this.#notify();
  }

  #notify(): void {
    this.#readable = true;
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  #finish(reason: WatchEndReason): { readonly type: 'end'; readonly reason: WatchEndReason } {
    if (this.#endReason !== undefined) return { type: 'end', reason: this.#endReason };
    this.#endReason = reason;
    this.#deadlineTimer?.cancel();
    this.#options.bookmarks?.remove(this);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#watch.close();
    this.#options.onEnd?.(reason);
    this.#notify();
    return { type: 'end', reason };
  }
}
