/**
 * Which list's document a body is: what lets a transport send one that it has made before, for the
 * same state and the same options.
 *
 *  1. A state is a revision of a generation of a cache. A list whose generation has changed since
 *     it was asked for has no identity: it may be of either.
 *  2. A state is gone when history can't give it any more, or the cache is closed: then nobody can
 *     ask for it.
 *  3. Lists that the storage has answered have no identity: they are asked for once, if at all.
 */

import type { EngineCache, EngineList, ListQuery } from '../engine/index.js';
import { scopeKey } from '../engine/index.js';
import type { BodyIdentity } from '../request/index.js';
import type { Readiness } from './readiness.js';

/** The identity of a list in the form of that kind and version, if it has one. */
export type IdentityOf = (kind: string, apiVersion: string) => BodyIdentity | undefined;

// Names like those of two caches that were opened one after the other must not make them one.
let numbered = 0;

export class ListIdentities {
  readonly #engine: EngineCache;
  readonly #readiness: Readiness;
  readonly #cache: number = ++numbered;

  constructor(engine: EngineCache, readiness: Readiness) {
    this.#engine = engine;
    this.#readiness = readiness;
  }

  /** The generation to remember before a list is asked for. */
  get generation(): number {
    return this.#engine.generation;
  }

  /** Of a list that was asked for in that generation. */
  of({ revision }: EngineList, query: ListQuery, generation: number): IdentityOf {
    return (kind, apiVersion) => {
      if (this.#isGone(revision, generation)) return undefined;
      const { start, limit = 0 } = query;
      const parts = [
        ...[this.#cache, generation, revision, limit].map(String),
        kind,
        apiVersion,
        ...(start === undefined ? [] : [start.namespace, start.name]),
      ];
      // Lengths in front, so that no part can pretend to be two.
      const place = parts.map((part) => `${part.length}:${part}`).join('');
      return {
        key: `${place}|${scopeKey(query)}`,
        isGone: () => this.#isGone(revision, generation),
      };
    };
  }

  #isGone(revision: bigint, generation: number): boolean {
    if (this.#readiness.state === 'stopped') return true;
    return this.#engine.generation !== generation || this.#engine.oldestRevision > revision;
  }
}
