/** An engine's list that tells once, when it is closed, what it has cost and given. */

import type { EngineList, EngineObject, ListUsage } from '../engine/index.js';
import type { ObjectKey } from '../object/index.js';

export class CountedList implements EngineList {
  readonly #list: EngineList;
  #onClose: ((usage: ListUsage) => void) | undefined;

  constructor(list: EngineList, onClose: (usage: ListUsage) => void) {
    this.#list = list;
    this.#onClose = onClose;
  }

  get revision(): bigint {
    return this.#list.revision;
  }

  get last(): ObjectKey | undefined {
    return this.#list.last;
  }

  get remaining(): number | undefined {
    return this.#list.remaining;
  }

  get usage(): ListUsage {
    return this.#list.usage;
  }

  get isPaused(): boolean {
    return this.#list.isPaused;
  }

  settle(): boolean {
    return this.#list.settle();
  }

  read(maxBytes: number): Uint8Array | undefined {
    return this.#list.read(maxBytes);
  }

  readInto(target: Uint8Array): number {
    return this.#list.readInto(target);
  }

  readObjects(maxObjects: number): readonly EngineObject[] {
    return this.#list.readObjects(maxObjects);
  }

  close(): void {
    this.#list.close();
    const onClose = this.#onClose;
    this.#onClose = undefined;
    onClose?.(this.#list.usage);
  }
}
