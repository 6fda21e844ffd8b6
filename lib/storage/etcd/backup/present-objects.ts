/** Looks keys up that come in order, by one walk over all that is stored. */

import type { StoredObject, StoredObjects, StoredState } from './stored-objects.js';

export class PresentObjects {
  readonly #pages: AsyncGenerator<readonly StoredObject[], void, undefined>;
  #page: readonly StoredObject[] = [];
  #at = 0;
  #isOver: boolean;

  constructor(objects: StoredObjects, { revision, objects: count }: StoredState) {
    this.#pages = objects.pages(revision);
    this.#isOver = count === 0;
  }

  /** What is at a key (as UTF-8) that is behind the one before. */
  async at(key: Buffer): Promise<StoredObject | undefined> {
    for (;;) {
      const object = await this.#current();
      if (object === undefined) return undefined;
      const order = key.compare(Buffer.from(object.key));
      if (order < 0) return undefined;
      this.#at++;
      if (order === 0) return object;
    }
  }

  async #current(): Promise<StoredObject | undefined> {
    while (!this.#isOver && this.#at >= this.#page.length) {
      const next = await this.#pages.next();
      if (next.done === true) this.#isOver = true;
      else this.#page = next.value;
      this.#at = 0;
    }
    return this.#isOver ? undefined : this.#page[this.#at];
  }
}
