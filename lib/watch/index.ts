/** Watches: streams over an engine's cursors, with bookmarks, deadlines and back pressure. */

export type { CachedObject } from './object.js';
export { cachedObject } from './object.js';
export type {
  BookmarkEvent,
  ChangeEvent,
  Drained,
  EventSource,
  WatchEndReason,
  WatchEvent,
  WatchLoss,
} from './event.js';
export { INITIAL_EVENTS_END } from './event.js';
export type { BookmarkTarget } from './bookmark.js';
export { BOOKMARK_INTERVAL_MS, BOOKMARK_LEAD_MS, BookmarkScheduler } from './bookmark.js';
export type { FrameType } from './frames.js';
export type { WatchStreamOptions } from './stream.js';
export { WatchStream } from './stream.js';
export { typeMeta } from './type-name.js';
