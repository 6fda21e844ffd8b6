/**
 * The objects of one resource type: create, update, delete over a Storage, with everything the
 * server keeps true about them. Reads come from the type's WatchCache; writes go to the storage
 * alone, and reach the cache through its feed.
 *
 *  1. An answer carries the bytes that were stored, with the revision of the write in them.
 *  2. A write that changes nothing writes nothing: same resourceVersion, no event.
 *  3. Objects are stored at the type's storage version; requests may use any served one, and are
 *     answered in theirs (conversion strategy None).
 *  4. A dry run does everything but the write.
 *
 * Failures are StatusErrors, as a client is told them.
 */

import { randomUUID } from 'node:crypto';
import type { WatchCache } from '../../cache/index.js';
import { storageVersion } from '../../object/index.js';
import type { ObjectKey, ResourceType, ResourceVersion } from '../../object/index.js';
import { decodeJson, isJsonObject } from '../../object/lossless/index.js';
import { alreadyExists, generateNameConflict, notFound, StatusError } from '../../request/index.js';
import type { Storage, StoredValue } from '../../storage/index.js';
import { strategyOf } from '../definition/index.js';
import type { HookContext } from '../definition/index.js';
import { Changes } from './changes.js';
import type { Change } from './changes.js';
import { deleteCollection } from './collection.js';
import { toStatusFailure } from './failure.js';
import type { CurrentState, Updated as GuaranteedResult } from './guaranteed-update.js';
import { guaranteedUpdate } from './guaranteed-update.js';
import { hookContext } from './hook-context.js';
import { isPossibleKey, objectKey } from './key.js';
import { decodeMetadata } from './metadata.js';
import { generateName, NAME_ATTEMPTS_MAX } from './name.js';
import { outgoingBytes } from './outgoing.js';
import { UnsafeDeletion } from './unsafe-deletion.js';
import type {
  CreateRequest,
  DeleteCollectionRequest,
  Deleted,
  DeletedCollection,
  DeleteRequest,
  Updated,
  UpdateRequest,
  Written,
} from './request.js';

export interface ResourceStoreOptions {
  readonly type: ResourceType;
  readonly storage: Storage;
  /** The cache that the storage feeds with this type's objects (`keyPrefix(type)`). */
  readonly cache: WatchCache;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly now?: () => number;
  /** A number in [0, 1), for generated names. Default Math.random. */
  readonly random?: () => number;
  /** Default: random UUIDs. */
  readonly newUid?: () => string;
}

export class ResourceStore {
  readonly type: ResourceType;
  readonly cache: WatchCache;
  readonly #storage: Storage;
  readonly #random: () => number;
  readonly #changes: Changes;
  readonly #unsafe: UnsafeDeletion;

