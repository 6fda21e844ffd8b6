/**
 * Random choices that are the same for the same seed. A run's seed is drawn anew, so that every run
 * tries something else; SHARDWATCH_SEED repeats one. What threads do at the same time is chance
 * still: a seed repeats what each of them wants, not how they meet.
 */

import { randomInt } from 'node:crypto';

export const SEED_VARIABLE = 'SHARDWATCH_SEED';

/** The seed of this run. */
export function drawSeed(): number {
  const named = process.env[SEED_VARIABLE];
  if (named === undefined || named === '') return randomInt(2 ** 32);
  const seed = Number(named);
  if (!Number.isSafeInteger(seed)) throw new Error(`${SEED_VARIABLE} is not a number: ${named}`);
  return seed;
}

export class Chance {
  #state: number;

  /** `stream` tells apart those who draw with the same seed. */
  constructor(seed: number, stream = 0) {
    this.#state = (seed ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0;
    // Neighbouring states begin alike.
    for (let count = 0; count < 4; count++) this.fraction();
  }

  /** From 0 to below 1 (mulberry32). */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  /** A revision from the first to the last one. */
  between(first: bigint, last: bigint): bigint {
    return first + BigInt(Math.floor(this.fraction() * Number(last - first + 1n)));
  }

  /** True so often. */
  holds(probability: number): boolean {
    return this.fraction() < probability;
  }

  of<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}
