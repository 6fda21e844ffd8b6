/**
 * A resource that is read through, as it is served: reads out of its cache as those of a stored
 * type, writes by its handlers, which are seen in the cache before they are answered.
 */

import type { WatchCache } from '../../cache/index.js';
import type { ResourceType } from '../../object/index.js';
import type { RequestContext, VerbHandler, VerbTable } from '../handler/context.js';
import { get, list, watch } from '../handler/read.js';
import type { VirtualHandlers } from './contract.js';
import { servedObject, type OutgoingObject } from './outgoing.js';
import type { ReadThroughReader } from './reader.js';
import type { VirtualSettings } from './settings.js';
import { writeVerbs, type SettledWrite } from './write.js';

export interface ReadThroughResourceOptions {
  readonly type: ResourceType;
  readonly cache: WatchCache;
  /** Is told of writes. */
  readonly reader: Pick<ReadThroughReader, 'settle'>;
  /** Those that write. */
  readonly handlers: VirtualHandlers<unknown>;
  readonly settings: VirtualSettings;
}

export class ReadThroughResource {
  readonly type: ResourceType;
  /** For the server that puts the handlers together. @hidden */
  readonly verbs: VerbTable;
  readonly #cache: WatchCache;
  readonly #reader: ReadThroughResourceOptions['reader'];

  constructor({ type, cache, reader, handlers, settings }: ReadThroughResourceOptions) {
    this.type = type;
    this.#cache = cache;
    this.#reader = reader;
    const store = { cache };
    const reads: (readonly [string, VerbHandler])[] = [
      ['get', (request) => get({ ...request, store })],
      ['list', (request) => list({ ...request, store })],
      ['watch', (request) => watch({ ...request, store })],
    ];
    const writes = writeVerbs({
      handlers,
      settings,
      read: (request) => this.#read(request, request.info.name),
      settle: (write) => this.#settle(write),
    });
    this.verbs = new Map([...reads, ...writes]);
  }

  async #read(request: RequestContext, name: string): Promise<OutgoingObject | undefined> {
    const { apiVersion, version, info } = request;
    const { signal } = request.request;
    const object = await this.#cache.get(info.namespace, name, { apiVersion, signal });
    return object && servedObject(object.bytes, version);
  }

  // Undefined where the object is gone, or was not seen in time: then the handler's own is
  // answered.
  async #settle({ request, name, object }: SettledWrite): Promise<OutgoingObject | undefined> {
    const key = { namespace: request.info.namespace, name };
    const { signal } = request.request;
    const isSeen = await this.#reader.settle(key, object?.content, signal);
    return isSeen && object !== undefined ? this.#read(request, name) : undefined;
  }
}
