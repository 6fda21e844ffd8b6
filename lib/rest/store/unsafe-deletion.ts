/**
 * Deleting an object that the storage holds and nobody can read (KEP-3926, apiserver
 * `registry/generic/registry/corrupt_obj_deleter.go`).
 *
 *  1. What can be read is refused: it is for an ordinary deletion.
 *  2. An ordinary deletion is tried all the same: the cache may still know the object, and its
 *     finalizers are kept then.
 *  3. Otherwise the key is deleted at the revision at which it could not be read, so that nothing
 *     goes that somebody has written meanwhile.
 */

import { unreadable } from '../../cache/index.js';
import type { ObjectKey, ResourceType } from '../../object/index.js';
import { conflict, fieldInvalid, invalid, isStatusError, notFound } from '../../request/index.js';
import { CorruptValuesError, type CorruptValue, type Storage } from '../../storage/index.js';
import { toStatusFailure } from './failure.js';
import type { CurrentState } from './guaranteed-update.js';
import { isPossibleKey, keyPrefix, objectKey } from './key.js';
import type { Deleted, DeleteRequest } from './request.js';

export class UnsafeDeletion {
  readonly #type: ResourceType;
  readonly #storage: Storage;
  readonly #ordinary: (request: DeleteRequest) => Promise<Deleted>;

  constructor(
    type: ResourceType,
    storage: Storage,
    ordinary: (request: DeleteRequest) => Promise<Deleted>,
  ) {
    this.#type = type;
    this.#storage = storage;
    this.#ordinary = ordinary;
  }

  /** Rejects with 404, 409 where it was written meanwhile, 422 for what can be read. */
  async delete(request: DeleteRequest): Promise<Deleted> {
    const { name } = request;
    if (!isPossibleKey(this.#type, request)) throw notFound(this.#type, name);
    try {
      const found = await this.#find(request);
      if (found === undefined) throw this.#isReadable(name);
      const deleted = await this.#deleteOrdinarily(request);
      return deleted ?? (await this.#deleteAt(request, found));
    } catch (error) {
      throw toStatusFailure(this.#type, 'delete', error);
    }
  }

  /** Throws a CorruptValuesError, unless the state is that of an object with this key. */
  refuseUnreadable(key: ObjectKey, { bytes, revision }: CurrentState): void {
    const found = this.#unreadable(objectKey(this.#type, key), bytes, revision);
    if (found !== undefined) throw new CorruptValuesError([found]);
  }

  // What can't be read; `undefined` where it can.
  async #find(request: ObjectKey): Promise<CorruptValue | undefined> {
    const key = objectKey(this.#type, request);
    try {
      const stored = await this.#storage.get(key);
      if (stored === undefined) throw notFound(this.#type, request.name);
      return this.#unreadable(key, stored.value, stored.revision);
    } catch (error) {
      const [value] = error instanceof CorruptValuesError ? error.values : [];
      if (value === undefined) throw error;
      return value;
    }
  }

  async #deleteOrdinarily(request: DeleteRequest): Promise<Deleted | undefined> {
    try {
      return await this.#ordinary(request);
    } catch (error) {
      if (isStatusError(error) && error.reason === 'StorageReadError') return undefined;
      throw error;
    }
  }

  async #deleteAt(request: DeleteRequest, { key, revision }: CorruptValue): Promise<Deleted> {
    const { namespace, name } = request;
    // A storage that does not tell it can't be asked to delete just this.
    if (revision === undefined) throw conflict(this.#type, name);
    request.signal?.throwIfAborted();
    const written = await this.#storage.write({ key, expected: revision, value: null });
    if (!written.ok && written.current !== undefined) throw conflict(this.#type, name);
    const gone = { gone: true, uid: '', bytes: new Uint8Array(0), warnings: [] };
    return { namespace, name, resourceVersion: undefined, ...gone };
  }

  #unreadable(key: string, value: Uint8Array, revision: bigint): CorruptValue | undefined {
    const space = { prefix: keyPrefix(this.#type), namespaced: this.#type.namespaced };
    return unreadable(space, { key, value, revision });
  }

  #isReadable(name: string): Error {
    const { group, resource: kind } = this.#type;
    const detail =
      'is exclusively used to delete corrupt object(s), try again by removing this option';
    return invalid({ group, kind }, name, [
      fieldInvalid('ignoreStoreReadErrorWithClusterBreakingPotential', true, detail),
    ]);
  }
}
