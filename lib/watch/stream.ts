/**
 * A watch as its consumer sees it.
 *
 * One consumer: the async iterator, `frames` or `source`; a second one is refused. What it is given
 * and when, the cursor says.
 */

import type { EngineEvent, WatchEnd } from '../engine/index.js';
import type { UnknownObject } from '../object/index.js';
import type { PullSource } from '../request/index.js';
import { WatchCursor, type WatchCursorOptions } from './cursor.js';
import type {
  Bookmark,
  Drained,
  EventSource,
  WatchEndReason,
  WatchEvent,
  WatchLoss,
} from './event.js';
import { bookmarkFrames, FrameSource, type FrameType } from './frames.js';
import { EventIterator } from './iterator.js';
import { cachedObject } from './object.js';

export interface WatchStreamOptions extends WatchCursorOptions {
  /** The error that async iteration throws when events were lost (`expired`, `replaced`). */
  readonly lossError: (reason: WatchLoss) => Error;
}

/**
 * A stream of changes. Read it with `for await`, or pass `frames` to a transport.
 *
 * The loop ends when the stream is closed, aborted or over its time-out (`endReason` tells which)
 * and throws a CacheError `expired` when events were lost: then list, and watch from the list's
 * resourceVersion. HTTP frames just end in that case, as upstream's do: the client's next watch is
 * answered with 410.
 *
 * @example
 * for await (const { type, object } of await cache.watch({ resourceVersion: list.resourceVersion
 * })) {
 *   console.log(type, object.resourceVersion);
 * }
 */
export class WatchStream<T = UnknownObject> implements AsyncIterable<WatchEvent<T>> {
  readonly #cursor: WatchCursor;
  readonly #lossError: (reason: WatchLoss) => Error;
  #claimed = false;

  constructor(options: WatchStreamOptions) {
    this.#cursor = new WatchCursor(options);
    this.#lossError = options.lossError;
  }

  /** Changes are delivered from here on (exclusive); the initial objects are the state at it. */
  get resourceVersion(): string {
    return this.#cursor.resourceVersion;
  }

  /** When the stream ends, in the clock's milliseconds. */
  get deadline(): number | undefined {
    return this.#cursor.deadline;
  }

  /** Why the stream is over; `undefined` while it is not. */
  get endReason(): WatchEndReason | undefined {
    return this.#cursor.endReason;
  }

  /**
   * The events one by one. Takes them from the cache in small batches; leaving the loop closes the
   * stream. Throws a TypeError when the stream has another consumer already.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<WatchEvent<T>> {
    return new EventIterator(this.source(), this.#lossError);
  }

  /**
   * The stream as lines of JSON, `{"type":…,"object":…}` and a newline each, for a transport to
   * pull; a bookmark's object has the given `apiVersion` and `kind`. The lines are made once for
   * all streams that show the same. Throws a TypeError when the stream has another consumer
   * already, or when `apiVersion` or `kind` has other characters than letters, digits, `.`, `/`,
   * `-` and `_`.
   */
  frames(type: FrameType): PullSource {
    const bookmark = bookmarkFrames(type);
    this.#claim();
    return new FrameSource(this.#cursor, bookmark);
  }

  /**
   * The events in batches, for whoever makes something of its own of them: bookmarks come as
   * events. Throws a TypeError when the stream has another consumer already.
   */
  source(): EventSource<T> {
    this.#claim();
    return {
      drain: (maxEvents) => this.#drain(maxEvents),
      onReadable: (callback) => this.#cursor.onReadable(callback),
      close: () => this.close(),
    };
  }

  /** Ends the stream and releases what it holds; calling it again does nothing. */
  close(): void {
    this.#cursor.end('closed');
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** For the cache: ends the stream at once, for a reason that its engine does not know yet. */
  end(reason: WatchEnd): void {
    this.#cursor.end(reason);
  }

  #claim(): void {
    if (this.#claimed)
      throw new TypeError('a watch stream has one consumer; this one has it already');
    this.#claimed = true;
  }

  #drain(maxEvents: number): Drained<T> {
    const taken = this.#cursor.takeEvents<WatchEvent<T>>(maxEvents, changeEvent, bookmarkEvent);
    return taken.type === 'items' ? { type: 'events', events: taken.items } : taken;
  }
}

function changeEvent<T>(event: EngineEvent): WatchEvent<T> {
  return { type: event.type, object: cachedObject<T>(event) };
}

function bookmarkEvent({ revision, isInitialEventsEnd }: Bookmark): WatchEvent<never> {
  const object = { resourceVersion: revision.toString() };
  return { type: 'BOOKMARK', object, ...(isInitialEventsEnd ? { isInitialEventsEnd } : {}) };
}
