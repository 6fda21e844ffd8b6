/**
 * A hash table in SharedArrayBuffers, the best that plain JavaScript has for several threads.
 *
 *   slots    open addressing, linear probing: number of the entry, 0 where there is none
 *   entries  sequence | hash | bytes of the key | bytes of the object
 *   bytes    of each entry: the key, then the object
 *
 * Rules:
 *  1. One thread writes. A sequence is odd while it does; who read something else meanwhile reads
 *     again.
 *  2. Entries are published in `slots` when they are complete and never go away.
 *  3. Keys are ASCII.
 */

import type { PodIdentity } from '../workload/pods.js';
import type { TableMemory, View } from './view.js';

const SEQUENCE = 0;
const HASH = 1;
const KEY_LENGTH = 2;
const LENGTH = 3;
const ENTRY_LANES = 4;

const KEY_BYTES = 64;

/** Slots for each entry: half of them stay empty. */
const SLOTS_PER_ENTRY = 2;

/** Memory for so many objects of that size. */
export function tableMemory(objects: number, objectBytes: number): TableMemory {
  const slots = 2 ** Math.ceil(Math.log2(SLOTS_PER_ENTRY * (objects + 1)));
  return {
    objectBytes,
    slots: new SharedArrayBuffer(4 * slots),
    entries: new SharedArrayBuffer(4 * ENTRY_LANES * (objects + 1)),
    bytes: new SharedArrayBuffer((KEY_BYTES + objectBytes) * (objects + 1)),
  };
}

export class TableView implements Pick<View, 'read' | 'bytes' | 'put'> {
  readonly #slots: Int32Array;
  readonly #entries: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #stride: number;
  readonly #page: Uint8Array;
  #length = 0;
  #count = 0;

  constructor({ objectBytes, slots, entries, bytes }: TableMemory) {
    this.#slots = new Int32Array(slots);
    this.#entries = new Int32Array(entries);
    this.#bytes = new Uint8Array(bytes);
    this.#stride = KEY_BYTES + objectBytes;
    this.#page = new Uint8Array(objectBytes);
  }

  read(namespace: string, name: string): number {
    const key = `${namespace}/${name}`;
    const entry = Atomics.load(this.#slots, this.#find(key, hashOf(key)));
    if (entry === 0) return -1;
    const lane = ENTRY_LANES * entry;
    const begin = this.#stride * entry + KEY_BYTES;
    for (;;) {
      const sequence = Atomics.load(this.#entries, lane + SEQUENCE);
      if ((sequence & 1) === 1) continue;
      const length = this.#entries[lane + LENGTH]!;
      this.#page.set(this.#bytes.subarray(begin, begin + length));
      if (Atomics.load(this.#entries, lane + SEQUENCE) !== sequence) continue;
      this.#length = length;
      return length;
    }
  }

  bytes(): Uint8Array {
    return this.#page.subarray(0, this.#length);
  }

  put({ namespace, name }: PodIdentity, bytes: Uint8Array): void {
    const key = `${namespace}/${name}`;
    const hash = hashOf(key);
    const slot = this.#find(key, hash);
    const found = this.#slots[slot]!;
    const entry = found === 0 ? ++this.#count : found;
    const lane = ENTRY_LANES * entry;
    const begin = this.#stride * entry;
    if (found === 0) {
      this.#entries[lane + HASH] = hash;
      this.#entries[lane + KEY_LENGTH] = key.length;
      for (let at = 0; at < key.length; at++) this.#bytes[begin + at] = key.charCodeAt(at);
    }
    Atomics.add(this.#entries, lane + SEQUENCE, 1);
    this.#entries[lane + LENGTH] = bytes.length;
    this.#bytes.set(bytes, begin + KEY_BYTES);
    Atomics.add(this.#entries, lane + SEQUENCE, 1);
    if (found === 0) Atomics.store(this.#slots, slot, entry);
  }

  // The slot that has the key, or the empty one where it belongs.
  #find(key: string, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = Atomics.load(this.#slots, slot);
      if (entry === 0) return slot;
      if (this.#entries[ENTRY_LANES * entry + HASH] === hash && this.#isKey(entry, key)) {
        return slot;
      }
    }
  }

  #isKey(entry: number, key: string): boolean {
    if (this.#entries[ENTRY_LANES * entry + KEY_LENGTH] !== key.length) return false;
    const begin = this.#stride * entry;
    for (let at = 0; at < key.length; at++) {
      if (this.#bytes[begin + at] !== key.charCodeAt(at)) return false;
    }
    return true;
  }
}

// FNV-1a, and a last step that brings the high bits down.
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) | 0;
}
