/**
 * One chain of pages of a random history: whatever is written between two pages, together they are
 * the state at the revision of the first one.
 */

import assert from 'node:assert/strict';

import type { EngineCache } from '../../lib/engine/index.js';
import type { ObjectKey } from '../../lib/object/index.js';
import { listText } from '../engine/widget.js';
import {
  type EngineModel,
  listState,
  type ModelObject,
  type ModelScope,
  stateText,
} from './engine-model.js';

export class PageRun {
  readonly #cache: EngineCache;
  readonly #model: EngineModel;
  readonly #scope: ModelScope;
  readonly #revision: bigint;
  readonly #objects: readonly ModelObject[];
  readonly #pages: string[] = [];
  #start: ObjectKey | undefined;

  constructor(cache: EngineCache, model: EngineModel, scope: ModelScope) {
    this.#cache = cache;
    this.#model = model;
    this.#scope = scope;
    this.#revision = model.revision;
    this.#objects = listState(model.state, scope);
  }

  /** Reads a page. Returns whether another one follows and is still to be had. */
  next(limit: number): boolean {
    if (this.#revision < this.#model.oldestRevision) return false;
    const root = this.#cache.root(this.#revision);
    const start = this.#start === undefined ? {} : { start: this.#start };
    const list = root.list({ ...this.#scope.scope, ...start, limit });
    root.close();
    this.#checkRemaining(list.remaining, limit);
    const page = listText(list).slice(1, -1);
    if (page !== '') this.#pages.push(page);
    if (list.last !== undefined) {
      this.#start = { namespace: list.last.namespace, name: `${list.last.name}\0` };
      return true;
    }
    assert.equal(`[${this.#pages.join(',')}]`, stateText(this.#objects, this.#scope.scope));
    return false;
  }

  #checkRemaining(remaining: number | undefined, limit: number): void {
    if (this.#scope.scope.selector !== undefined) {
      assert.equal(remaining, undefined);
      return;
    }
    const start = this.#start;
    const suffix = this.#objects.filter(
      (object) => start === undefined || !isBefore(object, start),
    );
    assert.equal(remaining, Math.max(0, suffix.length - limit));
  }
}

function isBefore(left: ObjectKey, right: ObjectKey): boolean {
  const bytes = (key: ObjectKey): Buffer => Buffer.from(`${key.namespace}/${key.name}`);
  return Buffer.compare(bytes(left), bytes(right)) < 0;
}
