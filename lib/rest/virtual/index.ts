/** Resources that are not stored: handlers instead of a storage. */

export type {
  Awaitable,
  HandlerFailure,
  HandlerName,
  ParsedSelector,
  VirtualCreateContext,
  VirtualDeleteCollectionContext,
  VirtualDeleteContext,
  VirtualEvent,
  VirtualGetContext,
  VirtualHandlers,
  VirtualList,
  VirtualListContext,
  VirtualPatchContext,
  VirtualSelectorContext,
  VirtualUpdateContext,
  VirtualWatchContext,
} from './contract.js';
export { handlersOf, sourceOf } from './definition.js';
export { readThrough, ReadThrough } from './read-through.js';
export type {
  AnySource,
  EventsContext,
  PollContext,
  PollOptions,
  ReadThroughOptions,
  SourceEvent,
  SourceKey,
  SourceState,
} from './read-through.js';
export { ReadThroughResource } from './read-through-resource.js';
export type { ReadThroughResourceOptions } from './read-through-resource.js';
export { ReadThroughReader } from './reader.js';
export type { ReaderOptions, ReaderStats } from './reader.js';
export { VirtualResource } from './resource.js';
export type { VirtualSettings } from './settings.js';
