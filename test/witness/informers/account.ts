/**
 * What a follower was told, held against what happened: every revision is one change, so whoever
 * follows all objects hears of each once, but for those that a new list has passed over.
 */

import assert from 'node:assert/strict';

export interface AccountSummary {
  /** Changes that were told by an event. */
  readonly told: number;
  /** Changes that came in a list instead, because history had lost them. */
  readonly listed: number;
  readonly lists: number;
}

/** Somebody who follows the server's objects. */
export interface Following {
  readonly account: Account;
  /** How often it gave up, and was started again. */
  readonly failures: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export class Account {
  readonly #told = new Set<number>();
  /** Revisions behind the first that a list passed over, up to its own. */
  readonly #lists: { readonly after: number; readonly through: number }[] = [];
  readonly #state = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  #newest = 0;
  /** Events that were told again. */
  doubled = 0;

  /** The objects that are there, by name. */
  get state(): ReadonlyMap<string, number> {
    return this.#state;
  }

  /** Resolves when the objects are these. */
  async until(state: ReadonlyMap<string, number>): Promise<void> {
    const isThere = (): boolean =>
      state.size === this.#state.size &&
      [...state].every(([name, revision]) => this.#state.get(name) === revision);
    while (!isThere()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** A list was answered, at this revision. */
  listed(revision: number): void {
    this.#lists.push({ after: this.#newest, through: revision });
    this.#newest = Math.max(this.#newest, revision);
  }

  /** A list was answered, and these are all objects now. */
  replaced(state: ReadonlyMap<string, number>, revision: number): void {
    this.listed(revision);
    this.#state.clear();
    for (const [name, one] of state) this.#state.set(name, one);
    this.#look();
  }

  /** An object is there, at this revision; from a watch, or from a list. */
  put(name: string, revision: number): void {
    this.#state.set(name, revision);
    this.#tell(revision);
    this.#look();
  }

  /** An object is gone. From a list comes the last version that was known. */
  deleted(name: string, revision: number): void {
    const isEvent = this.#state.get(name) !== revision;
    this.#state.delete(name);
    if (isEvent) this.#tell(revision);
    this.#look();
  }

  /** Throws where a change between the revisions was neither told nor listed, or told twice. */
  check(after: number, through: number): AccountSummary {
    let listed = 0;
    for (let revision = after + 1; revision <= through; revision++) {
      if (this.#told.has(revision)) continue;
      const isListed = this.#lists.some(
        (list) => list.after < revision && revision <= list.through,
      );
      assert.ok(isListed, `the change ${revision} was missed`);
      listed++;
    }
    assert.equal(this.doubled, 0, 'events were doubled');
    return { told: this.#told.size, listed, lists: this.#lists.length };
  }

  #tell(revision: number): void {
    if (this.#told.has(revision)) this.doubled++;
    this.#told.add(revision);
    this.#newest = Math.max(this.#newest, revision);
  }

  #look(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
