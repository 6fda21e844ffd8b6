/**
 * A pull source that is another one with something done beside: counted, told of, held until its
 * end. Whoever extends it overrides what is his; the rest is the other's, but for its identity: who
 * counts what is pulled must not be passed by.
 */

import type { Pulled, PullSource } from './answer.js';

export class WrappedSource implements PullSource {
  readonly type = 'pull';
  readonly flushHeaders: boolean;
  declare readonly isLines?: true;
  declare readonly wakesInTurns?: true;
  readonly #source: PullSource;

  constructor(source: PullSource) {
    this.#source = source;
    this.flushHeaders = source.flushHeaders;
    if (source.isLines === true) this.isLines = true;
    if (source.wakesInTurns === true) this.wakesInTurns = true;
  }

  pull(maxBytes: number): Pulled {
    return this.#source.pull(maxBytes);
  }

  onReadable(callback: () => void): void {
    this.#source.onReadable(callback);
  }

  close(): void {
    this.#source.close();
  }
}
