/** A thread that writes to a shared engine cache and writes down what it has written. */

import assert from 'node:assert/strict';

import { type Change, type EngineCache, EngineError } from '../../lib/engine/index.js';
import type { ObjectKey } from '../../lib/object/index.js';
import type { Chance } from '../chance.js';
import { put, remove, type Widget, widgetSource } from '../engine/widget.js';
import {
  type Commit,
  GENERATION_GAP,
  NAMES,
  NAMESPACES,
  type Observation,
  type Progress,
  type RecordedChange,
  type ThreadLog,
  turnLoop,
} from './linearisation-record.js';

/** Writes between two turns of the event loop. */
const WRITES_A_TURN = 4;
/** Of one writer, also when all has been read. */
const WRITES_MIN = 60;
/** Of one writer: what is written is compared with all that is read. */
const WRITES_MAX = 600;
/** One of so many writes of a writer that may replaces everything. */
const WRITES_A_GENERATION = 150;

export interface WriterOptions {
  readonly cache: EngineCache;
  readonly chance: Chance;
  readonly progress: Progress;
  /** Makes values that no other thread makes. */
  readonly thread: number;
  readonly hasReplace: boolean;
}

export class RecordingWriter {
  readonly #options: WriterOptions;
  readonly #commits: Commit[] = [];
  readonly #observations: Observation[] = [];
  #value = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Writes until so much was read. */
  async run(reads: number): Promise<ThreadLog> {
    const { progress } = this.#options;
    for (let count = 1; count <= WRITES_MIN || progress.reads < reads; count++) {
      if (count <= WRITES_MAX) this.#writeSomething(count);
      if (count > WRITES_MAX || count % WRITES_A_TURN === 0) await turnLoop();
    }
    return { commits: this.#commits, observations: this.#observations };
  }

  #writeSomething(count: number): void {
    const { chance, hasReplace } = this.#options;
    if (hasReplace && count % WRITES_A_GENERATION === 0) this.#replace();
    else if (chance.holds(0.5)) this.#apply();
    else if (chance.holds(0.1)) this.#progress();
    else this.#write();
  }

  /** A batch over several namespaces, numbered anew until nobody has come between. */
  #apply(): void {
    const { cache, chance, progress } = this.#options;
    const planned = Array.from({ length: 1 + chance.below(6) }, () =>
      this.#plan(chance.holds(0.7)),
    );
    const atLeast = progress.told;
    for (;;) {
      let revision = cache.revision;
      const changes = planned.map((change): RecordedChange => {
        revision += BigInt(1 + chance.below(2));
        return { ...change, revision };
      });
      if (!tries('revision-not-rising', () => cache.apply(changes.map(changeOf)))) continue;
      const span = { atLeast, atMost: cache.revision };
      this.#commits.push({ type: 'batch', changes, span });
      return progress.tell(revision);
    }
  }

  /** One object at the next revision; in half of the cases only as an update of what was read. */
  #write(): void {
    const { cache, chance, progress } = this.#options;
    const change = this.#plan(chance.holds(0.7));
    const { namespace, name, widget } = change;
    const isUpdate = chance.holds(0.5);
    const expected = isUpdate ? (cache.get(change)?.revision ?? 0n) : undefined;
    // Others may write meanwhile.
    for (let spin = chance.below(200); spin > 0; spin--) Atomics.load(SPUN, 0);
    const atLeast = progress.told;
    const object = widget === undefined ? {} : { object: widgetSource(widget) };
    const write = { namespace, name, ...object };
    let revision = 0n;
    try {
      revision = cache.write(write, expected);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'conflict') throw error;
      const present = error.presentRevision!;
      assert.notEqual(present, expected, 'a conflict with what was expected');
      return this.#saw(change, present, atLeast);
    }
    if (revision === 0n) return this.#saw(change, 0n, atLeast);
    const span = { atLeast, atMost: cache.revision };
    const recorded = { ...change, revision, ...(isUpdate ? { expected: expected! } : {}) };
    this.#commits.push({ type: 'batch', changes: [recorded], span });
    progress.tell(revision);
  }

  #saw({ namespace, name }: ObjectKey, revision: bigint, atLeast: bigint): void {
    const span = { atLeast, atMost: this.#options.cache.revision };
    this.#observations.push({ type: 'get', namespace, name, revision, span });
  }

  #progress(): void {
    const { cache, chance, progress } = this.#options;
    const revision = cache.revision + BigInt(chance.below(3));
    cache.progress(revision);
    if (cache.revision < revision) throw new Error('a revision is not reached');
    progress.tell(revision);
  }

  #replace(): void {
    const { cache, chance, progress } = this.#options;
    const keys = NAMESPACES.flatMap((namespace) => NAMES.map((name) => ({ namespace, name })));
    const kept = keys.filter(() => chance.holds(0.5));
    const revision = cache.revision + GENERATION_GAP;
    const objects = kept.map((key, at) => {
      return { ...this.#widget(key), revision: revision - BigInt(kept.length - at) };
    });
    cache.replace(
      objects.map((object) => put(object, object.revision)),
      revision,
    );
    this.#commits.push({ type: 'replace', revision, objects });
    progress.tell(revision);
  }

  #plan(isPut: boolean): ObjectKey & { readonly widget: Widget | undefined } {
    const { chance } = this.#options;
    const key = { namespace: chance.of(NAMESPACES), name: chance.of(NAMES) };
    return { ...key, widget: isPut ? this.#widget(key) : undefined };
  }

  #widget(key: ObjectKey): Widget {
    const { chance, thread } = this.#options;
    return randomWidget(key, chance, thread * 1_000_000 + this.#value++);
  }
}

/** A widget with labels and a field that the scopes of model tests select by. */
export function randomWidget(key: ObjectKey, chance: Chance, value: number): Widget {
  const app = chance.of([undefined, 'x', 'y']);
  const tier = chance.of([undefined, 't']);
  const node = chance.of([undefined, 'n1', 'n2']);
  return {
    ...key,
    labels: { ...(app === undefined ? {} : { app }), ...(tier === undefined ? {} : { tier }) },
    ...(node === undefined ? {} : { node }),
    value,
  };
}

const SPUN = new Int32Array(new SharedArrayBuffer(4));

function changeOf({ namespace, name, widget, revision }: RecordedChange): Change {
  return widget === undefined ? remove(namespace, name, revision) : put(widget, revision);
}

function tries(code: string, act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.code === code) return false;
    throw error;
  }
}
