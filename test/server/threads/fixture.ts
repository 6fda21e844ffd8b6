/** A server of several threads, and clients that know which thread they talk to. */

import http from 'node:http';

import type { ExecutionContext } from 'ava';

import { createServer, type ApiServer, type ServerOptions } from '../../../lib/server/index.js';
import { serverOptions } from './module.js';

export const MODULE = new URL('./module.js', import.meta.url);
export const widgetsIn = (namespace: string): string =>
  `/apis/example.com/v1/namespaces/${namespace}/widgets`;
export const WIDGETS: string = widgetsIn('shop');

export interface Threaded {
  readonly server: ApiServer;
  readonly url: string;
  /** What the server has logged, in short. */
  readonly logged: string[];
}

/** One that ends with the test. */
export async function threaded(
  t: ExecutionContext,
  count: number,
  options: Partial<ServerOptions> = {},
): Promise<Threaded> {
  const started = await startThreaded(count, options);
  t.teardown(() => started.server.close({ graceMs: 0 }));
  return started;
}

export async function startThreaded(
  count: number,
  options: Partial<ServerOptions> = {},
): Promise<Threaded> {
  const logged: string[] = [];
  const log = (_fields: object, message: string): void => void logged.push(message);
  const logger = { debug: () => undefined, info: log, warn: log, error: log };
  const server = createServer({
    ...serverOptions(),
    logger,
    threads: { count, module: MODULE },
    ...options,
  });
  await server.ready();
  const { url } = await server.listen();
  return { server, url, logged };
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  json<Body>(): Body;
}

/** One client's connection: every request goes to the thread that accepted it. */
export class Line {
  readonly #url: string;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: string) {
    this.#url = url;
  }

  request(path: string, method = 'GET', body?: object): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const options = { method, headers, agent: this.#agent };
      const request = http.request(`${this.#url}${path}`, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            text,
            json: <Body>() => JSON.parse(text) as Body,
          });
        });
      });
      request.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** The `threadId` of the thread that it talks to. */
  async thread(): Promise<number> {
    const { text } = await this.request('/apis/example.com/v1/probes/me');
    return (JSON.parse(text) as { spec: { thread: number } }).spec.thread;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Events of widgets as they come, in short: `ADDED a 1`. */
export class Watching {
  readonly events: string[] = [];
  isEnded = false;
  readonly #request: http.ClientRequest;
  #text = '';
  #wake: () => void = () => undefined;

  constructor(url: string) {
    this.#request = http.get(url, { agent: false }, (response) => {
      response.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
      response.on('close', () => this.#end());
      response.on('error', () => undefined);
    });
    this.#request.on('error', () => this.#end());
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  close(): void {
    this.#request.destroy();
  }

  #end(): void {
    this.isEnded = true;
    this.#wake();
  }

  #take(chunk: string): void {
    const lines = (this.#text + chunk).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      const { type, object } = JSON.parse(line) as {
        type: string;
        object: { metadata: { name: string }; spec: { value: number } };
      };
      this.events.push(`${type} ${object.metadata.name} ${object.spec.value}`);
    }
    this.#wake();
  }
}

/** Lines to `count` different threads. Connections are accepted by whoever has time. */
export async function linesToThreads(
  t: ExecutionContext,
  url: string,
  count: number,
): Promise<readonly Line[]> {
  const lines = new Map<number, Line>();
  while (lines.size < count) {
    const batch = Array.from({ length: 16 }, () => new Line(url));
    const threads = await Promise.all(batch.map((line) => line.thread()));
    for (const [index, line] of batch.entries()) {
      const thread = threads[index]!;
      if (lines.has(thread) || lines.size === count) line.close();
      else lines.set(thread, line);
    }
  }
  t.teardown(() => {
    for (const line of lines.values()) line.close();
  });
  return [...lines.values()];
}

export const widget = (name: string, value: number, resourceVersion?: string): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
  spec: { value },
});

/** Lets the event loop turn until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise<void>((resolve) => setImmediate(resolve));
}
