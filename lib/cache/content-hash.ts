/**
 * A hash of objects in their order: SHA-256 over each one's namespace, name, revision and bytes.
 *
 * Every part is led by its length, so that no two different rows of objects are the same text
 * (upstream's hash has no such borders, and leaves the content out).
 */

import { createHash, type Hash } from 'node:crypto';

import type { EngineObject } from '../engine/index.js';

/** Three lengths of 32 bits and a revision of 64. */
const HEAD_BYTES = 20;

export class ContentHash {
  readonly #hash: Hash = createHash('sha256');
  readonly #head: Buffer = Buffer.alloc(HEAD_BYTES);

  add({ namespace, name, revision, object }: EngineObject): void {
    const head = this.#head;
    head.writeUInt32LE(Buffer.byteLength(namespace), 0);
    head.writeUInt32LE(Buffer.byteLength(name), 4);
    head.writeUInt32LE(object.byteLength, 8);
    head.writeBigUInt64LE(revision, 12);
    this.#hash
      .update(head)
      .update(namespace + name)
      .update(object);
  }

  /** In hexadecimal digits. Nothing may be added afterwards. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** The hash of these objects alone. */
export function contentHash(objects: readonly EngineObject[]): string {
  const hash = new ContentHash();
  for (const object of objects) hash.add(object);
  return hash.digest();
}
