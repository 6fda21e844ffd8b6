/**
 * A REST handler over a real cache and a storage in memory, asked without sockets: requests are
 * records, answers are read out of their sources.
 */

import { WatchCache } from '../../lib/cache/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import type { JsonValue, ResourceType } from '../../lib/object/index.js';
import { decodeJson, encodeJson } from '../../lib/object/lossless/index.js';
import type { Answer, PullSource, RequestRecord } from '../../lib/request/index.js';
import { parseRequestInfo, requestEntityTooLarge } from '../../lib/request/index.js';
import {
  createRestHandler,
  defineResource,
  keyPrefix,
  ResourceStore,
} from '../../lib/rest/index.js';
import type { RestHandler, RestHandlerOptions } from '../../lib/rest/index.js';
import { MemoryStorage } from '../../lib/storage/index.js';
import type { Clock, Storage, Timer } from '../../lib/storage/index.js';

/** 2026-01-02T03:04:05Z. */
export const START = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** Namespaced, two versions, status subresource, a selectable field. */
export const WIDGETS: ResourceType = defineResource({
  group: 'example.com',
  kind: 'Widget',
  versions: [
    {
      name: 'v1',
      storage: true,
      statusSubresource: true,
      selectableFields: ['spec.color'],
      printerColumns: [{ name: 'Color', type: 'string', jsonPath: '.spec.color' }],
    },
    { name: 'v1beta1', statusSubresource: true, deprecated: true, storage: false },
    { name: 'v1alpha1', served: false, storage: false },
  ],
});

/** Cluster-scoped, no subresource. */
export const RACKS: ResourceType = defineResource({
  group: 'example.com',
  kind: 'Rack',
  scope: 'Cluster',
  version: 'v1',
});

/** A clock that moves when told. */
export class TestClock implements Clock {
  #now = START;
  readonly #timers = new Map<object, { at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const key = {};
    this.#timers.set(key, { at: this.#now + delayMs, callback });
    return { cancel: () => void this.#timers.delete(key) };
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const [key, { at, callback }] of this.#timers) {
      if (at > this.#now) continue;
      this.#timers.delete(key);
      callback();
    }
  }
}

export interface ServerOptions {
  readonly random?: () => number;
  readonly storage?: Storage;
  readonly engine?: EngineKind;
  readonly clock?: TestClock;
  readonly historyEntriesMax?: number;
  readonly handler?: Pick<RestHandlerOptions, 'authorize' | 'logger' | 'watchLossErrors'>;
}

export interface AskOptions {
  /** JSON unless it is bytes or text. */
  readonly body?: JsonValue | Uint8Array;
  readonly headers?: { readonly [name: string]: string };
  readonly signal?: AbortSignal;
  readonly auditId?: string;
}

/** What came back, its body read to the end (of watches: only on `pull`). */
export interface Reply {
  readonly status: number;
  header(name: string): string | undefined;
  headers(name: string): readonly string[];
  readonly source: Answer['source'];
  readonly text: string;
  /** The body with `JSON.parse`. */
  readonly json: Json;
}

/** Whatever: tests look where they expect something. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export class TestServer {
  readonly clock: TestClock;
  readonly storage: Storage;
  readonly stores: ReadonlyMap<ResourceType, ResourceStore>;
  readonly handle: RestHandler;
  #uids = 0;

  private constructor(options: ServerOptions, types: readonly ResourceType[]) {
    this.clock = options.clock ?? new TestClock();
    this.storage = options.storage ?? new MemoryStorage({ clock: this.clock });
    const random = options.random ?? ((): number => 0);
    const entriesMax = options.historyEntriesMax;
    this.stores = new Map(
      types.map((type) => {
        const cache = new WatchCache({
          name: `${type.resource}.${type.group}`,
          fields: type.versions.flatMap((version) => version.selectableFields),
          feed: { storage: this.storage, prefix: keyPrefix(type), namespaced: type.namespaced },
          clock: this.clock,
          random,
          ...(options.engine === undefined ? {} : { engine: options.engine }),
          ...(entriesMax === undefined
            ? {}
            : { history: { entriesMax, entriesMin: 1, windowMs: 0 } }),
        });
        const store = new ResourceStore({
          type,
          storage: this.storage,
          cache,
          now: () => this.clock.now(),
          random,
          newUid: () => `uid-${++this.#uids}`,
        });
        return [type, store];
      }),
    );
    this.handle = createRestHandler({
      stores: this.stores.values(),
      now: () => this.clock.now(),
      random,
      ...options.handler,
    });
  }

  static async start(
    options: ServerOptions = {},
    types: readonly ResourceType[] = [WIDGETS, RACKS],
  ): Promise<TestServer> {
    const server = new TestServer(options, types);
    for (const store of server.stores.values()) await store.cache.ready();
    return server;
  }

  store(type: ResourceType = WIDGETS): ResourceStore {
    return this.stores.get(type) as ResourceStore;
  }

  /** Asks, and reads the body; of a watch nothing is read. */
  async ask(method: string, url: string, options: AskOptions = {}): Promise<Reply> {
    const request = requestRecord(method, url, options, this.clock.now());
    const info = parseRequestInfo(method, request.path, request.query);
    const user = { username: 'tester', uid: '', groups: [], extra: {} };
    const answer = await this.handle(request, info, user);
    const text = info.verb === 'watch' && answer.status === 200 ? '' : await bodyText(answer);
    return {
      status: answer.status,
      headers: (name) => valuesOf(answer, name),
      header: (name) => valuesOf(answer, name)[0],
      source: answer.source,
      text,
      get json() {
        return JSON.parse(text) as Json;
      },
    };
  }

  async close(): Promise<void> {
    for (const store of this.stores.values()) await store.cache.close();
    await this.storage.close();
  }
}

