/**
 * A whole server of virtual resources, asked without sockets: through its filters, so that users,
 * audit IDs, deadlines, logs and metrics are as they are for real clients.
 */

import type { ExecutionContext } from 'ava';
import type { ResourceType, UnknownObject } from '../../lib/object/index.js';
import type { LogFields, Logger } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import type { DefinedResource, ResourceOptions, VirtualHandlers } from '../../lib/rest/index.js';
import { createServer } from '../../lib/server/index.js';
import type { ApiServer, ServerOptions } from '../../lib/server/index.js';
import { ManualClock } from '../clock.js';
import { bodyText, requestRecord, valuesOf, WatchReader } from '../rest/fixture.js';
import type { AskOptions, Json, Reply } from '../rest/fixture.js';

export interface Lamp extends UnknownObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: { [key: string]: string };
    readonly resourceVersion?: string;
    readonly uid?: string;
  };
  readonly spec?: { readonly color?: string; readonly watts?: number };
}

export function lamp(
  namespace: string,
  name: string,
  rest: {
    labels?: { [key: string]: string };
    color?: string;
    watts?: number;
    resourceVersion?: string;
    uid?: string;
  } = {},
): Lamp {
  const { labels, resourceVersion, uid, ...spec } = rest;
  return {
    metadata: {
      namespace,
      name,
      ...(labels === undefined ? {} : { labels }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(uid === undefined ? {} : { uid }),
    },
    spec,
  };
}

export const LAMPS_URL = '/apis/example.com/v1/namespaces/shop/lamps';
export const ALL_LAMPS_URL = '/apis/example.com/v1/lamps';

/** Lamps, namespaced, with a column and a selectable field, served by `handlers`. */
export function lamps(
  handlers: VirtualHandlers<Lamp>,
  options: Partial<ResourceOptions<Lamp>> = {},
): DefinedResource<Lamp> {
  return defineResource<Lamp>({
    group: 'example.com',
    version: 'v1',
    kind: 'Lamp',
    selectableFields: ['spec.color'],
    printerColumns: [{ name: 'Color', type: 'string', jsonPath: '.spec.color' }],
    handlers,
    ...options,
  });
}

export interface LogEntry {
  readonly level: 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

export class VirtualServer {
  readonly clock: ManualClock;
  readonly server: ApiServer;
  /** Warnings and errors. */
  readonly log: LogEntry[] = [];

  constructor(
    t: ExecutionContext,
    resources: readonly ResourceType[],
    options: Partial<ServerOptions> & { readonly clock?: ManualClock } = {},
  ) {
    this.clock = options.clock ?? new ManualClock();
    const user = { username: 'ana', uid: '', groups: ['system:authenticated'], extra: {} };
    this.server = createServer({
      resources,
      authenticator: { authenticate: async () => user },
      logger: this.#logger(),
      random: () => 0,
      ...options,
      clock: this.clock,
    });
    t.teardown(() => this.server.close({ graceMs: 0 }));
  }

  async ask(method: string, url: string, options: AskOptions = {}): Promise<Reply> {
    const request = requestRecord(method, url, options, this.clock.now());
    const answer = await this.server.handler(request);
    const isWatch = request.query.has('watch') && answer.status === 200;
    const text = isWatch ? '' : await bodyText(answer);
    return {
      status: answer.status,
      headers: (name) => valuesOf(answer, name),
      header: (name) => valuesOf(answer, name.toLowerCase())[0],
      source: answer.source,
      text,
      get json() {
        return JSON.parse(text) as Json;
      },
    };
  }

  get(url: string, options: AskOptions = {}): Promise<Reply> {
    return this.ask('GET', url, options);
  }

  /** Opens a watch; `query` begins with `&`. */
  async watch(url: string, query = '', options: AskOptions = {}): Promise<WatchReader> {
    const reply = await this.ask('GET', `${url}?watch=true${query}`, options);
    if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
    return new WatchReader(reply);
  }

  /** The value of a metric by its name and labels, as they stand in the exposition. */
  async metric(series: string): Promise<number | undefined> {
    const { text } = await this.get('/metrics');
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  /** The error that a log entry is about; '' where there is none. */
  loggedError(index = 0): string {
    const error = this.log[index]?.fields['err'];
    return error instanceof Error ? error.message : '';
  }

  #logger(): Logger {
    const entry =
      (level: LogEntry['level']) =>
      (fields: LogFields, message: string): void =>
        void this.log.push({ level, fields, message });
    const nothing = (): void => undefined;
    return { debug: nothing, info: nothing, warn: entry('warn'), error: entry('error') };
  }
}

/** `namespace/name` of the objects of a list. */
export function places(list: Json): string[] {
  const { items } = list as { items: readonly Lamp[] };
  return items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

/** Lets everything that is due run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export type { Json, Reply };
