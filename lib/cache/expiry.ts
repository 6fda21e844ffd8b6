/**
 * Objects of a stand-alone cache that delete themselves.
 *
 * Rules:
 *  1. One timing wheel, one entry an object: a newer version takes the older one's entry away.
 *  2. What is due is deleted only at the revision it was due for, so that a version put in the same
 *     moment stays, and there is exactly one DELETED.
 */

import type { ObjectKey } from '../object/index.js';
import { type Clock, TimingWheel, type WheelEntry } from '../storage/index.js';

/** A version of an object that is due to go. */
export interface DueObject extends ObjectKey {
  readonly revision: bigint;
}

const MS_PER_SECOND = 1_000;

export class Expiry {
  readonly #clock: Clock;
  readonly #wheel: TimingWheel<DueObject>;
  readonly #entries = new Map<string, WheelEntry<DueObject>>();

  /** `remove` deletes those that are still at their revision. */
  constructor(clock: Clock, remove: (due: readonly DueObject[]) => void) {
    this.#clock = clock;
    this.#wheel = new TimingWheel<DueObject>({
      clock,
      onDue: (due) => {
        for (const object of due) this.#entries.delete(keyText(object));
        remove(due);
      },
    });
  }

  /** The object is at a new revision and has `ttlSeconds` to live (0: for ever). */
  set(object: DueObject, ttlSeconds: number): void {
    this.delete(object);
    if (ttlSeconds === 0) return;
    // A copy: what is handed in may be a change, whose bytes nobody needs any more.
    const { namespace, name, revision } = object;
    const dueMs = this.#clock.now() + ttlSeconds * MS_PER_SECOND;
    const entry = this.#wheel.add({ namespace, name, revision }, dueMs);
    this.#entries.set(keyText(object), entry);
  }

  delete(key: ObjectKey): void {
    const text = keyText(key);
    const entry = this.#entries.get(text);
    if (entry === undefined) return;
    this.#entries.delete(text);
    this.#wheel.cancel(entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#wheel.clear();
  }
}

// Neither part has a slash.
function keyText({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`;
}
