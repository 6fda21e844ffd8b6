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

export class Account {
  readonly #told = new Set<number>();
  /** Revisions behind the first that a list passed over, up to its own. */
  readonly #lists: { readonly after: number; readonly through: number }[] = [];
  readonly #state = new Map<string, number>();
  #newest = 0;
  /** Events that were told again. */
  doubled = 0;

  /** The objects that are there, by name. */
  get state(): ReadonlyMap<string, number> {
    return this.#state;
  }

  /** How far it has come. */
  get newest(): number {
    return this.#newest;
  }

  /** A list was answered, at this revision. */
  listed(revision: number): void {
    this.#lists.push({ after: this.#newest, through: revision });
    this.#newest = Math.max(this.#newest, revision);
  }

  /** An object is there, at this revision; from a watch, or from a list. */
  put(name: string, revision: number): void {
    this.#state.set(name, revision);
    this.#tell(revision);
  }

  /** An object is gone. From a list comes the last version that was known. */
  deleted(name: string, revision: number): void {
    const isEvent = this.#state.get(name) !== revision;
    this.#state.delete(name);
    if (isEvent) this.#tell(revision);
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
}
