/**
 * All objects of a test server as they are at this moment, and every change of them.
 *
 *  1. It follows the storage itself: a change is here before the write that made it is answered.
 *  2. Changes come in the order of their resourceVersions, each once, none left out.
 *  3. Objects are given out parsed anew each time: whoever gets one may change it.
 */

import { EventEmitter } from 'node:events';
import {
  compareUtf8,
  qualifiedResource,
  scanObject,
  stampRevision,
  type ResourceType,
} from '../object/index.js';
import { keyPrefix } from '../rest/index.js';
import type { Storage, StorageChange, StorageWatch } from '../storage/index.js';

/** A change of one object. */
export interface ObjectChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** `widgets.example.com`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** The new version; of a deletion the last one, with the resourceVersion of the deletion. */
  parse(): object;
}

interface Entry extends ObjectChange {
  readonly key: string;
}

export class ObjectState {
  readonly #types: ReadonlyMap<string, ResourceType>;
  readonly #entries = new Map<string, Entry>();
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #watch: StorageWatch;

  private constructor(storage: Storage, types: readonly ResourceType[]) {
    this.#types = new Map(types.map((type) => [keyPrefix(type), type]));
    this.#watch = storage.watch('/', 0n, {
      onChanges: (changes) => this.#apply(changes),
      onProgress: () => undefined,
      onEnd: () => undefined,
    });
  }

  /** Follows a storage that has not been written to yet. */
  static async follow(storage: Storage, types: readonly ResourceType[]): Promise<ObjectState> {
    const state = new ObjectState(storage, types);
    // A watch turns live in the turn after it was opened.
    await new Promise<void>((resolve) => setImmediate(resolve));
    return state;
  }

  /** The objects of a resource, sorted by namespace and name. */
  list(resource: string, namespace?: string): readonly object[] {
    return this.entries(resource, namespace).map((entry) => entry.parse());
  }

  /** The last change of each of them, in the same order. */
  entries(resource: string, namespace?: string): readonly ObjectChange[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.resource === resource)
      .filter((entry) => namespace === undefined || entry.namespace === namespace)
      .sort((left, right) => compareUtf8(left.key, right.key));
  }

  /** Calls back for every change, in order, until the function that it returns is called. */
  subscribe(listener: (change: ObjectChange) => void): () => void {
    this.#emitter.on('change', listener);
    return () => void this.#emitter.off('change', listener);
  }

  close(): void {
    this.#watch.close();
    this.#emitter.removeAllListeners();
  }

  #apply(changes: readonly StorageChange[]): void {
    for (const change of changes) {
      const entry = this.#entryOf(change);
      if (entry === undefined) continue;
      if (entry.type === 'DELETED') this.#entries.delete(entry.key);
      else this.#entries.set(entry.key, entry);
      this.#emitter.emit('change', entry);
    }
  }

  #entryOf({ type, key, value, revision, createRevision }: StorageChange): Entry | undefined {
    const [, group = '', resource = '', ...names] = key.split('/');
    const served = this.#types.get(`/${group}/${resource}/`);
    if (served === undefined) return undefined;
    const putType = revision === createRevision ? 'ADDED' : 'MODIFIED';
    return {
      key,
      type: type === 'delete' ? 'DELETED' : putType,
      resource: qualifiedResource(served),
      namespace: names.length > 1 ? (names[0] as string) : '',
      name: names.at(-1) as string,
      parse: () => {
        const { bytes } = stampRevision(scanObject(value, []), revision);
        return JSON.parse(new TextDecoder().decode(bytes)) as object;
      },
    };
  }
}
