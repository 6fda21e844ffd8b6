/**
 * A storage that another thread of the process owns, as this thread reaches it.
 *
 *  1. Every call is the owner's call; what it throws is thrown here, by class, code and message.
 *  2. Where the owner's storage tells every commit, `committedRevision` asks nobody: it is in
 *     memory that all threads read (revisions.ts), and as new as the newest acknowledgement.
 *  3. Closing it closes this end, after what is under way; the storage stays the owner's.
 *
 * Owned by one event loop. Only what is waited for keeps it alive.
 */

import type { MessagePort } from 'node:worker_threads';

import {
  StorageError,
  type ListOptions,
  type Storage,
  type StorageWatch,
  type StoredList,
  type StoredValue,
  type WatchObserver,
  type Write,
  type WriteResult,
} from '../contract.js';
import { checkPrefix } from '../limits.js';
import { StorageRevisions } from '../revisions.js';
import {
  carried,
  errorOf,
  type FromOwner,
  type StorageCall,
  type StorageShare,
  type ToOwner,
} from './messages.js';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class ThreadStorage implements Storage {
  readonly kind: string;
  readonly revisions: SharedArrayBuffer | undefined;
  readonly #port: MessagePort;
  readonly #shared: StorageRevisions;
  readonly #tellsCommits: boolean;
  readonly #calls = new Map<number, Pending>();
  readonly #watches = new Map<number, WatchObserver>();
  #nextId = 1;
  #onIdle: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  /** Throws a TypeError for what is not the `share` of a StorageHost. */
  constructor(share: StorageShare) {
    if (share?.type !== 'shardwatch.storage') {
      throw new TypeError('a storage of another thread is reached with the share of its host');
    }
    this.kind = share.kind;
    this.revisions = share.tellsCommits ? share.revisions : undefined;
    this.#shared = new StorageRevisions(share.revisions);
    this.#tellsCommits = share.tellsCommits;
    this.#port = share.port;
    this.#port.on('message', (message: FromOwner) => this.#receive(message));
    this.#port.on('close', () => this.#lost());
    this.#port.unref();
  }

  committedRevision(): bigint | Promise<bigint> {
    return this.#tellsCommits
      ? this.#shared.committed
      : (this.#call({ type: 'committed' }) as Promise<bigint>);
  }

  compactedRevision(): bigint {
    return this.#shared.compacted;
  }

  async get(key: string): Promise<StoredValue | undefined> {
    return (await this.#call({ type: 'get', key })) as StoredValue | undefined;
  }

  async list(prefix: string, options: ListOptions = {}): Promise<StoredList> {
    return (await this.#call({ type: 'list', prefix, options })) as StoredList;
  }

  async write(write: Write): Promise<WriteResult> {
    const transfers: ArrayBuffer[] = [];
    const value = write.value === null ? null : carried(write.value, transfers);
    const call: StorageCall = { type: 'write', write: { ...write, value } };
    return (await this.#call(call, transfers)) as WriteResult;
  }

  watch(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    checkPrefix(prefix);
    if (after < 0n) throw new RangeError(`after must not be negative, but it is ${after}`);
    const id = this.#nextId++;
    this.#watches.set(id, observer);
    if (this.#closing === undefined) this.#post({ type: 'watch', id, prefix, after });
    else queueMicrotask(() => this.#end(id, closed()));
    return {
      ...(this.#tellsCommits ? {} : { requestProgress: () => this.#post({ type: 'ask', id }) }),
      close: () => {
        if (this.#watches.delete(id)) this.#post({ type: 'unwatch', id });
      },
    };
  }

  async compact(revision: bigint): Promise<void> {
    await this.#call({ type: 'compact', revision });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#calls.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#endWatches(closed());
    this.#port.close();
  }

  async #call(call: StorageCall, transfers: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#closing !== undefined) throw closed();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#calls.size === 0) this.#port.ref();
      this.#calls.set(id, { resolve, reject });
      this.#post({ type: 'call', id, call }, transfers);
    });
  }

  #receive(message: FromOwner): void {
    switch (message.type) {
      case 'result':
        this.#settle(message.id)?.resolve(message.value);
        break;
      case 'failure':
        this.#settle(message.id)?.reject(errorOf(message.failure));
        break;
      case 'changes':
        this.#watches.get(message.id)?.onChanges(message.changes);
        break;
      case 'progress':
        this.#watches.get(message.id)?.onProgress(message.revision);
        break;
      case 'end':
        this.#end(message.id, errorOf(message.failure) as StorageError);
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#calls.get(id);
    this.#calls.delete(id);
    if (this.#calls.size === 0) {
      this.#port.unref();
      this.#onIdle();
    }
    return pending;
  }

  #end(id: number, error: StorageError): void {
    const observer = this.#watches.get(id);
    this.#watches.delete(id);
    observer?.onEnd(error);
  }

  #endWatches(error: StorageError): void {
    for (const id of [...this.#watches.keys()]) this.#end(id, error);
  }

  // The owner has closed its end: what it has not answered may be done or not.
  #lost(): void {
    this.#closing ??= Promise.resolve();
    const error = new StorageError('unavailable', 'the thread that owns the storage has left');
    for (const id of [...this.#calls.keys()]) this.#settle(id)?.reject(error);
    this.#endWatches(error);
  }

  #post(message: ToOwner, transfers: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfers);
  }
}

function closed(): StorageError {
  return new StorageError('closed', 'the storage is closed');
}
