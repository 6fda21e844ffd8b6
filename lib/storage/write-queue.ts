/**
 * Group commit: writes that arrive while a commit is under way share the next one.
 *
 *  1. One commit at a time; writes are committed in the order they were submitted.
 *  2. A write's promise settles after its commit has, never before.
 *  3. A commit that fails rejects its own writes and no others, unless `fail` was called: then
 *     every write that waits or comes later is rejected too.
 *
 * Owned by one event loop.
 */

import type { StorageError, Write, WriteResult } from './contract.js';

/** Takes the writes to commit, as late as possible: never empty at the first call. */
export type TakeWrites = () => readonly Write[];

export interface WriteQueueOptions {
  /** Commits what `take` gives; resolves, once that is durable, with a result for each write. */
  readonly commit: (take: TakeWrites) => Promise<readonly WriteResult[]>;
}

interface Pending {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

export class WriteQueue {
  readonly #commit: WriteQueueOptions['commit'];
  #waiting: Pending[] = [];
  #draining: Promise<void> | undefined;
  #refusal: StorageError | undefined;

  constructor(options: WriteQueueOptions) {
    this.#commit = options.commit;
  }

  submit(write: Write): Promise<WriteResult> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Refuses every write that waits or comes later. */
  fail(error: StorageError): void {
    this.#refusal = error;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const pending of waiting) pending.reject(error);
  }

  /** Refuses later writes, and waits for those that were submitted before. */
  async close(error: StorageError): Promise<void> {
    this.#refusal ??= error;
    await this.#draining;
  }

  async #drain(): Promise<void> {
    // Whoever submits in the same turn shares the first commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commitNext();
    this.#draining = undefined;
  }

  async #commitNext(): Promise<void> {
    let batch: readonly Pending[] = [];
    try {
      const results = await this.#commit(() => {
        batch = this.#take();
        return batch.map((pending) => pending.write);
      });
      for (const [index, pending] of batch.entries()) pending.resolve(results[index]!);
    } catch (error) {
      // Nothing taken: the commit could not even begin, and those who wait are told.
      if (batch.length === 0) batch = this.#take();
      for (const pending of batch) pending.reject(error);
    }
  }

  #take(): readonly Pending[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && count < BATCH_WRITES_MAX && bytes < BATCH_BYTES_MAX) {
      bytes += this.#waiting[count]!.write.value?.byteLength ?? 0;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}

// Large enough that the flush is shared by many, small enough that nobody waits long for the
// others.
const BATCH_WRITES_MAX = 512;
const BATCH_BYTES_MAX = 8 * 1024 * 1024;
