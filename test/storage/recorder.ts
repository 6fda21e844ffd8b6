/** An observer that writes down what a watch tells it, and waits for what is still to come. */

import type {
  Storage,
  StorageChange,
  StorageError,
  StorageWatch,
  WatchObserver,
} from '../../lib/storage/index.js';

export class Recorder implements WatchObserver {
  readonly changes: StorageChange[] = [];
  /** Of each change, where the storage tells it. */
  readonly previousRevisions: (bigint | undefined)[] = [];
  readonly progress: bigint[] = [];
  /** Every call in its order: `put /a/b/x 5`, `delete …`, `progress 7`, `end closed`. */
  readonly calls: string[] = [];
  error: StorageError | undefined;
  #wake: (() => void)[] = [];

  readonly onChanges = (changes: readonly StorageChange[]): void => {
    for (const { previousRevision, ...change } of changes) {
      this.changes.push(change);
      this.previousRevisions.push(previousRevision);
      this.calls.push(`${change.type} ${change.key} ${change.revision}`);
    }
    this.#wakeAll();
  };

  readonly onProgress = (revision: bigint): void => {
    this.progress.push(revision);
    this.calls.push(`progress ${revision}`);
    this.#wakeAll();
  };

  readonly onEnd = (error: StorageError): void => {
    this.error = error;
    this.calls.push(`end ${error.code}`);
    this.#wakeAll();
  };

  get revisions(): bigint[] {
    return this.changes.map((change) => change.revision);
  }

  /** Everything up to the revision has been delivered. */
  async reached(revision: bigint): Promise<void> {
    await this.until(() => (this.progress.at(-1) ?? 0n) >= revision);
  }

  async ended(): Promise<StorageError> {
    await this.until(() => this.error !== undefined);
    return this.error!;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #wakeAll(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}

/** Starts a watch that is recorded. */
export function record(
  storage: Storage,
  prefix: string,
  after: bigint,
): Recorder & { watch: StorageWatch } {
  const recorder = new Recorder();
  return Object.assign(recorder, { watch: storage.watch(prefix, after, recorder) });
}
