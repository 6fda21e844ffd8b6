/**
 * An LMDB environment: one folder, the named databases of a store, and the only way to commit.
 *
 *  1. `overlappingSync` is off: LMDB then writes its meta page only after the data has been
 *     flushed, and reports a failed flush as a failed commit. With it on, commits are visible (and
 *     their promises resolved) before the flush, and a flush that fails is never reported.
 *  2. What a commit's action throws aborts the whole action; nothing of it is written. Any other
 *     failure leaves the outcome in doubt and is a `FatalStorageError`.
 *  3. A read sees one snapshot from its begin to its end.
 */

import { open as openLmdb, type Database, type RootDatabase } from 'lmdb';

import { StorageError } from '../contract.js';
import { FatalStorageError } from '../versioned-storage.js';

export type Table = Database<Buffer, Buffer>;
export type Snapshot = ReturnType<Table['useReadTransaction']>;

/** Runs a durable commit; a seam through which tests delay or fail it. */
export type CommitRunner = (commit: () => Promise<void>) => Promise<void>;

export interface EnvironmentOptions {
  readonly path: string;
  /** Address space to begin with, in bytes; it grows as needed. */
  readonly mapSizeBytes: number;
  readonly runCommit: CommitRunner;
  /** Reads beside the store's owner, and writes nothing. Default false. */
  readonly readOnly?: boolean;
}

export class Environment {
  readonly path: string;
  readonly meta: Table;
  readonly current: Table;
  readonly superseded: Table;
  readonly log: Table;
  readonly expiry: Table;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #runCommit: CommitRunner;

  /**
   * Opens or (unless it is read only) creates the environment. Throws `corrupt` when the folder
   * holds something else.
   */
  constructor(options: EnvironmentOptions) {
    this.path = options.path;
    this.#runCommit = options.runCommit;
    this.#root = openRoot(options);
    try {
      this.#checkContent(options.readOnly ?? false);
      // The first one marks the folder as a store of ours.
      this.meta = this.#openTable('meta');
      this.current = this.#openTable('current');
      this.superseded = this.#openTable('superseded');
      this.log = this.#openTable('log');
      this.expiry = this.#openTable('expiry');
    } catch (error) {
      void this.#root.close();
      throw error;
    }
  }

  /** Runs the action on one snapshot, the newest. */
  read<Result>(action: (snapshot: Snapshot) => Result): Result {
    const snapshot = this.#root.useReadTransaction();
    try {
      return action(snapshot);
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw new StorageError('unavailable', `reading ${this.path} failed: ${text(error)}`, {
        cause: error,
      });
    } finally {
      snapshot.done();
    }
  }

  /** As `read`, with an action that takes its time: pages it may still need are not used again. */
  async readLong<Result>(action: (snapshot: Snapshot) => Promise<Result>): Promise<Result> {
    const snapshot = this.#root.useReadTransaction();
    try {
      return await action(snapshot);
    } finally {
      snapshot.done();
    }
  }

  /** Runs the action in a write transaction; resolves once the transaction has been flushed. */
  async commit<Result>(action: () => Result): Promise<Result> {
    let outcome: { result: Result } | { error: unknown } | undefined;
    try {
      await this.#runCommit(async () => {
        await this.#root.childTransaction(() => {
          try {
            outcome = { result: action() };
          } catch (error) {
            outcome = { error };
            throw error;
          }
        });
      });
    } catch (error) {
      if (outcome !== undefined && 'error' in outcome) throw this.#aborted(outcome.error);
      const cause = await commitCause(error);
      const message = `committing to ${this.path} failed: ${text(cause)}`;
      throw new FatalStorageError('unavailable', message, { cause });
    }
    if (outcome === undefined || 'error' in outcome) {
      throw new FatalStorageError('unavailable', `a commit to ${this.path} did not run`);
    }
    return outcome.result;
  }

  /** As `commit`, at once: nothing else runs, in any process, between its reads and its writes. */
  commitSync<Result>(action: () => Result): Result {
    try {
      return this.#root.transactionSync(action);
    } catch (error) {
      throw this.#aborted(error);
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  #openTable(name: (typeof TABLES)[number]): Table {
    return this.#root.openDB<Buffer, Buffer>({ name, ...BINARY });
  }

  #checkContent(readOnly: boolean): void {
    const names = [...this.#root.getKeys()].map((name) => decodeName(name));
    if (names.length > 0 && !names.includes('meta')) {
      const message = `${this.path} holds the LMDB database of another program`;
      throw new StorageError('corrupt', message);
    }
    // What is missing can't be made.
    const missing = readOnly ? TABLES.filter((name) => !names.includes(name)) : [];
    if (missing.length === 0) return;
    const message = `the store in ${this.path} has no table ${missing.join(', ')}`;
    throw new StorageError('corrupt', message);
  }

  #aborted(error: unknown): Error {
    if (error instanceof StorageError) return error;
    const message = `writing to ${this.path} failed: ${text(error)}`;
    return new StorageError('unavailable', message, { cause: error });
  }
}

/** Runs the action while no page of the newest state, nor of a later one, is used again. */
export async function withPagesKept<Result>(
  options: EnvironmentOptions,
  action: () => Promise<Result>,
): Promise<Result> {
  const root = openRoot({ ...options, readOnly: true });
  try {
    const snapshot = root.useReadTransaction();
    try {
      return await action();
    } finally {
      snapshot.done();
    }
  } finally {
    await root.close();
  }
}

function openRoot(options: EnvironmentOptions): RootDatabase<Buffer, Buffer> {
  const { path, mapSizeBytes, readOnly = false } = options;
  try {
    return openLmdb<Buffer, Buffer>({
      path,
      // Also for a folder whose name looks like a file's.
      noSubdir: false,
      overlappingSync: false,
      mapSize: mapSizeBytes,
      maxDbs: 8,
      readOnly,
      ...BINARY,
    });
  } catch (error) {
    const reason = text(error);
    const isForeign = /MDB_(INVALID|VERSION_MISMATCH|CORRUPTED|PAGE_NOTFOUND)/.test(reason);
    const message = isForeign
      ? `${path} does not hold a store: ${reason}`
      : `${path} can't be opened: ${reason}`;
    throw new StorageError(isForeign ? 'corrupt' : 'unavailable', message, { cause: error });
  }
}

// LMDB's own error comes in a promise beside lmdb-js's.
async function commitCause(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

function decodeName(name: Buffer): string {
  return name.toString('utf8').replace(/\0$/, '');
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const TABLES = ['meta', 'current', 'superseded', 'log', 'expiry'] as const;
const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const;
