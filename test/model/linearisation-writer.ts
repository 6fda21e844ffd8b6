/**
 * A thread that writes to a shared cache and writes down what it has written. How it writes, a
 * cache of the engine or a watch cache has to say.
 */

import type { ObjectKey } from '../../lib/object/index.js';
import type { Chance } from '../chance.js';
import type { Widget } from '../engine/widget.js';
import {
  type Commit,
  GENERATION_GAP,
  NAMES,
  NAMESPACES,
  type Observation,
  type Progress,
  type Span,
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

export interface WriterOptions<Cache> {
  readonly cache: Cache;
  readonly chance: Chance;
  readonly progress: Progress;
  /** Makes values that no other thread makes. */
  readonly thread: number;
  readonly hasReplace: boolean;
}

/** A change that is still to get its revision. */
export interface PlannedChange extends ObjectKey {
  /** `undefined`: a deletion. */
  readonly widget: Widget | undefined;
}

export abstract class RecordingWriter<Cache> {
  protected readonly cache: Cache;
  protected readonly chance: Chance;
  protected readonly progress: Progress;
  readonly #thread: number;
  readonly #hasReplace: boolean;
  readonly #commits: Commit[] = [];
  readonly #observations: Observation[] = [];
  #value = 0;

  constructor({ cache, chance, progress, thread, hasReplace }: WriterOptions<Cache>) {
    this.cache = cache;
    this.chance = chance;
    this.progress = progress;
    this.#thread = thread;
    this.#hasReplace = hasReplace;
  }

  /** Writes until so much was read. */
  async run(reads: number): Promise<ThreadLog> {
    for (let count = 1; count <= WRITES_MIN || this.progress.reads < reads; count++) {
      if (count <= WRITES_MAX) {
        if (this.#hasReplace && count % WRITES_A_GENERATION === 0) this.#replace();
        else this.writeSomething();
      }
      if (count > WRITES_MAX || count % WRITES_A_TURN === 0) await turnLoop();
    }
    return { commits: this.#commits, observations: this.#observations };
  }

  protected abstract writeSomething(): void;

  protected abstract revision(): bigint;

  /** Makes these all that there is, at a revision. */
  protected abstract replace(objects: readonly ReplacedWidget[], revision: bigint): void;

  /** Writes down what was written, and tells the other threads that it is there. */
  protected commit(commit: Commit): void {
    this.#commits.push(commit);
    this.progress.tell(commit.type === 'batch' ? commit.changes.at(-1)!.revision : commit.revision);
  }

  protected note(observation: Observation): void {
    this.#observations.push(observation);
  }

  /** Between what was known before and what there is now. */
  protected since(atLeast: bigint): Span {
    return { atLeast, atMost: this.revision() };
  }

  protected planBatch(): PlannedChange[] {
    return Array.from({ length: 1 + this.chance.below(6) }, () => this.plan());
  }

  protected plan(): PlannedChange {
    const { chance } = this;
    const isPut = chance.holds(0.7);
    const key = { namespace: chance.of(NAMESPACES), name: chance.of(NAMES) };
    return { ...key, widget: isPut ? this.#widget(key) : undefined };
  }

  #replace(): void {
    const { chance } = this;
    const keys = NAMESPACES.flatMap((namespace) => NAMES.map((name) => ({ namespace, name })));
    const kept = keys.filter(() => chance.holds(0.5));
    const revision = this.revision() + GENERATION_GAP;
    const objects = kept.map((key, at) => {
      return { ...this.#widget(key), revision: revision - BigInt(kept.length - at) };
    });
    this.replace(objects, revision);
    this.commit({ type: 'replace', revision, objects });
  }

  #widget(key: ObjectKey): Widget {
    return randomWidget(key, this.chance, this.#thread * 1_000_000 + this.#value++);
  }
}

export type ReplacedWidget = Widget & { readonly revision: bigint };

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
