/**
 * The owner's end of a storage that other threads reach: does what they ask for, as if they had
 * called it themselves, and tells their watches.
 *
 *  1. What a write has changed is told to the watches before the write is acknowledged: a port
 *     keeps its order.
 *  2. When the other thread ends, its watches are closed; writes that it has sent are done.
 */

import { MessageChannel, type MessagePort } from 'node:worker_threads';

import type { Storage, StorageChange, StorageWatch, StoredValue } from '../contract.js';
import { StorageRevisions } from '../revisions.js';
import {
  carried,
  failureOf,
  type FromOwner,
  type StorageCall,
  type StorageShare,
  type ToOwner,
} from './messages.js';

/** One thread's way to a storage of this one. */
export class StorageHost {
  /** To send to the other thread, once, with its `port` transferred. */
  readonly share: StorageShare;
  readonly #storage: Storage;
  readonly #revisions: StorageRevisions;
  readonly #port: MessagePort;
  readonly #watches = new Map<number, StorageWatch>();

  /** `storage` is not closed with it. */
  constructor(storage: Storage) {
    this.#storage = storage;
    this.#revisions = new StorageRevisions(storage.revisions);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.on('message', (message: ToOwner) => this.#receive(message));
    this.#port.on('close', () => this.#closeWatches());
    // Whoever waits for an answer keeps the process alive, not who might be asked.
    this.#port.unref();
    const { buffer: revisions } = this.#revisions;
    const tellsCommits = storage.revisions !== undefined;
    const { kind } = storage;
    this.share = { type: 'shardwatch.storage', kind, port: port2, revisions, tellsCommits };
    this.#noteCompacted();
  }

  close(): void {
    this.#closeWatches();
    this.#port.close();
  }

  #receive(message: ToOwner): void {
    switch (message.type) {
      case 'call':
        void this.#answer(message.id, message.call);
        break;
      case 'watch':
        this.#open(message.id, message.prefix, message.after);
        break;
      case 'ask':
        this.#watches.get(message.id)?.requestProgress?.();
        break;
      case 'unwatch':
        this.#watches.get(message.id)?.close();
        this.#watches.delete(message.id);
    }
  }

  async #answer(id: number, call: StorageCall): Promise<void> {
    try {
      const { value, transfers } = await this.#done(call);
      this.#noteCompacted();
      this.#post({ type: 'result', id, value }, transfers);
    } catch (error) {
      this.#noteCompacted();
      this.#post({ type: 'failure', id, failure: failureOf(error) });
    }
  }

  async #done(call: StorageCall): Promise<{ value: unknown; transfers: ArrayBuffer[] }> {
    const storage = this.#storage;
    const transfers: ArrayBuffer[] = [];
    const carry = (stored: StoredValue | undefined): StoredValue | undefined =>
      stored && { ...stored, value: carried(stored.value, transfers) };
    switch (call.type) {
      case 'committed':
        return { value: await storage.committedRevision(), transfers };
      case 'get':
        return { value: carry(await storage.get(call.key)), transfers };
      case 'list': {
        const list = await storage.list(call.prefix, call.options);
        return {
          value: { ...list, values: list.values.map((stored) => carry(stored)) },
          transfers,
        };
      }
      case 'write': {
        const result = await storage.write(call.write);
        const value = result.ok ? result : { ok: false, current: carry(result.current) };
        return { value, transfers };
      }
      case 'compact':
        return { value: await storage.compact(call.revision), transfers };
    }
  }

  #open(id: number, prefix: string, after: bigint): void {
    const watch = this.#storage.watch(prefix, after, {
      onChanges: (changes) => this.#tell(id, changes),
      onProgress: (revision) => this.#post({ type: 'progress', id, revision }),
      onEnd: (error) => {
        this.#watches.delete(id);
        this.#post({ type: 'end', id, failure: failureOf(error) });
      },
    });
    this.#watches.set(id, watch);
  }

  #tell(id: number, changes: readonly StorageChange[]): void {
    const transfers: ArrayBuffer[] = [];
    const carriedChanges = changes.map((change) => ({
      ...change,
      value: carried(change.value, transfers),
    }));
    this.#post({ type: 'changes', id, changes: carriedChanges }, transfers);
  }

  // A storage that keeps it there itself is never behind.
  #noteCompacted(): void {
    if (this.#storage.revisions !== undefined) return;
    this.#revisions.compacted = this.#storage.compactedRevision();
  }

  #closeWatches(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #post(message: FromOwner, transfers: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfers);
  }
}