  constructor(options: ResourceStoreOptions) {
    this.type = options.type;
    this.cache = options.cache;
    this.#storage = options.storage;
    this.#random = options.random ?? Math.random;
    this.#changes = new Changes({
      type: options.type,
      now: options.now ?? Date.now,
      newUid: options.newUid ?? randomUUID,
    });
    this.#unsafe = new UnsafeDeletion(options.type, options.storage, (request) =>
      this.#delete(request),
    );
  }

  /** Rejects with 409 AlreadyExists, 422 Invalid, 400, 413. */
  async create(request: CreateRequest): Promise<Written> {
    const version = this.#versionOf(request);
    const creation = this.#changes.beginCreate(request, version);
    const context = hookContext(request, version, 'create');
    const { generateName: base = '', name = '' } = creation.metadata;
    const isGenerated = name === '' && base !== '';
    for (let attempt = 1; ; attempt++) {
      const chosen = isGenerated ? generateName(base, this.#random) : name;
      const change = await this.#changes.create(creation, chosen, version, {
        ...context,
        name: chosen,
      });
      const key = { namespace: change.metadata.namespace ?? '', name: chosen };
      request.signal?.throwIfAborted();
      const outcome = await this.#insert(key, change, request.dryRun === true);
      if ('revision' in outcome) {
        return this.#written(change, version, outcome.revision, change.warnings);
      }
      if (!isGenerated) throw alreadyThere(this.type, chosen, outcome.existing);
      if (attempt === NAME_ATTEMPTS_MAX) throw generateNameConflict(this.type, chosen);
    }
  }

  /** Rejects with 404, 409 Conflict, 422 Invalid, 400, 413, and with what `change` throws. */
  async update(request: UpdateRequest): Promise<Updated> {
    const version = this.#versionOf(request);
    const verb = request.isPatch === true ? 'patch' : 'update';
    const context = hookContext(request, version, verb);
    let previous: bigint | undefined;
    const { result, revision, created } = await this.#guaranteed(
      verb,
      request,
      (current) => {
        previous = current.revision;
        return this.#changes.update(request, version, current, context);
      },
      this.#creation(request, version, context),
    );
    // An update that lets the object go answers, as upstream, with the revision it last had.
    const told = result.removes ? previous : revision;
    return { ...this.#written(result, version, told, result.warnings), created };
  }

  /**
   * Rejects with 404, 409 Conflict for a failed precondition; with `ignoreStoreReadError` with 422
   * for an object that can be read.
   */
  async delete(request: DeleteRequest): Promise<Deleted> {
    if (request.ignoreStoreReadError === true) return this.#unsafe.delete(request);
    return this.#delete(request);
  }

  async #delete(request: DeleteRequest): Promise<Deleted> {
    const version = this.#versionOf(request);
    const { result, revision } = await this.#guaranteed('delete', request, async (current) =>
      this.#changes.delete(request, current),
    );
    return { ...this.#written(result, version, revision, []), gone: result.removes };
  }

  /**
   * Deletes the matching objects one by one; not atomic. What is gone already is no error; the
   * first other failure ends it.
   */
  deleteCollection(request: DeleteCollectionRequest): Promise<DeletedCollection> {
    return deleteCollection(this, request);
  }

  // Undefined where a PUT creates nothing.
  #creation(
    request: UpdateRequest,
    version: ResourceVersion,
    context: HookContext,
  ): (() => Promise<Change>) | undefined {
    const { creation } = request;
    if (creation === undefined || strategyOf(this.type)?.allowCreateOnUpdate !== true) {
      return undefined;
    }
    let authorized: Promise<void> | undefined;
    return async () => {
      authorized ??= creation.authorize();
      await authorized;
      return this.#changes.createMissing(request, version, creation.object, context);
    };
  }

  async #insert(
    key: ObjectKey,
    change: Change,
    dryRun: boolean,
  ): Promise<
    { readonly revision: bigint | undefined } | { readonly existing: StoredValue | undefined }
  > {
    const storageKey = objectKey(this.type, key);
    try {
      if (dryRun) {
        const existing = await this.#storage.get(storageKey);
        return existing === undefined ? { revision: undefined } : { existing };
      }
      const { value } = change;
      const written = await this.#storage.write({ key: storageKey, expected: 0n, value });
      return written.ok ? { revision: written.revision } : { existing: written.current };
    } catch (error) {
      throw toStatusFailure(this.type, 'create', error);
    }
  }

  async #guaranteed(
    verb: string,
    request: ObjectKey & { readonly dryRun?: boolean; readonly signal?: AbortSignal },
    change: (current: CurrentState) => Promise<Change>,
    create?: () => Promise<Change>,
  ): Promise<GuaranteedResult<Change>> {
    const { type } = this;
    const key = { namespace: request.namespace, name: request.name };
    if (!isPossibleKey(type, key)) throw notFound(type, key.name);
    try {
      return await guaranteedUpdate({
        storage: this.#storage,
        key: objectKey(type, key),
        guess: await this.#guess(key),
        change: async (current) => {
          const result = await change(current);
          return { value: result.removes ? null : result.value, result };
        },
        create:
          create &&
          (async () => {
            const result = await create();
            return { value: result.value, result };
          }),
        check: (state) => this.#unsafe.refuseUnreadable(key, state),
        notFound: () => notFound(type, key.name),
        dryRun: request.dryRun === true,
        signal: request.signal,
      });
    } catch (error) {
      throw toStatusFailure(type, verb, error);
    }
  }

  // A cache that can't answer only costs a read.
  async #guess({ namespace, name }: ObjectKey): Promise<CurrentState | undefined> {
    if (!this.cache.isReady) return undefined;
    const cached = await this.cache
      .get(namespace, name, { resourceVersion: '0' })
      .catch(() => undefined);
    if (cached === undefined) return undefined;
    return { bytes: cached.bytes, revision: BigInt(cached.resourceVersion) };
  }

  #versionOf(request: { readonly version?: ResourceVersion }): ResourceVersion {
    return request.version ?? storageVersion(this.type);
  }

  #written(
    { metadata, value }: Change,
    version: ResourceVersion,
    revision: bigint | undefined,
    warnings: readonly string[],
  ): Written {
    return {
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
      uid: metadata.uid ?? '',
      bytes: outgoingBytes(this.type, version, value, revision),
      resourceVersion: revision?.toString(),
      warnings,
    };
  }
}

function alreadyThere(
  type: ResourceType,
  name: string,
  existing: StoredValue | undefined,
): StatusError {
  const error = alreadyExists(type, name);
  if (existing === undefined || !isTerminating(existing.value)) return error;
  const { code, reason, message, details } = error;
  return new StatusError({
    code,
    reason,
    message: `object is being deleted: ${message}`,
    ...(details === undefined ? {} : { details }),
  });
}

function isTerminating(bytes: Uint8Array): boolean {
  const object = decodeJson(bytes);
  if (!isJsonObject(object)) return false;
  return decodeMetadata(object['metadata']).metadata.deletionTimestamp !== undefined;
}
