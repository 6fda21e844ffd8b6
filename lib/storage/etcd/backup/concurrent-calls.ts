/** Calls that are made some at a time: etcd flushes together what comes together. */

const UNDER_WAY_MAX = 64;

export class ConcurrentCalls {
  readonly #underWay = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** Makes the call when there is room. Rejects, and makes none, once one has failed. */
  async add(call: () => Promise<void>): Promise<void> {
    while (this.#underWay.size >= UNDER_WAY_MAX) await Promise.race(this.#underWay);
    this.#check();
    const running: Promise<void> = call()
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .finally(() => this.#underWay.delete(running));
    this.#underWay.add(running);
  }

  /** Resolves when none is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** As `settled`; rejects with the first failure. */
  async finish(): Promise<void> {
    await this.settled();
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
