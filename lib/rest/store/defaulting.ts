/**
 * A storage that shows the objects of a type with the defaults of its strategy: as upstream, whose
 * decoders fill them in whatever they read. What caches are filled from; what is stored stays as it
 * was written, until it is written again.
 *
 * An object that the default fails on is shown as it is stored: one of them must not keep the
 * others from being read. The log tells it.
 */

import { apiVersionOf, storageVersion } from '../../object/index.js';
import type { ResourceType } from '../../object/index.js';
import { decodeJson, encodeJson, isJsonObject } from '../../object/lossless/index.js';
import { silentLogger } from '../../request/index.js';
import type { Logger } from '../../request/index.js';
import type {
  ListOptions,
  Storage,
  StorageWatch,
  StoredList,
  StoredValue,
  WatchObserver,
  Write,
  WriteResult,
} from '../../storage/index.js';
import { strategyOf } from '../definition/index.js';
import { hookContext } from './hook-context.js';
import { keyPrefix } from './key.js';
import { decodeMetadata } from './metadata.js';
import { composeObject } from './preparation.js';
import { applyDefault } from './strategy.js';

/** `storage` itself where the type has no default. */
export function defaultedStorage(
  type: ResourceType,
  storage: Storage,
  logger: Logger = silentLogger,
): Storage {
  if (strategyOf(type)?.default === undefined) return storage;
  return new DefaultedStorage(type, storage, logger);
}

class DefaultedStorage implements Storage {
  readonly kind: string;
  readonly #type: ResourceType;
  readonly #storage: Storage;
  readonly #logger: Logger;
  readonly #prefix: string;

  constructor(type: ResourceType, storage: Storage, logger: Logger) {
    this.kind = storage.kind;
    this.#type = type;
    this.#storage = storage;
    this.#logger = logger;
    this.#prefix = keyPrefix(type);
  }

  committedRevision(): bigint | Promise<bigint> {
    return this.#storage.committedRevision();
  }

  compactedRevision(): bigint {
    return this.#storage.compactedRevision();
  }

  async get(key: string): Promise<StoredValue | undefined> {
    const stored = await this.#storage.get(key);
    return stored && this.#shown(stored);
  }

  async list(prefix: string, options?: ListOptions): Promise<StoredList> {
    const list = await this.#storage.list(prefix, options);
    return { ...list, values: list.values.map((stored) => this.#shown(stored)) };
  }

  async write(write: Write): Promise<WriteResult> {
    const result = await this.#storage.write(write);
    return result.ok
      ? result
      : { ok: false, current: result.current && this.#shown(result.current) };
  }

  watch(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    return this.#storage.watch(prefix, after, {
      onChanges: (changes) => observer.onChanges(changes.map((change) => this.#shown(change))),
      onProgress: (revision) => observer.onProgress(revision),
      onEnd: (error) => observer.onEnd(error),
    });
  }

  compact(revision: bigint): Promise<void> {
    return this.#storage.compact(revision);
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  #shown<Stored extends { readonly key: string; readonly value: Uint8Array }>(
    stored: Stored,
  ): Stored {
    if (!stored.key.startsWith(this.#prefix)) return stored;
    return { ...stored, value: this.#filled(stored.value) };
  }

  #filled(bytes: Uint8Array): Uint8Array {
    const type = this.#type;
    const version = storageVersion(type);
    try {
      const object = decodeJson(bytes);
      if (!isJsonObject(object)) return bytes;
      const { metadata: rawMetadata, ...content } = object;
      const { metadata } = decodeMetadata(rawMetadata);
      const { namespace = '', name = '' } = metadata;
      const context = {
        ...hookContext({ namespace, name }, version, 'decode'),
        logger: this.#logger,
      };
      const apiVersion = apiVersionOf(type.group, version.name);
      const prepared = { content: { ...content, apiVersion }, metadata };
      return encodeJson(composeObject(applyDefault(type, strategyOf(type), context, prepared)));
    } catch {
      // Whatever fails in the default has been logged.
      return bytes;
    }
  }
}
