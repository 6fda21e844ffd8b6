/**
 * A set of keys in the order of their UTF-8 bytes: a list of sorted chunks.
 *
 *     [ a … f ] [ g … m ] [ n … z ]
 *
 * Adding or removing a key moves at most one chunk's keys, and the list of chunks only when a chunk
 * splits or empties, so 10^5 keys in any order cost no more than some ten million moved pointers.
 */

import { compareUtf8 } from '../../object/index.js';

export class SortedKeys {
  readonly #chunks: string[][] = [];

  add(key: string): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push([key]);
      return;
    }
    const position = this.#chunkOf(key);
    const chunk = this.#chunks[position]!;
    const index = lowerBound(chunk, key);
    if (chunk[index] === key) return;
    chunk.splice(index, 0, key);
    if (chunk.length > CHUNK_KEYS_MAX) {
      this.#chunks.splice(position + 1, 0, chunk.splice(CHUNK_KEYS_MAX / 2));
    }
  }

  remove(key: string): void {
    if (this.#chunks.length === 0) return;
    const position = this.#chunkOf(key);
    const chunk = this.#chunks[position]!;
    const index = lowerBound(chunk, key);
    if (chunk[index] !== key) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(position, 1);
  }

  /** The keys at or after `start`, in order. The set must not change meanwhile. */
  *from(start: string): Generator<string, void, undefined> {
    if (this.#chunks.length === 0) return;
    const first = this.#chunkOf(start);
    for (let position = first; position < this.#chunks.length; position++) {
      const chunk = this.#chunks[position]!;
      const begin = position === first ? lowerBound(chunk, start) : 0;
      for (let index = begin; index < chunk.length; index++) yield chunk[index]!;
    }
  }

  // The last chunk whose first key is not behind `key`; the first one when there is none.
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (compareUtf8(this.#chunks[middle]![0]!, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareUtf8(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const CHUNK_KEYS_MAX = 512;
