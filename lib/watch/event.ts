/** What a watch delivers, and why it stops delivering. */

import type { UnknownObject } from '../object/index.js';
import type { WatchEnd, WatchEventType } from '../engine/index.js';
import type { CachedObject } from './object.js';

/**
 * A change of an object, or a bookmark.
 *
 * - `ADDED`, `MODIFIED`: the object is the new version.
 * - `DELETED`: the object is gone or no longer meets the selectors; it is the last version that met
 *   them, with the resourceVersion of the event.
 * - `BOOKMARK` (KEP-956): everything up to its resourceVersion has been delivered; there is no
 *   object. A watch may be resumed from it. One of them may end the initial events (KEP-3157).
 */
export type WatchEvent<T = UnknownObject> = ChangeEvent<T> | BookmarkEvent;

export interface ChangeEvent<T = UnknownObject> {
  readonly type: WatchEventType;
  readonly object: CachedObject<T>;
}

export interface BookmarkEvent {
  readonly type: 'BOOKMARK';
  readonly object: { readonly resourceVersion: string };
  /**
   * On the one bookmark that ends the initial events: all objects that there were at its
   * resourceVersion have been delivered. As JSON it is the annotation INITIAL_EVENTS_END.
   */
  readonly isInitialEventsEnd?: true;
}

/** The annotation, with the value `true`, of the bookmark that ends the initial events. */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/**
 * Why a stream is over.
 *
 * - `expired`: the consumer was too slow, and events it had not read fell off the history.
 * - `replaced`: the cache lost its storage's history and is filled anew: list again.
 * - `closed`: the stream or its cache was closed.
 * - `timeout`: its `timeoutMs` is over.
 * - `aborted`: its signal was aborted.
 */
export type WatchEndReason = WatchEnd | 'timeout' | 'aborted';

/** The ends that leave events untold. */
export type WatchLoss = Extract<WatchEndReason, 'expired' | 'replaced'>;

/** One look at a stream: events, nothing yet (`onReadable` tells when), or the end. */
export type Drained<T = UnknownObject> =
  | { readonly type: 'events'; readonly events: readonly WatchEvent<T>[] }
  | { readonly type: 'wait' }
  | { readonly type: 'end'; readonly reason: WatchEndReason };

/**
 * Events taken in batches, as fast as the consumer asks and no faster: what whoever makes frames of
 * its own out of events (tables) builds on. One consumer; `drain` until `wait`, then `onReadable`.
 */
export interface EventSource<T = UnknownObject> {
  /** Takes at most `maxEvents` events (at least one where there is any). */
  drain(maxEvents: number): Drained<T>;
  /** Calls back once when `drain` has something to say; a second call replaces the callback. */
  onReadable(callback: () => void): void;
  /** Releases everything; calling it again does nothing. */
  close(): void;
}

/** What a bookmark says. */
export interface Bookmark {
  readonly revision: bigint;
  /** Whether the initial events end with it. */
  readonly isInitialEventsEnd: boolean;
}

/** What a stream tells the consumer that looks, whatever it makes of events. */
export type Taken<Item> =
  /** `isLast`: there is nothing more at hand, the next look would tell `wait`. */
  | { readonly type: 'items'; readonly items: readonly Item[]; readonly isLast: boolean }
  | { readonly type: 'wait' }
  | { readonly type: 'end'; readonly reason: WatchEndReason };