export function requestRecord(
  method: string,
  url: string,
  { body, headers = {}, signal, auditId }: AskOptions,
  receivedAt: number,
): RequestRecord {
  const [path = '', query = ''] = url.split('?');
  const bytes = body === undefined ? new Uint8Array() : toBytes(body);
  const header = (name: string): string | undefined =>
    Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return {
    method,
    path,
    query: new URLSearchParams(query),
    header,
    headers: (name) => {
      const value = header(name);
      return value === undefined ? [] : [value];
    },
    headerNames: () => Object.keys(headers).map((name) => name.toLowerCase()),
    body: async (maxBytes) => {
      if (bytes.length > maxBytes) throw requestEntityTooLarge(`limit is ${maxBytes}`);
      return bytes;
    },
    secure: true,
    protocol: 'HTTP/2',
    remoteAddress: '127.0.0.1',
    peerCertificate: undefined,
    signal: signal ?? new AbortController().signal,
    receivedAt,
    ...(auditId === undefined ? {} : { auditId }),
  };
}

function toBytes(body: JsonValue | Uint8Array): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return typeof body === 'string' ? Buffer.from(body) : encodeJson(body);
}

export function valuesOf(answer: Answer, name: string): readonly string[] {
  return answer.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

export async function bodyText({ source }: Answer): Promise<string> {
  if (source.type === 'bytes') return Buffer.from(source.bytes).toString();
  if (source.type === 'connect') return '';
  const chunks: Uint8Array[] = [];
  for (;;) {
    const pulled = source.pull(1 << 16);
    if (pulled.type === 'chunks') chunks.push(...pulled.chunks);
    else if (pulled.type === 'end') break;
    else if (pulled.type === 'abort') throw pulled.error;
    else await new Promise<void>((resolve) => source.onReadable(resolve));
  }
  source.close();
  return Buffer.concat(chunks).toString();
}

/** Reads a watch event by event. */
export class WatchReader {
  readonly #source: PullSource;
  #lines: string[] = [];

  constructor(reply: Reply) {
    if (reply.source.type !== 'pull') throw new TypeError('no stream');
    this.#source = reply.source;
  }

  /** The next event as text, or `undefined` at the end. */
  async nextLine(): Promise<string | undefined> {
    while (this.#lines.length === 0) {
      const pulled = this.#source.pull(1 << 16);
      if (pulled.type === 'chunks') {
        const text = Buffer.concat(pulled.chunks).toString();
        this.#lines.push(...text.split('\n').filter((line) => line !== ''));
      } else if (pulled.type === 'end') {
        this.#source.close();
        return undefined;
      } else if (pulled.type === 'abort') throw pulled.error;
      else await new Promise<void>((resolve) => this.#source.onReadable(resolve));
    }
    return this.#lines.shift();
  }

  async next(): Promise<Json> {
    const line = await this.nextLine();
    return line === undefined ? undefined : (JSON.parse(line) as Json);
  }

  close(): void {
    this.#source.close();
  }
}

export const WIDGETS_URL = '/apis/example.com/v1/namespaces/team-a/widgets';
export const RACKS_URL = '/apis/example.com/v1/racks';

export function widget(name: string, more: { readonly [key: string]: JsonValue } = {}): Json {
  const { metadata = {}, ...rest } = more as { metadata?: object };
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name, ...metadata },
    ...rest,
  };
}

export const MERGE: { readonly [name: string]: string } = {
  'Content-Type': 'application/merge-patch+json',
};
export const JSON_PATCH: { readonly [name: string]: string } = {
  'Content-Type': 'application/json-patch+json',
};

export { decodeJson };
