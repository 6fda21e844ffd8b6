/**
 * The result of a LIST: which revision it is, whether more follows, and the objects, read once in
 * the way the caller likes: as a whole document's bytes, one by one, or parsed.
 *
 * Rules:
 *  1. It holds the state it lists (not a lock) until it was read to the end or closed.
 *  2. It is read once: a list is a cursor, not an array.
 */

import type { EngineList } from '../engine/index.js';
import { formatShardSelector, type ShardSelector, type UnknownObject } from '../object/index.js';
import type { PullSource } from '../request/index.js';
import { cachedObject, type CachedObject } from '../watch/index.js';
import { CacheError } from './contract.js';
import { encodeContinue, startAfter, type TokenScope } from './continue-token.js';
import { ListBody } from './list-body.js';
import type { IdentityOf } from './list-identity.js';

/** Objects fetched from the engine at once. */
const OBJECT_BATCH = 128;

/**
 * One page of a list, or all of it.
 *
 * @example
 * const list = await cache.list({ namespace: 'team-a', labelSelector: 'color=red', limit: 100 });
 * for (const widget of list.objects()) console.log(widget.name);
 * if (list.continue !== undefined) {
 *   // the next page, at the same revision
 *   await cache.list({ namespace: 'team-a', labelSelector: 'color=red', continue: list.continue });
 * }
 */
export class CachedList<T = UnknownObject> {
  /** The list is the state at exactly this revision; a watch may start from it. */
  readonly resourceVersion: string;
  /** Set where a page follows: pass it as `continue`, with the same selectors. */
  readonly continue: string | undefined;
  /**
   * How many objects follow this page; only where a page follows, without selectors, and where it
   * costs nothing to tell.
   */
  readonly remainingItemCount: number | undefined;
  /** The shard selector, in its one form, of a list that has only that part of the objects. */
  readonly shardSelector: string | undefined;
  readonly #list: EngineList;
  readonly #identity: IdentityOf | undefined;
  #isTaken = false;

  /** @internal Made by caches. `scope` and `shard` are what was listed. */
  constructor(
    list: EngineList,
    scope: TokenScope,
    shard: ShardSelector | undefined,
    identity?: IdentityOf,
  ) {
    this.#list = list;
    this.shardSelector = shard === undefined ? undefined : formatShardSelector(shard);
    this.#identity = identity;
    this.resourceVersion = list.revision.toString();
    const { last } = list;
    this.continue =
      last === undefined
        ? undefined
        : encodeContinue(
            { revision: list.revision, start: startAfter(last, scope.namespace) },
            scope,
          );
    this.remainingItemCount = last === undefined ? undefined : list.remaining;
  }

  /** The objects in key order. Leaving the loop closes the list. Throws when read already. */
  objects(): IterableIterator<CachedObject<T>> {
    this.#take();
    return this.#read();
  }

  /** The objects, parsed with `JSON.parse` (see CachedObject.parse). Throws when read already. */
  items<As = T>(): As[] {
    return Array.from(this.objects(), (object) => object.parse<As>());
  }

  /**
   * The whole list as a document, `{"kind":…,"apiVersion":…,"metadata":{…},"items":[…]}` and a
   * newline: for a transport to pull, in chunks made from the objects' bytes without parsing.
   * `kind` is the list's (`WidgetList`). Throws a TypeError for a kind or apiVersion that is not a
   * plain name, and a CacheError `closed` when the list was read already.
   */
  body(kind: string, apiVersion: string): PullSource {
    const head = {
      kind,
      apiVersion,
      resourceVersion: this.resourceVersion,
      continue: this.continue,
      remainingItemCount: this.remainingItemCount,
      shard: this.shardSelector,
    };
    const identity = this.#identity;
    const body = new ListBody(this.#list, head, {
      ...(identity === undefined ? {} : { identity: () => identity(kind, apiVersion) }),
    });
    this.#take();
    return body;
  }

  /** Lets go of the state. Needed only for a list that is not read to its end. */
  close(): void {
    this.#isTaken = true;
    this.#list.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(): void {
    if (this.#isTaken) throw new CacheError('closed', 'the list was read or closed already');
    this.#isTaken = true;
  }

  *#read(): Generator<CachedObject<T>, void> {
    try {
      for (;;) {
        const batch = this.#list.readObjects(OBJECT_BATCH);
        if (batch.length === 0 && !this.#list.isPaused) return;
        for (const object of batch) yield cachedObject<T>(object);
      }
    } finally {
      this.#list.close();
    }
  }
}
