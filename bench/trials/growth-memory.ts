/**
 * What memory alone grows by: a hundred random blocks of an object's size are copied out of as much
 * memory as a million objects take, and out of as much as a thousand take. Nothing is looked up.
 *
 * There is no goal for it, and it is no bound of growth/page-100 and growth/selector-100-matches:
 * those have work beside it that does not grow, and look objects up besides.
 */

import type { Hash } from 'node:crypto';

import { baselineProblem, loadBaseline } from '../baseline.js';
import { seededRandom } from '../workload/random.js';
import type { Effort, Operations, Setup, Trial } from './contract.js';
import { manyOverFew, type Measured } from './few-and-many.js';

interface Addon {
  allocate(count: number, blockBytes: number): object;
  copy(blocks: object, numbers: Uint32Array, bytes: number, target: Uint8Array): number;
}

const FEW = 1_000;

const COPIED = 100;

/** What a cache in C++ has beside the bytes of an object of one KiB: it lies between them. */
const BESIDE_BYTES = 256;

/** Calls that are timed together, as in growth.ts. */
const TIMED_TOGETHER = 16;

export const growthMemoryTrials: readonly Trial[] = [
  {
    name: 'growth-memory',
    full: effort(1_000_000, 20, 300),
    quick: effort(50_000, 10, 60),
    engine,
    rivals: {},
    lacking: { native: problem, javascript: problem },
    rows: [
      {
        kind: 'value',
        case: 'growth/copy-100',
        against: 'small',
        operation: 'copy-100',
        metric: 'manyOverFew',
        metricUnit: 'x',
        hasNoGoal: true,
      },
    ],
  },
];

function effort(objects: number, rounds: number, budgetMs: number): Effort {
  return { size: { objects, objectBytes: 1_024, updates: 0 }, sets: 1, rounds, budgetMs };
}

function problem(): string | undefined {
  const reason = baselineProblem('random_copies');
  return reason && `nothing to copy blocks of memory with: ${reason}`;
}

function engine({ size: { objects, objectBytes }, seed }: Setup): Operations {
  const few = new Copies(Math.min(FEW, objects), objectBytes, seed);
  const many = new Copies(objects, objectBytes, seed);
  return { 'copy-100': manyOverFew(few, many) };
}

class Copies implements Measured {
  readonly #addon = loadBaseline('random_copies') as Addon;
  readonly #blocks: object;
  readonly #count: number;
  readonly #bytes: number;
  readonly #random: () => number;
  readonly #target: Uint8Array;

  constructor(count: number, bytes: number, seed: number) {
    this.#count = count;
    this.#bytes = bytes;
    this.#random = seededRandom(seed);
    this.#target = new Uint8Array(COPIED * bytes);
    this.#blocks = this.#addon.allocate(count, bytes + BESIDE_BYTES);
  }

  time(): number {
    const calls = Array.from({ length: TIMED_TOGETHER }, () => this.#pick());
    const startedMs = performance.now();
    for (const numbers of calls) this.#copy(numbers);
    return ((performance.now() - startedMs) * 1e3) / TIMED_TOGETHER;
  }

  tell(hash: Hash): void {
    for (let round = 0; round < TIMED_TOGETHER; round++) {
      const length = this.#copy(this.#pick());
      hash.update(this.#target.subarray(0, length));
    }
  }

  #pick(): Uint32Array {
    return Uint32Array.from({ length: COPIED }, () => Math.floor(this.#random() * this.#count));
  }

  #copy(numbers: Uint32Array): number {
    return this.#addon.copy(this.#blocks, numbers, this.#bytes, this.#target);
  }
}
