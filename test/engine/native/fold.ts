/** The state that a watch tells: its events, one upon the other. */

import type { EngineList, EngineWatch, WatchEnd } from '../../../lib/engine/index.js';

export class Fold {
  readonly #objects = new Map<string, string>();
  #revision = 0n;
  position = 0n;
  end: WatchEnd | undefined;

  /** Takes all that the watch has at once. Throws where it breaks a rule of watches. */
  drain(watch: EngineWatch): void {
    for (;;) {
      const { items, phase, position, more, end } = watch.drainEvents(500);
      for (const { type, namespace, name, revision, object } of items) {
        const key = `${namespace}/${name}`;
        const isThere = this.#objects.has(key);
        if (isThere !== (type !== 'ADDED')) throw new Error(`${type} of ${key}`);
        if (phase === 'live' && revision <= this.#revision) throw new Error('revisions fall');
        if (phase === 'live') this.#revision = revision;
        if (type === 'DELETED') this.#objects.delete(key);
        else this.#objects.set(key, Buffer.from(object).toString());
      }
      if (position < this.position) throw new Error('the position falls');
      this.position = position;
      this.end = end;
      if (!more) return;
    }
  }

  /** One line for each object, sorted. */
  lines(): readonly string[] {
    return [...this.#objects.values()].sort();
  }
}

/** The same lines of a list. */
export function listLines(list: EngineList): readonly string[] {
  return list
    .readObjects(Infinity)
    .map(({ object }) => Buffer.from(object).toString())
    .sort();
}
