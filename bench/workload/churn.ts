/**
 * The history that every contender of a trial goes through: all objects once, then random updates.
 *
 * The sequence depends on the seed and the sizes alone, so that all contenders end in one state.
 */

import { FIRST_REVISION, PodSource } from './pods.js';
import { seededRandom, type Random } from './random.js';

/** A store as a contender has it. */
export interface Store {
  /** A new version of the object. The bytes are valid during the call only. */
  put(index: number, bytes: Uint8Array, revision: number): void;
}

export interface ChurnSize {
  readonly objects: number;
  readonly objectBytes: number;
}

export class Churn {
  readonly #size: ChurnSize;
  readonly #pods: PodSource;
  readonly #random: Random;
  readonly #store: Store;
  readonly #indexes: readonly number[] | undefined;
  #revision = FIRST_REVISION;

  /** `indexes`: those of the pods. Default: from 0 on. */
  constructor(size: ChurnSize, seed: number, store: Store, indexes?: readonly number[]) {
    this.#size = size;
    this.#pods = new PodSource(size.objectBytes);
    this.#random = seededRandom(seed);
    this.#store = store;
    this.#indexes = indexes;
  }

  /** Puts every object once. */
  load(): void {
    for (let index = 0; index < this.#size.objects; index++) this.#put(index);
  }

  /** Puts so many new versions of random objects. */
  update(count: number): void {
    for (let done = 0; done < count; done++) {
      this.#put(Math.floor(this.#random() * this.#size.objects));
    }
  }

  #put(number: number): void {
    const index = this.#indexes === undefined ? number : this.#indexes[number]!;
    const revision = ++this.#revision;
    const version = revision - FIRST_REVISION;
    this.#store.put(index, this.#pods.bytes(index, version, revision), revision);
  }
}
