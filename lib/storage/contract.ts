/**
 * The Storage interface: an ordered, versioned key-value store with one revision counter.
 *
 * Rules that every storage keeps (`test/storage/conformance.ts` checks each):
 *  1. One counter for the whole store. Every write that changes something raises it by exactly one;
 *     nothing else does. A fresh store is at revision 1, so that 0 never names a state.
 *  2. A write whose value and TTL equal what is stored writes nothing and keeps the revision.
 *  3. A write is acknowledged (its promise resolves) only when it is durable.
 *  4. A watch delivers the changes of its prefix in rising order, each once, none left out.
 *  5. Reads at a revision are exact until that revision is compacted.
 *
 * Keys are strings without NUL, ordered by their UTF-8 bytes:
 * `/<group>/<resource>/<namespace>/<name>` (cluster-scoped: without the namespace; the core group
 * is `core`). Values are the canonical JSON of an object without its resourceVersion, and opaque
 * here.
 */

export interface StoredValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the last write of this key. */
  readonly revision: bigint;
  /** Revision at which the key came into being. */
  readonly createRevision: bigint;
}

export interface ListOptions {
  /** Exactly this revision. Absent: the newest. */
  readonly revision?: bigint;
  /** Only keys at or after this one (a full key). */
  readonly start?: string;
  readonly limit?: number;
}

export interface StoredList {
  /** The revision at which the list is exact. */
  readonly revision: bigint;
  readonly values: readonly StoredValue[];
  /** Whether keys of the prefix follow the last one. */
  readonly more: boolean;
}

/** A compare-and-swap of one key. */
export interface Write {
  readonly key: string;
  /** The revision the key must have; `0n`: the key must not exist. */
  readonly expected: bigint;
  /** `null` deletes. */
  readonly value: Uint8Array | null;
  /** Seconds until the key deletes itself, counted from this write. Absent or 0: it stays. */
  readonly ttlSeconds?: number;
}

export type WriteResult =
  | {
      readonly ok: true;
      /** Of the write; of the value that was there when nothing changed. */
      readonly revision: bigint;
      readonly changed: boolean;
    }
  /** The key is not at `expected`; `current` is what is there. */
  | { readonly ok: false; readonly current: StoredValue | undefined };

export interface StorageChange {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** The new value; of a deletion the last one. */
  readonly value: Uint8Array;
  readonly revision: bigint;
  readonly createRevision: bigint;
  /** The revision of what it replaced or took, `0n` if nothing; absent where that is not known. */
  readonly previousRevision?: bigint;
}

export interface WatchObserver {
  /** A batch in revision order. Must not throw. */
  readonly onChanges: (changes: readonly StorageChange[]) => void;
  /** Everything of the prefix up to `revision` has been delivered. */
  readonly onProgress: (revision: bigint) => void;
  /** The watch is over; not called after `close`. */
  readonly onEnd: (error: StorageError) => void;
}

export interface StorageWatch {
  /**
   * Asks for an `onProgress` of now, in order with the changes; it may come later, or not at all
   * where the watch is just being opened. Must not throw. Absent where every commit is told anyway.
   */
  requestProgress?(): void;
  close(): void;
}

export interface Storage {
  /** `memory`, `lmdb`, `etcd`. */
  readonly kind: string;
  /**
   * Where every thread of the process reads what `committedRevision` and `compactedRevision` give:
   * two 64-bit lanes, in this order, for `Atomics`. The first rises before a write is acknowledged.
   * Absent where others commit too, so that it takes asking.
   */
  readonly revisions?: SharedArrayBuffer | undefined;
  /** The revision up to which every acknowledged write is included. */
  committedRevision(): bigint | Promise<bigint>;
  /** Exact lists below this are refused with `compacted`. */
  compactedRevision(): bigint;
  get(key: string): Promise<StoredValue | undefined>;
  /** Keys that begin with `prefix` (which ends in `/`), in order. */
  list(prefix: string, options?: ListOptions): Promise<StoredList>;
  write(write: Write): Promise<WriteResult>;
  /**
   * Changes of the prefix with a revision above `after`, one that is still to come included. A
   * compacted `after` ends with `compacted`.
   */
  watch(prefix: string, after: bigint, observer: WatchObserver): StorageWatch;
  /** Drops history below `revision`; the state at it stays readable. */
  compact(revision: bigint): Promise<void>;
  /** Waits for writes in flight, ends watches with `closed`. */
  close(): Promise<void>;
}

export type StorageErrorCode =
  | 'compacted'
  | 'future-revision'
  | 'invalid-key'
  | 'too-large'
  | 'closed'
  | 'locked'
  | 'corrupt'
  /** Written by a newer version, or by one too old to be upgraded. */
  | 'unsupported-format'
  | 'unavailable'
  /** The store is full; deleting and compacting make room. */
  | 'no-space';

/** Thrown by storages; `code` is stable. */
export class StorageError extends Error {
  override readonly name: string = 'StorageError';
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** A value that is there and can't be read. */
export interface CorruptValue {
  readonly key: string;
  readonly reason: string;
  /** Of the last write of this key, where it is known: what deletes it. */
  readonly revision?: bigint;
}

/** Values that can't be read, of one question: the first CORRUPT_VALUES_MAX of them. */
export class CorruptValuesError extends StorageError {
  readonly values: readonly CorruptValue[];
  /** Whether there are more. */
  readonly isTruncated: boolean;

  constructor(
    values: readonly CorruptValue[],
    options: { cause?: unknown; isTruncated?: boolean; message?: string } = {},
  ) {
    const told = values
      .slice(0, TOLD_MAX)
      .map(({ key, reason }) => `${JSON.stringify(key)}: ${reason}`);
    const more = values.length > told.length ? `; and ${values.length - told.length} more` : '';
    const { cause, isTruncated = values.length > CORRUPT_VALUES_MAX } = options;
    const { message = `values that can't be read: ${told.join('; ')}${more}` } = options;
    super('corrupt', message, { cause });
    this.values = values.slice(0, CORRUPT_VALUES_MAX);
    this.isTruncated = isTruncated;
  }
}

/** As many as upstream tells (KEP-3926). */
export const CORRUPT_VALUES_MAX = 100;
const TOLD_MAX = 3;
