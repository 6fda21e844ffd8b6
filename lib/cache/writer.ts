/**
 * The writes of a stand-alone cache: input is checked, given revisions, applied, and watched for
 * its end when it has a time to live.
 */

import type { Change, EngineCache } from '../engine/index.js';
import type { CacheChange, CachePut, ReplaceOptions } from './contract.js';
import { translated } from './engine-error.js';
import type { DueObject, Expiry } from './expiry.js';
import { readChanges, readState } from './input.js';

export interface WriterOptions {
  readonly engine: EngineCache;
  /** The default time to live. */
  readonly ttlSeconds: number;
  readonly makeExpiry: (remove: (due: readonly DueObject[]) => void) => Expiry;
  /** The engine's revision rose. */
  readonly onAdvance: () => void;
}

export class Writer<T> {
  readonly #engine: EngineCache;
  readonly #ttlSeconds: number;
  readonly #onAdvance: () => void;
  readonly #expiry: Expiry;

  constructor(options: WriterOptions) {
    this.#engine = options.engine;
    this.#ttlSeconds = options.ttlSeconds;
    this.#onAdvance = options.onAdvance;
    this.#expiry = options.makeExpiry((due) => this.#expire(due));
  }

  replace(objects: Iterable<CachePut<T>['object']>, options: ReplaceOptions): string {
    const last = this.#engine.revision;
    const { puts, revision } = readState(objects, options.resourceVersion, last);
    translated(() => this.#engine.replace(puts, revision));
    this.#expiry.clear();
    for (const put of puts) this.#expiry.set(put, this.#ttlSeconds);
    this.#onAdvance();
    return revision.toString();
  }

  apply(changes: readonly CacheChange<T>[]): readonly string[] {
    const read = readChanges(changes, this.#engine.revision, this.#ttlSeconds);
    if (read.length === 0) return [];
    translated(() => this.#engine.apply(read.map(({ change }) => change)));
    for (const { change, ttlSeconds } of read) this.#expiry.set(change, ttlSeconds);
    this.#onAdvance();
    return read.map(({ change }) => change.revision.toString());
  }

  close(): void {
    this.#expiry.clear();
  }

  #expire(due: readonly DueObject[]): void {
    let { revision } = this.#engine;
    const changes: Change[] = [];
    for (const { namespace, name, revision: expected } of due) {
      if (this.#engine.get({ namespace, name })?.revision !== expected) continue;
      changes.push({ type: 'delete', namespace, name, revision: ++revision });
    }
    if (changes.length === 0) return;
    this.#engine.apply(changes);
    this.#onAdvance();
  }
}
