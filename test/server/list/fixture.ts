/** A server with one type over any storage and engine, asked over real HTTP. */

import http from 'node:http';
import test, { type ExecutionContext } from 'ava';
import type { Authenticator } from '../../../lib/auth/index.js';
import { encodeContinue } from '../../../lib/cache/continue-token.js';
import type { EngineKind } from '../../../lib/engine/index.js';
import { defineResource } from '../../../lib/rest/index.js';
import { createServer, type ApiServer, type ServerOptions } from '../../../lib/server/index.js';
import { MemoryStorage, type Storage } from '../../../lib/storage/index.js';
import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import { ManualClock } from '../../clock.js';
import { ENGINES } from '../../engine/engines.js';
import { makeFolder } from '../../storage/folder.js';

export const WIDGETS = defineResource({
  group: 'example.com',
  kind: 'Widget',
  versions: [{ name: 'v1', storage: true, selectableFields: ['spec.color'] }],
});
export const GADGETS = defineResource({ group: 'example.com', version: 'v1', kind: 'Gadget' });

export const ALL_PATH = '/apis/example.com/v1/widgets';
export const PATH = '/apis/example.com/v1/namespaces/ns/widgets';

/** Whatever: tests look where they expect something. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly json: Json;
}

export interface Scene {
  readonly server: ApiServer;
  readonly storage: Storage;
  readonly clock: ManualClock;
  readonly url: string;
  ask(path: string, method?: string, body?: Json): Promise<Answered>;
  /** Asks for what is waited for in vain: moves the clock on until the answer is there. */
  outwait(path: string): Promise<Answered>;
}

interface Place {
  readonly engine: EngineKind;
  readonly open: (t: ExecutionContext) => Promise<Storage>;
}

/** Declares a test that runs once for every engine over every storage. */
export function listTest(
  behaviour: string,
  run: (t: ExecutionContext, place: Place) => Promise<void>,
): void {
  for (const { kind } of ENGINES) {
    for (const [storage, open] of Object.entries(STORAGES)) {
      test(`${kind} over ${storage}: ${behaviour}`, (t) => run(t, { engine: kind, open }));
    }
  }
}

const STORAGES: { readonly [name: string]: Place['open'] } = {
  memory: async () => new MemoryStorage(),
  lmdb: async (t) => LmdbStorage.open({ path: await makeFolder(t) }),
};

const ana = { username: 'ana', uid: '', groups: ['system:authenticated'], extra: {} };
const everybody: Authenticator = { authenticate: async () => ana };

/** A server that ends with the test; its storage, too. */
export async function serve(
  t: ExecutionContext,
  storage: Storage,
  options: Partial<ServerOptions> = {},
): Promise<Scene> {
  const clock = new ManualClock();
  const server = createServer({
    resources: [WIDGETS, GADGETS],
    storage,
    clock,
    authenticator: everybody,
    // Waiting reads are waited for by moving the clock on: no request is to run into its own end.
    requestTimeoutMs: 1_000_000_000,
    ...options,
  });
  t.teardown(async () => {
    await server.close({ graceMs: 0 });
    await storage.close();
  });
  const { url } = await server.listen();
  const ask: Scene['ask'] = (path, method = 'GET', body) => send(url + path, method, body);
  const outwait = async (path: string): Promise<Answered> => {
    const state = { isOver: false };
    const answer = ask(path).finally(() => void (state.isOver = true));
    while (!state.isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(100);
    }
    return answer;
  };
  return { server, storage, clock, url, ask, outwait };
}

function send(url: string, method: string, body: Json): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = body === undefined ? {} : { 'Content-Type': type };
    const request = http.request(url, { agent: false, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status = 0, headers: answered } = response;
        resolve({ status, headers: answered, json: text === '' ? undefined : JSON.parse(text) });
      });
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export const widget = (name: string, color: string, value = 1): Json => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, labels: { color } },
  spec: { color, value },
});

/**
 * What all rows are asked of: 2 a, 3 b, 4 c, 5 a again, 6 b deleted, 7 d, 8 z of another namespace;
 * 2 is compacted.
 */
export async function fill(scene: Scene): Promise<void> {
  for (const name of ['a', 'b', 'c']) await change(scene, 'POST', PATH, widget(name, 'red'));
  await change(scene, 'PATCH', `${PATH}/a`, widget('a', 'blue', 2));
  await change(scene, 'DELETE', `${PATH}/b`);
  await change(scene, 'POST', PATH, widget('d', 'red'));
  await change(scene, 'POST', PATH.replace('/ns/', '/other/'), widget('z', 'red'));
  await scene.storage.compact(3n);
}

/** A write that has to succeed. */
export async function change(
  { ask }: Scene,
  method: string,
  path: string,
  body?: Json,
): Promise<void> {
  const { status, json } = await ask(path, method, body);
  if (status > 201) throw new Error(`${method} ${path}: ${json.message}`);
}

/** A token of the widgets in `ns`. */
export const tokenOf = (revision: bigint, start: string, namespace?: string): string =>
  encodeContinue(
    { revision, start },
    { cache: 'widgets.example.com', namespace: namespace ?? 'ns' },
  );

/** `name@resourceVersion` of all objects of a list. */
export const shown = ({ json }: Answered): string[] =>
  json.items.map(({ metadata }: Json) => `${metadata.name}@${metadata.resourceVersion}`);
