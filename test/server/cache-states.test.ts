/**
 * What clients and probes are told of a type whose cache is not filled, by verb (KEP-4568), and of
 * one that is late.
 */

import test, { type ExecutionContext } from 'ava';

import { defineResource } from '../../lib/rest/index.js';
import { createServer, type ApiServer, type ServerOptions } from '../../lib/server/index.js';
import type { ListOptions, StoredList } from '../../lib/storage/index.js';
import { StorageError } from '../../lib/storage/index.js';
import { AskedStorage } from '../cache/asked-storage.js';
import { ManualClock } from '../clock.js';

/** A storage that can't be listed whole for as long as it is told to. */
class FailingStorage extends AskedStorage {
  isFailing = false;

  override list(prefix: string, options?: ListOptions): Promise<StoredList> {
    // The page that a cache asks for when it is filled.
    const isFill = options?.limit === 10_000;
    if (!this.isFailing || !isFill) return super.list(prefix, options);
    return Promise.reject(new StorageError('unavailable', 'no leader'));
  }
}

const PATH = '/apis/example.com/v1/namespaces/shop/widgets';

const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });
const racks = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Rack',
  scope: 'Cluster',
});

const widget = (name: string): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
});

interface Scene {
  readonly server: ApiServer;
  readonly storage: FailingStorage;
  readonly clock: ManualClock;
}

function scene(t: ExecutionContext, options: Partial<ServerOptions> = {}): Scene {
  const clock = new ManualClock();
  const storage = new FailingStorage(() => clock.now());
  const server = createServer({
    resources: [widgets, racks],
    storage,
    clock,
    random: () => 0,
    ...options,
  });
  t.teardown(() => server.close());
  return { server, storage, clock };
}

/** Two widgets; the server's caches can't be filled. */
async function unfilled(t: ExecutionContext): Promise<Scene> {
  const set = scene(t);
  await set.server.ready();
  for (const name of ['a', 'b']) {
    const body = JSON.stringify(widget(name));
    const { status } = await post(set.server, body);
    t.is(status, 201);
  }
  set.storage.isFailing = true;
  set.storage.endWatches(new StorageError('compacted', 'history is gone'));
  set.clock.advance(1_000);
  await turn();
  return set;
}

const headers = { 'content-type': 'application/json' };

const post = (server: ApiServer, body: string) =>
  server.inject({ method: 'POST', path: PATH, headers, body });

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

interface Case {
  readonly title: string;
  readonly path: string;
  readonly status: 200 | 404 | 429;
}

const CASES: readonly Case[] = [
  { title: 'GET of an object', path: `${PATH}/a`, status: 200 },
  { title: 'GET of an object that is not there', path: `${PATH}/x`, status: 404 },
  { title: 'GET at any revision', path: `${PATH}/a?resourceVersion=0`, status: 200 },
  { title: 'GET not older than', path: `${PATH}/a?resourceVersion=2`, status: 200 },
  { title: 'a page', path: `${PATH}?limit=1`, status: 200 },
  { title: 'a page of a past revision', path: `${PATH}?limit=1&resourceVersion=2`, status: 200 },
  { title: 'LIST', path: PATH, status: 429 },
  { title: 'LIST at any revision', path: `${PATH}?resourceVersion=0`, status: 429 },
  {
    title: 'LIST at an exact revision',
    path: `${PATH}?resourceVersion=2&resourceVersionMatch=Exact`,
    status: 429,
  },
  { title: 'a page with a label selector', path: `${PATH}?limit=1&labelSelector=a`, status: 429 },
  {
    title: 'a page with a field selector',
    path: `${PATH}?limit=1&fieldSelector=metadata.name!%3Da`,
    status: 429,
  },
  { title: 'WATCH', path: `${PATH}?watch=true`, status: 429 },
  { title: 'WATCH from a revision', path: `${PATH}?watch=true&resourceVersion=2`, status: 429 },
];

for (const { title, path, status } of CASES) {
  test(`while a cache is not filled, ${title} is answered ${status}`, async (t) => {
    const { server } = await unfilled(t);
    const answer = await server.inject({ path });
    t.is(answer.status, status);
    if (status !== 429) return;
    t.like(answer.json(), {
      kind: 'Status',
      reason: 'TooManyRequests',
      message: 'storage is (re)initializing: no leader',
    });
    const retryAfter = answer.headers['retry-after'];
    t.is(String(retryAfter), String((answer.json() as StatusBody).details.retryAfterSeconds));
  });
}

interface StatusBody {
  readonly details: { readonly retryAfterSeconds: number };
}

test('while a cache is not filled, writes go to the storage', async (t) => {
  const { server, storage } = await unfilled(t);
  t.is((await post(server, JSON.stringify(widget('c')))).status, 201);
  const patch = await server.inject({
    method: 'PATCH',
    path: `${PATH}/a`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: '{"spec":{"n":1}}',
  });
  t.is(patch.status, 200);
  t.is((await server.inject({ method: 'DELETE', path: `${PATH}/b` })).status, 200);
  const { values } = await storage.inner.list('/example.com/widgets/');
  t.deepEqual(
    values.map(({ key }) => key.slice('/example.com/widgets/'.length)),
    ['shop/a', 'shop/c'],
  );
});

test('/readyz fails for caches that are not filled, and tells them by name', async (t) => {
  const { server, storage, clock } = await unfilled(t);
  const readyz = await server.inject({ path: '/readyz' });
  t.is(readyz.status, 500);
  t.regex(readyz.text(), /^\[-\]informer-sync failed: reason withheld$/m);
  const named = await server.inject({ path: '/readyz/informer-sync' });
  t.is(named.status, 500);
  t.regex(named.text(), /not filled yet: widgets\.example\.com, racks\.example\.com/);
  t.is((await server.inject({ path: '/livez' })).status, 200);
  storage.isFailing = false;
  clock.advance(30_000);
  await server.ready();
  t.is((await server.inject({ path: '/readyz' })).status, 200);
  t.is((await server.inject({ path: PATH })).status, 200);
});

test('a server that spares its storage refuses late lists with 429', async (t) => {
  const { server, storage, clock } = scene(t, { freshnessFallback: 'refuse' });
  await server.ready();
  storage.isAnswering = false;
  await storage.write({ key: '/other/x', expected: 0n, value: Buffer.from('{}') });
  const asked = server.inject({ path: PATH });
  while (storage.requests.length === 0) await turn();
  clock.advance(3_000);
  const answer = await asked;
  t.is(answer.status, 429);
  t.is(String(answer.headers['retry-after']), '1');
  t.like(answer.json(), {
    reason: 'TooManyRequests',
    message: 'Timeout: Too large resource version: 2, current: 1',
  });
});
