/**
 * What the code under test asked of the server: every request over a socket, in the order in which
 * they arrived, whatever became of them.
 */

import {
  derivedRecord,
  isStatusError,
  parseRequestInfo,
  type RequestInfo,
  type RequestRecord,
} from '../request/index.js';
import { checkMatch, matches, type MatchContext, type RequestMatch } from './request-match.js';
import { shown } from './describe.js';
import { waitUntil, type WaitBounds, type WaitOptions } from './wait.js';

/** A request, as it was seen before anything of the server answered it. */
export interface RecordedRequest {
  /** get, list, watch, create, update, patch, delete, deletecollection; else the method. */
  readonly verb: string;
  readonly method: string;
  /** Percent-encoded, with the query. */
  readonly url: string;
  /** `widgets.example.com`, and '' for what is no resource (discovery, probes). */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  /** Of the object; of a `create` the name in its body. */
  readonly name: string;
  readonly query: { readonly [parameter: string]: string };
  /** Who sent it: the user's name, or '' where nobody vouches for him. */
  readonly user: string;
  readonly userAgent: string;
  readonly contentType: string;
  /** The body as a value where it is JSON, as text where not, undefined where there is none. */
  readonly body: unknown;
  /** HTTP status of the answer; undefined until there is one, and where there never is. */
  readonly status: number | undefined;
}

export type Writable<T> = { -readonly [field in keyof T]: T[field] };

/** Bytes of a body that are kept: what the API itself takes. */
const BODY_BYTES_MAX: number = 3 * 1024 * 1024;

export class RequestLog {
  readonly #requests: RecordedRequest[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #context: MatchContext;
  readonly #bounds: WaitBounds;

  /** @internal Made by the server. */
  constructor(context: MatchContext, bounds: WaitBounds) {
    this.#context = context;
    this.#bounds = bounds;
  }

  /** All requests so far that match (default: all), the first one first. A copy. */
  all(match: RequestMatch = {}): readonly RecordedRequest[] {
    checkMatch(match, this.#context);
    return this.#requests.filter((request) => matches(match, request));
  }

  /** How many requests match (default: all). */
  count(match: RequestMatch = {}): number {
    return this.all(match).length;
  }

  /**
   * The first request that matches, arrived already or waited for. Rejects with a TestingError
   * `timeout`, `aborted`, `closed`, and `invalid-options` for a match that makes no sense.
   */
  async first(match: RequestMatch = {}, options: WaitOptions = {}): Promise<RecordedRequest> {
    return (await this.atLeast(1, match, options))[0] as RecordedRequest;
  }

  /** Waits until this many requests match, and resolves to all that do. Rejects as `first` does. */
  async atLeast(
    count: number,
    match: RequestMatch = {},
    options: WaitOptions = {},
  ): Promise<readonly RecordedRequest[]> {
    checkMatch(match, this.#context);
    const found = (): readonly RecordedRequest[] | undefined => {
      const all = this.all(match);
      return all.length >= count ? all : undefined;
    };
    return waitUntil(
      found,
      {
        subscribe: (listener) => this.subscribe(listener),
        bounds: this.#bounds,
        what: `${count === 1 ? 'a request' : `${count} requests`} that match`,
        describe: () => this.describe(),
      },
      options,
    );
  }

  /** Forgets the requests so far. */
  clear(): void {
    this.#requests.length = 0;
  }

  /** @internal For the server: calls back after every arrival and answer. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @internal For the server: a request has arrived. */
  note(request: RecordedRequest): void {
    this.#requests.push(request);
    this.#notify();
  }

  /** @internal For the server: a request has been answered. */
  answered(request: Writable<RecordedRequest>, status: number): void {
    request.status = status;
    this.#notify();
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** @internal For errors: the requests that came, a line each. */
  describe(): string {
    if (this.#requests.length === 0) return 'no request came';
    const lines = this.#requests.map(
      ({ method, url, user, status }) => `  ${method} ${url} by ${user || 'nobody'}: ${status}`,
    );
    return ['requests that came:', ...shown(lines)].join('\n');
  }
}

/** A request that arrived: as it is written down, and as it is passed on. */
export interface Arrival {
  readonly recorded: Writable<RecordedRequest>;
  readonly request: RequestRecord;
}

/**
 * Reads a request, its body included; what is passed on gives the same body again. `user` is who
 * sent it. Never rejects: what can't be read is refused by the server as it would be anyway.
 */
export async function readArrival(request: RequestRecord, user: string): Promise<Arrival> {
  const read = await readBody(request);
  const info = infoOf(request);
  const search = request.query.toString();
  const contentType = request.header('content-type') ?? '';
  const body = read.bytes === undefined ? undefined : bodyValue(read.bytes);
  const { group = '', resource = '' } = info ?? {};
  const recorded: Writable<RecordedRequest> = {
    verb: info?.verb ?? request.method.toLowerCase(),
    method: request.method,
    url: search === '' ? request.path : `${request.path}?${search}`,
    resource: group === '' || resource === '' ? resource : `${resource}.${group}`,
    subresource: info?.subresource ?? '',
    namespace: info?.namespace ?? '',
    name: (info?.name ?? '') || (info?.verb === 'create' ? nameIn(body) : ''),
    query: Object.fromEntries(request.query),
    user,
    userAgent: request.header('user-agent') ?? '',
    contentType,
    body,
    status: undefined,
  };
  return { recorded, request: read.request };
}

interface ReadBody {
  readonly bytes: Uint8Array | undefined;
  readonly request: RequestRecord;
}

const BODY_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

async function readBody(request: RequestRecord): Promise<ReadBody> {
  if (!BODY_METHODS.has(request.method)) return { bytes: undefined, request };
  try {
    const bytes = await request.body(BODY_BYTES_MAX);
    return { bytes, request: derivedRecord(request, { body: async () => bytes }) };
  } catch (error) {
    return {
      bytes: undefined,
      request: derivedRecord(request, { body: () => Promise.reject(error) }),
    };
  }
}

function infoOf({ method, path, query }: RequestRecord): RequestInfo | undefined {
  try {
    return parseRequestInfo(method, path, query);
  } catch (error) {
    if (isStatusError(error)) return undefined;
    throw error;
  }
}

function bodyValue(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return undefined;
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function nameIn(body: unknown): string {
  const { metadata } = (body ?? {}) as { readonly metadata?: { readonly name?: unknown } | null };
  return typeof metadata?.name === 'string' ? metadata.name : '';
}
