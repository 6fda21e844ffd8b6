/** Watches over real sockets, by HTTP/1.1 and by HTTP/2, read line by line. */

import http from 'node:http';
import http2 from 'node:http2';

import type { ExecutionContext } from 'ava';

import type { EngineKind } from '../../lib/engine/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer, type ApiServer, type ServerOptions } from '../../lib/server/index.js';
import { testCertificates } from '../../lib/testing/certificates.js';
import { GatedStorage } from '../cache/gated-storage.js';
import { ManualClock } from '../clock.js';

export type Protocol = 'HTTP/1.1' | 'HTTP/2';

export const WIDGETS = '/apis/example.com/v1/namespaces/shop/widgets';
export const WATCH = `${WIDGETS}?watch=1`;

/** Whatever: tests look where they expect something. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

/** An answer whose body is still coming. */
export interface WatchStream {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  /** The next line of the body, newline included; undefined at its clean end. */
  line(): Promise<string | undefined>;
  /** The next line, parsed. */
  event(): Promise<Json>;
  /** Lines that have come and were not asked for yet. */
  readonly pending: number;
  /** Stops reading, until `readOn`. */
  stopReading(): void;
  readOn(): void;
  leave(): void;
}

export interface Scene {
  /** Where the server listens. */
  readonly url: string;
  readonly server: ApiServer;
  readonly clock: ManualClock;
  readonly storage: GatedStorage;
  /** Sends a request by a connection of its own. */
  ask(path: string, options?: AskOptions): Promise<WatchStream>;
  /** Creates widgets and waits until the cache has them. */
  create(...names: readonly string[]): Promise<void>;
  /** The same for one with so many bytes in it. */
  createLarge(name: string, bytes: number): Promise<void>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string };
}

const USER = { username: 'ana', uid: '', groups: ['system:authenticated'], extra: {} };

const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });

/** Can be listed and not watched. */
const reviews = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Review',
  handlers: { list: async () => [] },
});

/** A server whose storage and clock are in the test's hands. */
export async function scene(
  t: ExecutionContext,
  engine: EngineKind,
  protocol: Protocol,
  options: Partial<ServerOptions> = {},
): Promise<Scene> {
  const clock = new ManualClock();
  const storage = new GatedStorage({ clock });
  const server = createServer({
    resources: [widgets, reviews],
    storage,
    clock,
    engine,
    random: () => 0,
    authenticator: { authenticate: async () => USER },
    ...options,
  });
  t.teardown(() => server.close());
  const tls = protocol === 'HTTP/2' ? { tls: (await testCertificates()).serving } : {};
  const { url } = await server.listen({ host: '127.0.0.1', ...tls });
  const ask = async (path: string, asked: AskOptions = {}): Promise<WatchStream> => {
    const stream = await (protocol === 'HTTP/2' ? askHttp2 : askHttp1)(url, path, asked);
    t.teardown(() => stream.leave());
    return stream;
  };
  const create = async (name: string, bytes: number): Promise<void> => {
    const { status } = await server.inject({
      method: 'POST',
      path: WIDGETS,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        apiVersion: 'example.com/v1',
        kind: 'Widget',
        metadata: { name },
        spec: { text: 'x'.repeat(bytes) },
      }),
    });
    if (status !== 201) throw new Error(`${name}: ${status}`);
  };
  const settle = async (): Promise<void> =>
    void (await server.cache('widgets.example.com')!.get('shop', 'none'));
  return {
    url,
    server,
    clock,
    storage,
    ask,
    create: async (...names) => {
      for (const name of names) await create(name, 0);
      await settle();
    },
    createLarge: async (name, bytes) => {
      await create(name, bytes);
      await settle();
    },
  };
}

function askHttp1(
  url: string,
  path: string,
  { method = 'GET', headers = {} }: AskOptions,
): Promise<WatchStream> {
  return new Promise((resolve, reject) => {
    const request = http.request(url + path, { method, headers, agent: false }, (response) => {
      const { statusCode: status = 0, headers: received } = response;
      resolve(readLines(status, received, response, () => request.destroy()));
    });
    request.on('error', reject).end();
  });
}

function askHttp2(
  url: string,
  path: string,
  { method = 'GET', headers = {} }: AskOptions,
): Promise<WatchStream> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url, { rejectUnauthorized: false });
    const stream = session.request({ ':path': path, ':method': method, ...headers });
    session.on('error', reject);
    stream.on('error', reject).end();
    stream.on('response', (received) => {
      const status = received[':status'] ?? 0;
      stream.on('end', () => session.close());
      resolve(readLines(status, received, stream, () => session.destroy()));
    });
  });
}

function readLines(
  status: number,
  headers: WatchStream['headers'],
  body: NodeJS.ReadableStream,
  leave: () => void,
): WatchStream {
  const lines: string[] = [];
  let rest = '';
  const state: { isOver: boolean; failure: Error | undefined } = {
    isOver: false,
    failure: undefined,
  };
  let notify: () => void = () => undefined;
  body.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part) => `${part}\n`));
    notify();
  });
  body.on('end', () => {
    state.isOver = true;
    if (rest !== '') lines.push(rest);
    notify();
  });
  body.on('error', (error: Error) => {
    state.failure = error;
    notify();
  });
  const line = async (): Promise<string | undefined> => {
    while (lines.length === 0 && !state.isOver && state.failure === undefined) {
      await new Promise<void>((resolve) => (notify = resolve));
    }
    if (lines.length === 0 && state.failure !== undefined) throw state.failure;
    return lines.shift();
  };
  return {
    status,
    headers,
    line,
    event: async () => {
      const text = await line();
      return text === undefined ? undefined : (JSON.parse(text) as Json);
    },
    get pending() {
      return lines.length;
    },
    stopReading: () => void body.pause(),
    readOn: () => void body.resume(),
    leave,
  };
}

/** Lets sockets carry what was written. */
export async function turns(count = 20): Promise<void> {
  for (let index = 0; index < count; index++) {
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
