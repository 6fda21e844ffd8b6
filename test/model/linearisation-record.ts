/**
 * What the threads of a linearisation test write down: what they have written, and what they have
 * read, each with the revisions between which it took place. Plain data that is posted to the main
 * thread, which compares it with a model afterwards (linearisation-check.ts).
 */

import type { WatchEnd } from '../../lib/engine/index.js';
import type { Widget } from '../engine/widget.js';

/**
 * When something took place: not before `atLeast`, which some thread had been told by then, and not
 * after `atMost`, which was the cache's revision thereafter.
 */
export interface Span {
  readonly atLeast: bigint;
  readonly atMost: bigint;
}

/** One object's new version, or its end. */
export interface RecordedChange {
  readonly namespace: string;
  readonly name: string;
  readonly widget: Widget | undefined;
  readonly revision: bigint;
  /** The revision that the object had to have; 0 for none. */
  readonly expected?: bigint;
}

/** What was written in one go. */
export type Commit =
  | { readonly type: 'batch'; readonly changes: readonly RecordedChange[]; readonly span: Span }
  /** All of these, at their revisions, are the state at `revision`: a new generation. */
  | {
      readonly type: 'replace';
      readonly revision: bigint;
      readonly objects: readonly (Widget & { readonly revision: bigint })[];
    };

/** A list, whole. `scope` is an index of SCOPES. */
export interface ListRecord {
  readonly type: 'list';
  readonly scope: number;
  readonly revision: bigint;
  /** A JSON array of what was listed. */
  readonly text: string;
  /** Absent where the revision was asked for: any one may be. */
  readonly span?: Span;
  /** Of the root, where it was one. */
  readonly generation?: number;
  readonly count?: number;
}

/** What was there of an object at some revision of the span. */
export interface GetRecord {
  readonly type: 'get';
  readonly namespace: string;
  readonly name: string;
  /** Its JSON; `undefined` where there was none. */
  readonly text?: string | undefined;
  /** Its revision, 0 for none, where the text is not known. */
  readonly revision?: bigint;
  readonly span: Span;
}

/** History had begun after the revision. */
export interface ExpiredRecord {
  readonly type: 'expired';
  readonly revision: bigint;
  readonly oldestRevision: bigint;
}

/** One drain of a watch, or several that met no other's. */
export interface DrainRecord {
  readonly phase: 'initial' | 'live';
  /** As frames of a JSON stream. */
  readonly frames: readonly string[];
  readonly position: bigint;
}

export interface WatchRecord {
  readonly type: 'watch';
  readonly scope: number;
  readonly isFromState: boolean;
  readonly revision: bigint;
  /** Of a state: when it was opened. */
  readonly span: Span;
  readonly drains: readonly DrainRecord[];
  readonly end: WatchEnd | undefined;
}

export type Observation = ListRecord | GetRecord | ExpiredRecord | WatchRecord;

/** All that a thread has written down. */
export interface ThreadLog {
  readonly commits: readonly Commit[];
  readonly observations: readonly Observation[];
}

/** What a thread of the test is started with. */
export interface ThreadTask<Share> {
  readonly share: Share;
  readonly role: 'write' | 'read';
  /** Number of the thread. */
  readonly thread: number;
  readonly seed: number;
  /** Number of all threads. */
  readonly threads: number;
  /** How much is read in all: until then it is written. */
  readonly reads: number;
  /** Whether the first writer also replaces everything now and then. */
  readonly hasReplace: boolean;
  readonly progress: SharedArrayBuffer;
}

/** Keys that the threads fight for. */
export const NAMESPACES: readonly string[] = ['a', 'a-b', 'a.b', 'ab', 'é'];
export const NAMES: readonly string[] = ['a', 'b', 'b-1', 'é', 'ｚ', '😀'];

/** So much higher begins a new generation: nobody writes that much while it is being made. */
export const GENERATION_GAP: bigint = 2n ** 20n;

/** What all threads of the test see of each other besides the cache. */
export class Progress {
  readonly buffer: SharedArrayBuffer;
  readonly #lanes: BigUint64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(32)) {
    this.buffer = buffer;
    this.#lanes = new BigUint64Array(buffer);
  }

  /** The highest revision that any thread was told that it is reached. */
  get told(): bigint {
    return Atomics.load(this.#lanes, 0);
  }

  tell(revision: bigint): void {
    for (;;) {
      const told = this.told;
      if (told >= revision) return;
      if (Atomics.compareExchange(this.#lanes, 0, told, revision) === told) return;
    }
  }

  /** How much was read so far, by all. */
  get reads(): number {
    return Number(Atomics.load(this.#lanes, 2));
  }

  countRead(): void {
    Atomics.add(this.#lanes, 2, 1n);
  }

  /** Resolves when so many threads have come here: they begin at the same time. */
  async meet(threads: number): Promise<void> {
    Atomics.add(this.#lanes, 3, 1n);
    while (Atomics.load(this.#lanes, 3) < threads) await turnLoop();
  }

  /** The last revision of all; 0 while there is more to come. */
  get last(): bigint {
    return Atomics.load(this.#lanes, 1);
  }

  finish(revision: bigint): void {
    Atomics.store(this.#lanes, 1, revision);
  }
}

/** Lets the thread's event loop turn, and other threads run. */
export function turnLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
