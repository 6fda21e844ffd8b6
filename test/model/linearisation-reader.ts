/** A thread that reads a shared engine cache in every way, and writes down what it has read. */

import {
  type EngineCache,
  EngineError,
  type EngineList,
  type EngineRoot,
} from '../../lib/engine/index.js';
import type { ObjectKey } from '../../lib/object/index.js';
import type { Chance } from '../chance.js';
import { listText, text } from '../engine/widget.js';
import { SCOPES } from './engine-scopes.js';
import {
  NAMES,
  NAMESPACES,
  type Observation,
  type Progress,
  type Span,
  type ThreadLog,
  turnLoop,
} from './linearisation-record.js';
import { RecordingWatch } from './linearisation-watch.js';

const WATCHES_MAX = 5;
/** Reads between two turns of the event loop. */
const READS_A_TURN = 4;

export interface ReaderOptions {
  readonly cache: EngineCache;
  readonly chance: Chance;
  readonly progress: Progress;
}

export class RecordingReader {
  readonly #options: ReaderOptions;
  readonly #observations: Observation[] = [];
  readonly #watches: RecordingWatch[] = [];
  /** Of lists that were read. */
  readonly #revisions: bigint[] = [];

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Reads until there is nothing more to come, and until its watches have told all of it. */
  async run(reads: number): Promise<ThreadLog> {
    const { chance, progress } = this.#options;
    while (progress.last === 0n) {
      for (let count = 0; count < READS_A_TURN && progress.reads < reads; count++) {
        this.#readSomething();
        progress.countRead();
      }
      await turnLoop();
      for (const watch of this.#watches) if (watch.isWoken && chance.holds(0.7)) watch.drain();
    }
    for (const watch of this.#watches) await this.#finish(watch, progress.last);
    return { commits: [], observations: this.#observations };
  }

  #readSomething(): void {
    const { cache, chance } = this.#options;
    const kind = chance.below(100);
    if (kind < 30) this.#list((query) => cache.list(query));
    else if (kind < 40) this.#listRoot();
    else if (kind < 55) this.#listAt();
    else if (kind < 65) this.#listPages();
    else if (kind < 85) this.#get();
    else if (kind < 95) this.#openWatch();
    else if (this.#watches.length === WATCHES_MAX) this.#closeWatch();
    else cache.trim();
  }

  #list(open: (query: (typeof SCOPES)[number]['scope']) => EngineList): void {
    const { cache, chance, progress } = this.#options;
    const scope = chance.below(SCOPES.length);
    const atLeast = progress.told;
    const list = open(SCOPES[scope]!.scope);
    const span = { atLeast, atMost: cache.revision };
    const { revision } = list;
    this.#revisions.push(revision);
    this.#observations.push({ type: 'list', scope, revision, text: this.#read(list), span });
  }

  #listRoot(): void {
    const { cache, progress } = this.#options;
    const atLeast = progress.told;
    const root = cache.root();
    this.#readRoot(root, { atLeast, atMost: cache.revision });
  }

  /** The state at any revision that history has, also within a batch. */
  #listAt(): void {
    const root = this.#rootAt(this.#someRevision());
    if (root !== undefined) this.#readRoot(root);
  }

  #readRoot(root: EngineRoot, span?: Span): void {
    const { chance } = this.#options;
    const scope = chance.below(SCOPES.length);
    const { revision, generation, count } = root;
    const list = this.#read(root.list(SCOPES[scope]!.scope));
    const when = span === undefined ? {} : { span };
    this.#observations.push({
      type: 'list',
      scope,
      revision,
      text: list,
      generation,
      count,
      ...when,
    });
    root.close();
  }

  /** A page of now, and the others at its revision: together they are one list. */
  #listPages(): void {
    const { cache, chance, progress } = this.#options;
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
    this.#observations.push({ type: 'list', scope, revision, text: `[${pages.join(',')}]`, span });
  }

  #get(): void {
    const { cache, chance, progress } = this.#options;
    const key: ObjectKey = { namespace: chance.of(NAMESPACES), name: chance.of(NAMES) };
    const atLeast = progress.told;
    const object = cache.get(key);
    const span = { atLeast, atMost: cache.revision };
    this.#observations.push({ type: 'get', ...key, text: text(object?.object), span });
  }

  #openWatch(): void {
    const { cache, chance, progress } = this.#options;
    if (this.#watches.length === WATCHES_MAX) return;
    const after = chance.holds(0.4) ? undefined : this.#someRevision();
    this.#unlessExpired(after, () => {
      this.#watches.push(new RecordingWatch(cache, progress, chance, after));
    });
  }

  #closeWatch(): void {
    const [watch] = this.#watches.splice(this.#options.chance.below(this.#watches.length), 1);
    this.#observations.push(watch!.close());
  }

  /** Waits until the watch has been woken for all that it has to tell. */
  async #finish(watch: RecordingWatch, last: bigint): Promise<void> {
    const isOver = (): boolean => watch.end !== undefined || watch.position >= last;
    while (!isOver()) {
      await turnLoop();
      if (watch.isWoken || watch.hasNothing) watch.drain();
    }
    this.#observations.push(watch.close());
  }

  #someRevision(): bigint {
    const { cache, chance } = this.#options;
    if (this.#revisions.length > 0 && chance.holds(0.3)) return chance.of(this.#revisions);
    const oldest = cache.oldestRevision;
    const { revision } = cache;
    if (oldest >= revision) return revision;
    // Mostly of late: what is long ago is soon gone.
    const recent = revision - 20n > oldest && chance.holds(0.6) ? revision - 20n : oldest;
    return chance.between(recent, revision);
  }

  #rootAt(revision: bigint): EngineRoot | undefined {
    return this.#unlessExpired(revision, () => this.#options.cache.root(revision));
  }

  #unlessExpired<Result>(revision: bigint | undefined, act: () => Result): Result | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'revision-expired') throw error;
      const oldestRevision = error.oldestRevision!;
      this.#observations.push({ type: 'expired', revision: revision!, oldestRevision });
      return undefined;
    }
  }

  /** All of a list as a JSON array, by any way there is. */
  #read(list: EngineList): string {
    const { chance } = this.#options;
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
