/**
 * The revision that etcd has reached, by a read of its quorum. Who asks while a read is under way
 * shares the next one: the present one may have been answered before the question.
 *
 * Owned by one event loop.
 */

export class RevisionReader {
  readonly #read: () => Promise<bigint>;
  #running: Promise<bigint> | undefined;
  #next: Promise<bigint> | undefined;

  /** `read` asks etcd. */
  constructor(read: () => Promise<bigint>) {
    this.#read = read;
  }

  /** Not below any revision that was there when this was called. */
  current(): Promise<bigint> {
    if (this.#next !== undefined) return this.#next;
    // Whoever asks in the same turn shares the first one, too.
    const before = this.#running ?? Promise.resolve();
    const next = before.then(noop, noop).then(() => {
      this.#running = next;
      this.#next = undefined;
      return this.#read();
    });
    this.#next = next;
    return next;
  }
}

function noop(): void {}
