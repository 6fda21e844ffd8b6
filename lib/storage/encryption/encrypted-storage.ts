/**
 * A storage over another one that holds its values encrypted.
 *
 *  1. Who uses it sees values as they were written; the one below sees only what the rules make of
 *     them. Keys, revisions and times to live are not hidden.
 *  2. A write that changes nothing writes nothing, as everywhere, though no two encryptions are
 *     equal: the present bytes are passed on then. Unless they are stale (another key or provider
 *     is first now): those are written anew, which is how keys are changed.
 *  3. What can't be decrypted fails what meets it with `corrupt`, naming keys and reasons. Deleting
 *     it at its revision, and writing over it, need no decryption.
 *
 * Owned by one event loop.
 */

import {
  CorruptValuesError,
  StorageError,
  type CorruptValue,
  type ListOptions,
  type Storage,
  type StorageWatch,
  type StoredList,
  type StoredValue,
  type WatchObserver,
  type Write,
  type WriteResult,
} from '../contract.js';
import { KnownValues } from '../known-values.js';
import { checkWrite, VALUE_BYTES_MAX } from '../limits.js';
import type { Decrypted } from './provider.js';
import type { EncryptionRules, ResourceName } from './rules.js';

export interface EncryptedStorageOptions {
  /** Closed with it. */
  readonly storage: Storage;
  /** Asked for every value: others may be given at any time. */
  readonly rules: () => EncryptionRules;
  /**
   * What values are authenticated with, in front of their keys: etcd's prefix, so that a
   * kube-apiserver with the same keys reads them. Default `/registry`.
   */
  readonly pathPrefix?: string;
  /**
   * Larger values are refused with `too-large`. Default 1.5 MiB; the storage below has a limit of
   * its own, for what they are when encrypted.
   */
  readonly valueBytesMax?: number;
  /** Bytes of encrypted values that are remembered for rule 2. Default 16 MiB. */
  readonly knownBytesMax?: number;
}

const PATH_PREFIX = '/registry';
const KNOWN_BYTES_MAX = 16 * 1024 * 1024;

export class EncryptedStorage implements Storage {
  readonly kind: string;
  readonly #storage: Storage;
  readonly #rules: () => EncryptionRules;
  readonly #pathPrefix: string;
  readonly #valueBytesMax: number;
  // As they are stored.
  readonly #known: KnownValues;
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(options: EncryptedStorageOptions) {
    this.kind = options.storage.kind;
    this.#storage = options.storage;
    this.#rules = options.rules;
    this.#pathPrefix = options.pathPrefix ?? PATH_PREFIX;
    this.#valueBytesMax = options.valueBytesMax ?? VALUE_BYTES_MAX;
    this.#known = new KnownValues(options.knownBytesMax ?? KNOWN_BYTES_MAX);
  }

  get revisions(): SharedArrayBuffer | undefined {
    return this.#storage.revisions;
  }

  committedRevision(): bigint | Promise<bigint> {
    return this.#storage.committedRevision();
  }

  compactedRevision(): bigint {
    return this.#storage.compactedRevision();
  }

  async get(key: string): Promise<StoredValue | undefined> {
    this.#checkOpen();
    const stored = await this.#storage.get(key);
    return stored && this.#opened(stored);
  }

  async list(prefix: string, options?: ListOptions): Promise<StoredList> {
    this.#checkOpen();
    const list = await this.#storage.list(prefix, options);
    const corrupt: CorruptValue[] = [];
    const values = list.values.flatMap((stored) => {
      try {
        return [this.#opened(stored)];
      } catch (error) {
        corrupt.push(...(error as CorruptValuesError).values);
        return [];
      }
    });
    if (corrupt.length > 0) throw new CorruptValuesError(corrupt);
    return { ...list, values };
  }

  async write(write: Write): Promise<WriteResult> {
    this.#checkOpen();
    checkWrite(write, this.#valueBytesMax);
    const result = this.#write(write);
    this.#underWay.add(result);
    const forget = (): void => void this.#underWay.delete(result);
    result.then(forget, forget);
    return result;
  }

  watch(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    let isOver = false;
    const watch = this.#storage.watch(prefix, after, {
      onChanges: (changes) => {
        if (isOver) return;
        const shown = [];
        for (const change of changes) {
          try {
            shown.push(this.#opened(change));
          } catch (error) {
            isOver = true;
            watch.close();
            // Those before it are told: the watch goes on from behind them.
            if (shown.length > 0) observer.onChanges(shown);
            return observer.onEnd(error as StorageError);
          }
        }
        observer.onChanges(shown);
      },
      onProgress: (revision) => {
        if (!isOver) observer.onProgress(revision);
      },
      onEnd: (error) => {
        if (!isOver) observer.onEnd(error);
      },
    });
    return {
      ...(watch.requestProgress && { requestProgress: () => watch.requestProgress?.() }),
      close: () => {
        isOver = true;
        watch.close();
      },
    };
  }

  async compact(revision: bigint): Promise<void> {
    this.#checkOpen();
    return this.#storage.compact(revision);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#storage.close();
  }

  async #write(write: Write): Promise<WriteResult> {
    const { key } = write;
    // Rules may change while it waits: what it finds stale, and what it writes, go by the same.
    const rules = this.#rules();
    const own = write.value === null ? null : await this.#sealed(write.value, write, rules);
    const result = await this.#storage.write({ ...write, value: own });
    if (!result.ok) return { ok: false, current: result.current && this.#opened(result.current) };
    if (own === null) this.#known.delete(key);
    else this.#known.add(key, { revision: result.revision, value: own, ttlSeconds: 0 });
    return result;
  }

  // The stored bytes again, where they are what would be written.
  async #sealed(value: Uint8Array, write: Write, rules: EncryptionRules): Promise<Uint8Array> {
    const { key, expected } = write;
    // The caller may use its buffer again as soon as this has returned.
    const sealed = rules.encrypt(typeOf(key), value, this.#pathPrefix + key);
    const own = sealed === value ? new Uint8Array(value) : sealed;
    if (expected === 0n) return own;
    const plain = new Uint8Array(value);
    const present = this.#known.at(key, expected) ?? (await this.#storage.get(key));
    if (present?.revision !== expected) return own;
    const decrypted = this.#decrypted(key, present.value, rules);
    if (decrypted === undefined || decrypted.isStale) return own;
    return Buffer.compare(decrypted.value, plain) === 0 ? present.value : own;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new StorageError('closed', 'the storage is closed');
  }

  #decrypted(key: string, stored: Uint8Array, rules: EncryptionRules): Decrypted | undefined {
    try {
      return rules.decrypt(typeOf(key), stored, this.#pathPrefix + key);
    } catch {
      return undefined;
    }
  }

  #opened<Stored extends StoredValue>(stored: Stored): Stored {
    const { key, revision } = stored;
    try {
      const path = this.#pathPrefix + key;
      const { value } = this.#rules().decrypt(typeOf(key), stored.value, path);
      this.#known.add(key, { revision, value: stored.value, ttlSeconds: 0 });
      return { ...stored, value };
    } catch (cause) {
      throw new CorruptValuesError([{ key, reason: (cause as Error).message, revision }], {
        cause,
      });
    }
  }
}

// `/example.com/widgets/…`, and `/core/pods/…` of the group without a name.
function typeOf(key: string): ResourceName {
  const [, group = '', resource = ''] = key.split('/', 3);
  return { group: group === 'core' ? '' : group, resource };
}
