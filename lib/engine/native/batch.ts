/**
 * Changes on their way to the addon: keys, objects and revisions in arrays that serve one batch
 * after the other.
 *
 * Rules:
 *  1. Nothing of a batch is kept once it was applied.
 *  2. Bytes that other threads can write meanwhile are copied first: what is checked is what is
 *     kept.
 */

import { type Change, REVISION_MAX } from '../contract.js';
import { isKey } from './scope.js';

const NO_REVISIONS = new BigUint64Array(0);

export class Batch {
  readonly keys: string[] = [];
  readonly objects: (Uint8Array | undefined)[] = [];
  revisions: BigUint64Array = NO_REVISIONS;
  // A batch of one is the usual one.
  readonly #oneRevision = new BigUint64Array(1);

  /** Takes the changes; false, where a revision has no place in 64 bits. */
  take(changes: readonly Change[]): boolean {
    const count = changes.length;
    this.revisions = count === 1 ? this.#oneRevision : new BigUint64Array(count);
    for (let index = 0; index < count; index++) {
      const change = changes[index]!;
      const { revision } = change;
      if (revision < 0n || revision > REVISION_MAX) return false;
      this.revisions[index] = revision;
      this.keys.push(change.namespace, isKey(change) ? change.name : '');
      this.objects.push(change.type === 'put' ? objectBytes(change.object) : undefined);
    }
    return true;
  }

  clear(): void {
    this.keys.length = 0;
    this.objects.length = 0;
    this.revisions = NO_REVISIONS;
  }
}

/** The bytes as the addon may read them. Throws a TypeError for what is no Uint8Array. */
export function objectBytes(object: Uint8Array): Uint8Array {
  if (!(object instanceof Uint8Array)) throw new TypeError('an object is passed as a Uint8Array');
  return object.buffer instanceof SharedArrayBuffer ? new Uint8Array(object) : object;
}
