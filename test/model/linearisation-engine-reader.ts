/** Reads a shared cache of the engine in every way. */

import {
  type EngineCache,
  EngineError,
  type EngineList,
  type EngineRoot,
} from '../../lib/engine/index.js';
import type { ObjectKey } from '../../lib/object/index.js';
import { listText, text } from '../engine/widget.js';
import { SCOPES } from './engine-scopes.js';
import { RecordingEngineWatch } from './linearisation-engine-watch.js';
import { RecordingReader } from './linearisation-reader.js';
import { NAMES, NAMESPACES, type Span } from './linearisation-record.js';

export class EngineReader extends RecordingReader<EngineCache> {
  protected override readSomething(): void {
    const { chance } = this;
    const kind = chance.below(100);
    if (kind < 30) this.#list();
    else if (kind < 40) this.#listRoot();
    else if (kind < 55) this.#listAt();
    else if (kind < 65) this.#listPages();
    else if (kind < 85) this.#get();
    else if (kind < 95) this.#openWatch();
    else if (kind < 97) this.closeWatch();
    else this.cache.trim();
  }

  protected override window(): { readonly oldest: bigint; readonly newest: bigint } {
    const oldest = this.cache.oldestRevision;
    return { oldest, newest: this.cache.revision };
  }

  #list(): void {
    const { cache, chance, progress } = this;
    const scope = chance.below(SCOPES.length);
    const atLeast = progress.told;
    const list = cache.list(SCOPES[scope]!.scope);
    const span = { atLeast, atMost: cache.revision };
    const { revision } = list;
    this.note({ type: 'list', scope, revision, text: this.#read(list), span });
  }

  #listRoot(): void {
    const { cache, progress } = this;
    const atLeast = progress.told;
    const root = cache.root();
    this.#readRoot(root, { atLeast, atMost: cache.revision });
  }

  /** The state at any revision that history has, also within a batch. */
  #listAt(): void {
    const root = this.#rootAt(this.someRevision());
    if (root !== undefined) this.#readRoot(root);
  }

  #readRoot(root: EngineRoot, span?: Span): void {
    const scope = this.chance.below(SCOPES.length);
    const { revision, generation, count } = root;
    const list = this.#read(root.list(SCOPES[scope]!.scope));
    const when = span === undefined ? {} : { span };
    this.note({ type: 'list', scope, revision, text: list, generation, count, ...when });
    root.close();
  }

  /** A page of now, and the others at its revision: together they are one list. */
  #listPages(): void {
    const { cache, chance, progress } = this;
    const scope = chance.below(SCOPES.length);
    const query = { ...SCOPES[scope]!.scope, limit: 1 + chance.below(8) };
    const atLeast = progress.told;
    let list = cache.list(query);
    const span = { atLeast, atMost: cache.revision };
    const { revision } = list;
    const pages: string[] = [];
    for (;;) {
      const page = this.#read(list).slice(1, -1);
      if (page !== '') pages.push(page);
      if (list.last === undefined) break;
      const { namespace, name } = list.last;
      const root = this.#rootAt(revision);
      if (root === undefined) return;
      list = root.list({ ...query, start: { namespace, name: `${name}\0` } });
      root.close();
    }
    this.note({ type: 'list', scope, revision, text: `[${pages.join(',')}]`, span });
  }

  #get(): void {
    const { cache, chance, progress } = this;
    const key: ObjectKey = { namespace: chance.of(NAMESPACES), name: chance.of(NAMES) };
    const atLeast = progress.told;
    const object = cache.get(key);
    const span = { atLeast, atMost: cache.revision };
    this.note({ type: 'get', ...key, text: text(object?.object), span });
  }

  #openWatch(): void {
    const { cache, chance, progress } = this;
    const after = chance.holds(0.4) ? undefined : this.someRevision();
    this.#unlessExpired(after, () => {
      this.keepWatch(new RecordingEngineWatch(cache, progress, chance, after));
    });
  }

  #rootAt(revision: bigint): EngineRoot | undefined {
    return this.#unlessExpired(revision, () => this.cache.root(revision));
  }

  #unlessExpired<Result>(revision: bigint | undefined, act: () => Result): Result | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'revision-expired') throw error;
      const oldestRevision = error.oldestRevision!;
      this.note({ type: 'expired', revision: revision!, oldestRevision });
      return undefined;
    }
  }

  /** All of a list as a JSON array, by any way there is. */
  #read(list: EngineList): string {
    const { chance } = this;
    const way = chance.below(3);
    if (way === 0) return listText(list, 1 + chance.below(2_000));
    const parts: string[] = [];
    if (way === 1) {
      for (;;) {
        const objects = list.readObjects(1 + chance.below(10));
        if (objects.length === 0) return `[${parts.join(',')}]`;
        parts.push(...objects.map(({ object }) => text(object)!));
      }
    }
    const target = new Uint8Array(400 + chance.below(2_000));
    for (;;) {
      const written = list.readInto(target);
      if (written < 0) throw new Error(`an object of ${-written} bytes`);
      if (written === 0) return `[${parts.join('')}]`;
      parts.push(text(target.subarray(0, written))!);
    }
  }
}
