/**
 * What a resource that is not stored is made of: a handler for each verb that it has.
 *
 *  1. Handlers take and give plain objects. The server adds `apiVersion` and `kind`, makes lists,
 *     tables and metadata of them, and refuses on their behalf what is wrong with a request.
 *  2. A handler is asked about the place that its context names, and about no other: what it gives
 *     for another place, twice, or without a name is its fault, and never reaches a client.
 *  3. What a handler throws is what the client is told: a StatusError as it is, everything else as
 *     an InternalError.
 *  4. Every handler has a signal, which aborts when nobody waits for it any more: the client has
 *     left, the request's deadline is over, the watch has ended.
 */

import type {
  FieldRequirement,
  JsonValue,
  LabelRequirement,
  ResourceType,
} from '../../object/index.js';
import type { HookContext } from '../definition/index.js';
import type { DeletionOptions } from '../store/index.js';

/** A value, or a promise of it. */
export type Awaitable<Value> = Value | PromiseLike<Value>;

/** What `get` is asked for. */
export interface VirtualGetContext extends HookContext {
  /** As sent. */
  readonly resourceVersion: string | undefined;
}

/** A selector as it was sent (`''`: none), and as it is meant. All requirements have to be met. */
export interface ParsedSelector<Requirement> {
  readonly text: string;
  readonly requirements: readonly Requirement[];
}

/** What handlers of collections are told besides. */
export interface VirtualSelectorContext extends HookContext {
  readonly labelSelector: ParsedSelector<LabelRequirement>;
  /** Names `metadata.name`, `metadata.namespace` and the type's selectable fields only. */
  readonly fieldSelector: ParsedSelector<FieldRequirement>;
}

/** What `list` is asked for. Its `namespace` is `''` also where all namespaces are meant. */
export interface VirtualListContext extends VirtualSelectorContext {
  /** At most this many objects are wanted. `undefined`: all. A handler may give all anyway. */
  readonly limit: number | undefined;
  /** What the handler gave as `continue` with the page before. */
  readonly continue: string | undefined;
  /** As sent. */
  readonly resourceVersion: string | undefined;
  readonly resourceVersionMatch: 'NotOlderThan' | 'Exact' | undefined;
}

/**
 * What `watch` is asked for. Its `namespace` is `''` also where all namespaces are meant, its
 * `name` unless one object is watched by its path.
 */
export interface VirtualWatchContext extends VirtualSelectorContext {
  /**
   * `undefined`, `''` and `'0'`: the present objects as ADDED events, then changes; else the
   * changes after it. One that is too old is told by `throw expired(…)`.
   */
  readonly resourceVersion: string | undefined;
  /** Whether the client understands bookmarks; those that it does not are not sent. */
  readonly allowBookmarks: boolean;
  /** After this many milliseconds the watch is ended. */
  readonly timeoutMs: number;
}

/** What `create` is asked for. Its `name` is that of the object. */
export interface VirtualCreateContext<T> extends HookContext {
  /**
   * The object that was sent, with its name (made of `generateName` where it was sent without one)
   * and namespace. Numbers are doubles.
   */
  readonly object: T;
}

/** What `update` is asked for. */
export interface VirtualUpdateContext<T> extends HookContext {
  /** What the object is to be: as it was sent, or as a patch makes it of `old`. */
  readonly object: T;
  /** What `get` gave just now; `undefined` without a `get`. */
  readonly old: T | undefined;
}

/** What `patch` is asked for. */
export interface VirtualPatchContext extends HookContext {
  readonly patchType: string;
  /** As sent, decoded. Numbers are doubles. */
  readonly patch: JsonValue;
}

/** What `delete` is asked for. */
export interface VirtualDeleteContext extends HookContext {
  /** Preconditions are checked already where there is a `get`. */
  readonly options: DeletionOptions;
}

/** What `deleteCollection` is asked for. */
export interface VirtualDeleteCollectionContext extends VirtualListContext {
  readonly options: DeletionOptions;
}

/** A list, or a page of one. */
export interface VirtualList<T> {
  readonly items: Iterable<T>;
  /** Of the list: what a watch may begin after. Default: none. */
  readonly resourceVersion?: string | undefined;
  /** There is a next page, which is asked for with this text. */
  readonly continue?: string | undefined;
  /** How many objects the next pages have, where that is known. */
  readonly remainingItemCount?: number | undefined;
  /**
   * Whether the handler has applied both selectors already. Default false: the server does, also on
   * what the handler left out by itself.
   */
  readonly selected?: boolean | undefined;
}

/** An event of a watch. */
export type VirtualEvent<T> =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly object: T;
      /**
       * What the object was before. With it, an object that comes to meet the selectors, or meets
       * them no more, is told as ADDED or DELETED whatever this watch has told before.
       */
      readonly previous?: T | undefined;
    }
  | {
      readonly type: 'BOOKMARK';
      /** Everything up to here has been told. */
      readonly resourceVersion: string;
    };

/**
 * The handlers of a resource; what has none is not served (405), and discovery and OpenAPI do not
 * tell of it.
 */
export interface VirtualHandlers<T> {
  /** One object; `undefined` or null where there is none (404). */
  get?(context: VirtualGetContext): Awaitable<T | null | undefined>;
  /**
   * The objects of a namespace or of all. What is given whole, in any order, is sorted by the
   * server. Pages, that is what has or is asked for by a `continue`, must be in the order of
   * namespace and name.
   */
  list?(context: VirtualListContext): Awaitable<Iterable<T> | VirtualList<T>>;
  /**
   * Changes, as long as somebody asks for them: when the watch ends, `signal` aborts and the
   * iterator's `return` is called. Needs a `list`. What it throws ends the watch with an ERROR
   * event.
   */
  watch?(context: VirtualWatchContext): AsyncIterable<VirtualEvent<T>>;
  /** The object as it was created, or as a review was answered (201). */
  create?(context: VirtualCreateContext<T>): Awaitable<T>;
  /** The object as it is now; `undefined` or null where there is none (404). */
  update?(context: VirtualUpdateContext<T>): Awaitable<T | null | undefined>;
  /**
   * The same. Without it, `get` and `update` serve patches: the patch is applied to what `get`
   * gives, anew when `update` throws a conflict.
   */
  patch?(context: VirtualPatchContext): Awaitable<T | null | undefined>;
  /** True: it is gone. False: there is none (404). The object: it is there still, for a while. */
  delete?(context: VirtualDeleteContext): Awaitable<T | boolean>;
  /** Deletes what meets the selectors, by itself, and gives what that was. */
  deleteCollection?(
    context: VirtualDeleteCollectionContext,
  ): Awaitable<Iterable<T> | VirtualList<T>>;
  /**
   * Whether the handlers that write look at `dryRun`. Default false: requests for a dry run are
   * refused, and `dryRun` is never true.
   */
  readonly supportsDryRun?: boolean;
}

/** A handler's name, as in VirtualHandlers. */
export type HandlerName =
  'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deleteCollection';

/** What went wrong in a handler, for logs and metrics. */
export interface HandlerFailure {
  readonly type: ResourceType;
  readonly handler: HandlerName;
  /** `result`: what it gave can't be served. `deadline`: it gave nothing in time. */
  readonly reason: 'thrown' | 'result' | 'deadline';
  readonly requestId: string;
  readonly error: unknown;
}
