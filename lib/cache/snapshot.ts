/**
 * The state at one revision, held in memory until closed: what is read through it never changes,
 * whatever is written meanwhile. Making one copies nothing.
 */

import type { EngineRoot } from '../engine/index.js';
import type { UnknownObject } from '../object/index.js';
import { type CachedObject, cachedObject } from '../watch/index.js';
import { CachedList } from './cached-list.js';
import { decodeContinue, startKey, type TokenScope } from './continue-token.js';
import type { GetOptions, SnapshotListOptions } from './contract.js';
import { CacheError } from './contract.js';
import { translated } from './engine-error.js';
import { readLimit } from './list-plan.js';
import { select, type SelectionRules } from './selection.js';

/**
 * A snapshot of a cache. Close it (or let `using` do so): it keeps the versions of its revision
 * alive.
 *
 * @example
 * const snapshot = cache.snapshot();
 * const before = snapshot.get('team-a', 'lamp');
 * cache.apply({ type: 'delete', namespace: 'team-a', name: 'lamp' });
 * snapshot.get('team-a', 'lamp'); // still there
 * snapshot.close();
 */
export class CacheSnapshot<T = UnknownObject> {
  readonly #root: EngineRoot;
  readonly #rules: SelectionRules;
  readonly #cache: string;

  /** @internal Made by `WatchCache.snapshot`. */
  constructor(cache: string, root: EngineRoot, rules: SelectionRules) {
    this.#cache = cache;
    this.#root = root;
    this.#rules = rules;
  }

  /** The revision whose state this is. */
  get resourceVersion(): string {
    return this.#root.revision.toString();
  }

  /** Number of objects, all namespaces. */
  get size(): number {
    return this.#root.count;
  }

  /** One object, or `undefined`. `namespace` is `''` for cluster-scoped objects. */
  get(
    namespace: string,
    name: string,
    options: Pick<GetOptions, 'apiVersion'> = {},
  ): CachedObject<T> | undefined {
    const key = { namespace: this.#rules.namespaced === false ? '' : namespace, name };
    const object = translated(() => this.#root.get(key, options.apiVersion));
    return object === undefined ? undefined : cachedObject(object);
  }

  /**
   * Lists objects in key order. Throws a CacheError: `invalid-selector`, `field-not-supported`,
   * `invalid-options`, `invalid-continue`, `closed`.
   */
  list(options: SnapshotListOptions = {}): CachedList<T> {
    const { namespace, selector } = select(options, this.#rules);
    const scope: TokenScope = { cache: this.#cache, namespace };
    const limit = readLimit(options.limit);
    const { apiVersion } = options;
    const start = this.#start(options.continue, scope);
    const list = translated(() =>
      this.#root.list({
        ...(namespace === undefined ? {} : { namespace }),
        ...(selector === undefined ? {} : { selector }),
        ...(limit === undefined ? {} : { limit }),
        ...(apiVersion === undefined ? {} : { apiVersion }),
        ...(start === undefined
          ? {}
          : { start: startKey(start, namespace, this.#rules.namespaced === true) }),
      }),
    );
    return new CachedList<T>(list, scope, selector?.shard);
  }

  /** Lets go of the state; calling it again does nothing. */
  close(): void {
    this.#root.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #start(token: string | undefined, scope: TokenScope): string | undefined {
    if (token === undefined || token === '') return undefined;
    const { revision, start } = decodeContinue(token, scope);
    if (revision === this.#root.revision) return start;
    throw new CacheError(
      'invalid-continue',
      `invalid continue token: it is of revision ${revision}, the snapshot of ${this.#root.revision}`,
    );
  }
}
