/** A type, its objects, and clients of several kinds: what the tests of the test server share. */

import http from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';
import { defineResource, type DefinedResource } from '../../lib/rest/index.js';
import {
  startTestServer,
  type TestServer,
  type TestServerOptions,
  type UserAccess,
} from '../../lib/testing/index.js';

export interface Widget {
  apiVersion: 'example.com/v1';
  kind: 'Widget';
  metadata: {
    name?: string;
    generateName?: string;
    namespace?: string;
    resourceVersion?: string;
    uid?: string;
    labels?: { [key: string]: string };
    finalizers?: string[];
  };
  spec: { color: string };
  status?: { phase?: string };
}

export const widgets: DefinedResource<Widget> = defineResource<Widget>({
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  shortNames: ['wg'],
  statusSubresource: true,
  selectableFields: ['spec.color'],
});

export const teams: DefinedResource<{ apiVersion: string; kind: string; metadata: object }> =
  defineResource({ group: 'example.com', version: 'v1', kind: 'Team', scope: 'Cluster' });

export const WIDGETS = '/apis/example.com/v1/namespaces/shop/widgets';

export function widget(name: string, color = 'red', namespace = 'shop'): Widget {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name, namespace },
    spec: { color },
  };
}

/** Far more than anything takes, for machines that are busy with something else. */
const PATIENCE_MS = 60_000;

/** A server that is closed at the end of the test. */
export async function serverFor(
  t: ExecutionContext,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const server = await startTestServer({
    resources: [widgets, teams],
    waitTimeoutMs: PATIENCE_MS,
    ...options,
  });
  t.teardown(() => server.close());
  return server;
}

export interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  json<T>(): T;
}

export interface Asking {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly user?: string;
  /** Is told how many bytes of the body arrive. */
  readonly onData?: (bytes: number) => void;
}

function open(server: TestServer, path: string, asking: Asking): http.ClientRequest {
  const { method = 'GET', contentType = 'application/json', user } = asking;
  const access = server.user(user);
  const { token } = access;
  const options = {
    method,
    agent: false,
    headers: { authorization: `Bearer ${token}`, 'content-type': contentType },
  };
  const url = new URL(path, server.url);
  return url.protocol === 'http:'
    ? http.request(url, options)
    : https.request(url, { ...options, ca: authorityOf(access) });
}

function authorityOf({ clientOptions }: UserAccess): Buffer {
  return Buffer.from(clientOptions.clusters[0]?.caData ?? '', 'base64');
}

/** One request over a socket of its own. Rejects when the connection breaks. */
export function ask(server: TestServer, path: string, asking: Asking = {}): Promise<Answered> {
  const { body } = asking;
  return new Promise((resolve, reject) => {
    const request = open(server, path, asking);
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        asking.onData?.(chunk.byteLength);
      });
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, text, json: <T>(): T => JSON.parse(text) as T });
      });
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export interface WatchLine {
  readonly type: string;
  readonly object: Widget & { readonly code?: number; readonly reason?: string };
}

/** A watch over a socket of its own. */
export interface SocketWatch {
  readonly status: number;
  /** The next event; undefined at a clean end. Rejects when the connection breaks. */
  next(): Promise<WatchLine | undefined>;
  close(): void;
}

export function openWatch(server: TestServer, path: string): Promise<SocketWatch> {
  return new Promise((resolve, reject) => {
    const request = open(server, path, {});
    request.on('error', reject);
    request.on('response', (response) => {
      const failed = new Promise<never>((_, fail) => response.on('error', fail));
      failed.catch(() => undefined);
      const lines = createInterface({ input: response })[Symbol.asyncIterator]();
      resolve({
        status: response.statusCode ?? 0,
        next: async () => {
          const result = await Promise.race([lines.next(), failed]);
          // The end of the lines comes before the error of a connection that broke.
          if (result.done === true) {
            if (!response.complete) throw new Error('aborted');
            return undefined;
          }
          return JSON.parse(result.value) as WatchLine;
        },
        close: () => void request.destroy(),
      });
    });
    request.end();
  });
}
