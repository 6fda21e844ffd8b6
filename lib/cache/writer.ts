/**
 * The writes of a stand-alone cache: input is checked, given revisions, applied, and watched for
 * its end when it has a time to live.
 *
 * Rule: another thread of a shared cache may take a revision between the look at the last one and
 * the write. What the engine then refuses is numbered anew: whatever was looked at is looked at
 * again, so that a write takes place as if nobody else had written meanwhile, or not at all.
 */

import { type Change, type EngineCache, EngineError } from '../engine/index.js';
import type { CacheChange, CachePut, ReplaceOptions } from './contract.js';
import { CacheError } from './contract.js';
import { translated } from './engine-error.js';
import type { DueObject, Expiry } from './expiry.js';
import { readChanges, readState } from './input.js';
import type { PutObject } from './share.js';

export interface WriterOptions {
  readonly engine: EngineCache;
  /** The default time to live. */
  readonly ttlSeconds: number;
  /** Absent in an attached thread: then the owner drives the time to live of what `onPut` tells. */
  readonly makeExpiry?: (remove: (due: readonly DueObject[]) => void) => Expiry;
  readonly onPut?: (objects: readonly PutObject[]) => void;
  /** The engine's revision rose. */
  readonly onAdvance: () => void;
  /** All objects were replaced. */
  readonly onReplaced?: () => void;
}

export class Writer<T> {
  readonly #options: WriterOptions;
  readonly #engine: EngineCache;
  readonly #expiry: Expiry | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.#expiry = options.makeExpiry?.((due) => this.#expire(due));
  }

  replace(objects: Iterable<CachePut<T>['object']>, options: ReplaceOptions): string {
    const expiry = this.#expiry;
    if (expiry === undefined) {
      throw new CacheError(
        'invalid-options',
        'the thread that made the cache replaces its objects',
      );
    }
    const given = [...objects];
    const { puts, revision } = this.#inTurn(() => {
      const state = readState(given, options.resourceVersion, this.#engine.revision);
      this.#engine.replace(state.puts, state.revision);
      return state;
    });
    expiry.clear();
    for (const put of puts) expiry.set(put, this.#options.ttlSeconds);
    this.#options.onReplaced?.();
    this.#options.onAdvance();
    return revision.toString();
  }

  apply(changes: readonly CacheChange<T>[]): readonly string[] {
    const read = this.#inTurn(() => {
      const numbered = readChanges(changes, this.#engine.revision, this.#options.ttlSeconds);
      this.#engine.apply(numbered.map(({ change }) => change));
      return numbered;
    });
    if (read.length === 0) return [];
    this.keepTime(read.map(({ change, ttlSeconds }) => ({ ...keyOf(change), ttlSeconds })));
    this.#options.onAdvance();
    return read.map(({ change }) => change.revision.toString());
  }

  /** Has these objects deleted when their time is over, here or by the owner. */
  keepTime(objects: readonly PutObject[]): void {
    for (const object of objects) this.#expiry?.set(object, object.ttlSeconds);
    const mortal = this.#options.onPut === undefined ? [] : objects.filter(isMortal);
    if (mortal.length > 0) this.#options.onPut?.(mortal);
  }

  close(): void {
    this.#expiry?.clear();
  }

  #expire(due: readonly DueObject[]): void {
    const count = this.#inTurn(() => {
      let { revision } = this.#engine;
      const changes: Change[] = [];
      for (const { namespace, name, revision: expected } of due) {
        if (this.#engine.get({ namespace, name })?.revision !== expected) continue;
        changes.push({ type: 'delete', namespace, name, revision: ++revision });
      }
      this.#engine.apply(changes);
      return changes.length;
    });
    if (count > 0) this.#options.onAdvance();
  }

  #inTurn<Result>(write: () => Result): Result {
    return translated(() => {
      for (;;) {
        const { revision } = this.#engine;
        try {
          return write();
        } catch (error) {
          const isLate = error instanceof EngineError && error.code === 'revision-not-rising';
          if (!isLate || this.#engine.revision === revision) throw error;
        }
      }
    });
  }
}

function keyOf({ namespace, name, revision }: Change): DueObject {
  return { namespace, name, revision };
}

function isMortal({ ttlSeconds }: PutObject): boolean {
  return ttlSeconds > 0;
}
