/**
 * Which keys are just being written: over several connections etcd gets writes in any order, and
 * what must come after another waits for it here.
 *
 * Owned by one event loop.
 */

export class WritesUnderWay {
  readonly #byKey = new Map<string, Set<Promise<unknown>>>();

  run<Result>(key: string, write: () => Promise<Result>): Promise<Result> {
    const mine = write();
    const present = this.#byKey.get(key);
    const all = present ?? new Set();
    if (present === undefined) this.#byKey.set(key, all);
    all.add(mine);
    const forget = (): void => {
      all.delete(mine);
      if (all.size === 0 && this.#byKey.get(key) === all) this.#byKey.delete(key);
    };
    mine.then(forget, forget);
    return mine;
  }

  /** Resolves when the writes of this key that are under way now are done, whichever way. */
  async settled(key: string): Promise<void> {
    await Promise.allSettled(this.#byKey.get(key) ?? []);
  }
}
