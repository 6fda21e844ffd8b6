/**
 * What clients did and were told while something failed: written down as it happens, judged at the
 * end (`judge.ts`).
 *
 * Every value that is written is another one, and every write names the revision that it expects,
 * so that a change tells which write it came from. A key is the storage's or a path: any text that
 * means the same object to all clients.
 */

/** What became of a write, as far as its client was told. */
export type Outcome =
  /** Acknowledged. The revision is not there where the answer does not tell it. */
  | { readonly kind: 'applied'; readonly revision?: bigint }
  /** Told not to have happened. */
  | { readonly kind: 'refused' }
  /** No answer, or one that leaves it open. */
  | { readonly kind: 'unknown' };

export interface Attempt {
  readonly writer: string;
  readonly key: string;
  /** `null` deletes. */
  readonly value: string | null;
  /** The revision of the key that it writes over; `0n`: it makes the key. */
  readonly expected: bigint;
  outcome: Outcome;
}

export interface Change {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** The new value; of a deletion the last one. */
  readonly value: string;
  readonly revision: bigint;
}

export interface Present {
  readonly value: string;
  readonly revision: bigint;
}

export interface SeenList {
  readonly reader: string;
  readonly revision: bigint;
  /** What had been acknowledged to anybody when it was asked for; `0n` where that is no matter. */
  readonly notBefore: bigint;
  readonly items: ReadonlyMap<string, Present>;
}

/** What one watch told: all changes after `after`, through `through`. */
export interface SeenStream {
  readonly reader: string;
  readonly after: bigint;
  readonly changes: readonly Change[];
  readonly through: bigint;
}

export class History {
  readonly attempts: Attempt[] = [];
  readonly lists: SeenList[] = [];
  readonly streams: SeenStream[] = [];
  #acknowledged = 0n;
  #values = 0;

  /** The highest revision that anybody was told of. */
  get acknowledged(): bigint {
    return this.#acknowledged;
  }

  /** Writes that were acknowledged. */
  get applied(): number {
    return this.attempts.filter(({ outcome }) => outcome.kind === 'applied').length;
  }

  /** A value that nobody has written. */
  newValue(writer: string): string {
    return `${writer}-${++this.#values}`;
  }

  /** `write` tells what became of it; where it throws, nobody knows. */
  async write(attempt: Omit<Attempt, 'outcome'>, write: () => Promise<Outcome>): Promise<Outcome> {
    const entry: Attempt = { ...attempt, outcome: { kind: 'unknown' } };
    // Before it is sent: it may be seen before it is answered.
    this.attempts.push(entry);
    entry.outcome = await write().catch((): Outcome => ({ kind: 'unknown' }));
    const { outcome } = entry;
    if (outcome.kind === 'applied') this.#acknowledge(outcome.revision ?? 0n);
    return outcome;
  }

  listed(list: SeenList): void {
    this.lists.push(list);
  }

  /** A watch that begins after this revision. */
  stream(reader: string, after: bigint): StreamRecord {
    const stream = new StreamRecord(reader, after);
    this.streams.push(stream);
    return stream;
  }

  #acknowledge(revision: bigint): void {
    if (revision > this.#acknowledged) this.#acknowledged = revision;
  }
}

export class StreamRecord implements SeenStream {
  readonly reader: string;
  readonly after: bigint;
  readonly changes: Change[] = [];
  #through: bigint;

  constructor(reader: string, after: bigint) {
    this.reader = reader;
    this.after = after;
    this.#through = after;
  }

  get through(): bigint {
    return this.#through;
  }

  change(change: Change): void {
    this.changes.push(change);
    this.reached(change.revision);
  }

  /** Everything up to here has been told. */
  reached(revision: bigint): void {
    if (revision > this.#through) this.#through = revision;
  }
}
