/**
 * What an event of a handler is to a client with selectors (upstream's table of selector
 * transitions): an object that comes to meet them is ADDED, one that meets them no more is DELETED.
 *
 * Whether the object met them before is told by the event's `previous`. Without it:
 *  1. What this watch has told counts: the keys of the objects that the client has of it.
 *  2. Of an object that it has told nothing about, a client that began with the present state has
 *     nothing. One that began behind a list may have it: it is told that the object is gone, which
 *     does no harm if it never had it.
 */

import { placeOf, type OutgoingObject } from './outgoing.js';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface Change {
  readonly type: ChangeType;
  readonly object: OutgoingObject;
  readonly previous: OutgoingObject | undefined;
}

export class Transitions {
  readonly #meets: (object: OutgoingObject) => boolean;
  readonly #beganWithState: boolean;
  readonly #told = new Set<string>();

  constructor(meets: (object: OutgoingObject) => boolean, beganWithState: boolean) {
    this.#meets = meets;
    this.#beganWithState = beganWithState;
  }

  /** What the client is told of a change; undefined: nothing. */
  of({ type, object, previous }: Change): ChangeType | undefined {
    const key = placeOf(object.namespace, object.name);
    const meets = this.#meets(object);
    const had = this.#had(key, type, meets, previous);
    if (type === 'DELETED' || !meets) {
      this.#told.delete(key);
      return had ? 'DELETED' : undefined;
    }
    this.#told.add(key);
    return had ? 'MODIFIED' : 'ADDED';
  }

  // Whether the client has the object, as far as can be known.
  #had(
    key: string,
    type: ChangeType,
    meets: boolean,
    previous: OutgoingObject | undefined,
  ): boolean {
    if (previous !== undefined) return this.#meets(previous);
    if (this.#told.has(key)) return true;
    if (type === 'ADDED' || this.#beganWithState) return false;
    // Of a deletion the object is what it was last: if it did not meet them, its leaving was told.
    return type === 'DELETED' ? meets : true;
  }
}
