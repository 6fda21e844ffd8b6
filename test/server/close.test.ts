/** How a server stops, and that several of them in one process do not notice one another. */

import { createServer as createHttpServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { defineResource } from '../../lib/rest/index.js';
import {
  createServer,
  ServerError,
  type ApiServer,
  type ServerOptions,
} from '../../lib/server/index.js';
import { MemoryStorage, type Storage } from '../../lib/storage/index.js';
import { TransportError } from '../../lib/transport/index.js';
import { ManualClock } from '../clock.js';

const PATH = '/apis/example.com/v1/namespaces/shop/widgets';
const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });
const user = { username: 'ana', uid: '', groups: [], extra: {} };
const everybody = { authenticate: async (): Promise<typeof user> => user };

async function serverOf(
  t: ExecutionContext,
  options: Partial<ServerOptions> = {},
): Promise<ApiServer> {
  const server = createServer({ resources: [widgets], authenticator: everybody, ...options });
  t.teardown(() => server.close({ graceMs: 0 }));
  await server.ready();
  return server;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const widget = (name: string): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
});

/** The status of a request by a connection of its own, or the code of its failure. */
async function ask(url: string): Promise<number | string> {
  try {
    const answer = await fetch(url, { headers: { connection: 'close' } });
    await answer.arrayBuffer();
    return answer.status;
  } catch (error) {
    return ((error as Error).cause as NodeJS.ErrnoException).code ?? 'failed';
  }
}

test('readiness fails first, the rest goes on for the delay, then nothing listens', async (t) => {
  const clock = new ManualClock();
  const server = await serverOf(t, { clock });
  const { url } = await server.listen();
  const closing = server.close({ delayMs: 5_000 });
  t.is(await ask(`${url}/readyz`), 500);
  t.is(await ask(`${url}/livez`), 200);
  t.is(await ask(url + PATH), 200);
  const watch = await fetch(`${url}${PATH}?watch=1`);
  clock.advance(4_999);
  await turn();
  t.is(await ask(url + PATH), 200);
  clock.advance(1);
  t.is(await watch.text(), '', 'a watch ends cleanly');
  await closing;
  t.is(await ask(`${url}/readyz`), 'ECONNREFUSED');
});

test('a request in flight is answered, and one past the grace period cut off', async (t) => {
  const clock = new ManualClock();
  const waiting: (() => void)[] = [];
  const server = await serverOf(t, {
    clock,
    authenticator: {
      authenticate: () => new Promise((resolve) => waiting.push(() => resolve(user))),
    },
  });
  const { url } = await server.listen();
  const [answered, cut] = [ask(url + PATH), ask(url + PATH)];
  while (waiting.length < 2) await turn();
  const closing = server.close({ graceMs: 1_000 });
  waiting[0]?.();
  // Which of the two came first is not known; one is answered, and the other is cut.
  t.is(await Promise.race([answered, cut]), 200);
  clock.advance(1_000);
  t.deepEqual(new Set(await Promise.all([answered, cut])), new Set([200, 'UND_ERR_SOCKET']));
  await closing;
});

test('closing again is the same closing, and may only shorten it', async (t) => {
  const clock = new ManualClock();
  const server = await serverOf(t, {
    clock,
    authenticator: { authenticate: () => new Promise<never>(() => undefined) },
  });
  const { url } = await server.listen();
  const stuck = ask(url + PATH);
  const closing = server.close({ delayMs: 10_000, graceMs: 10_000 });
  t.is(server.close(), closing);
  t.is(server.close({ graceMs: 60_000 }), closing);
  await turn();
  t.is(await ask(`${url}/livez`), 200, 'the delay goes on');
  t.is(server.close({ graceMs: 500 }), closing);
  await turn();
  clock.advance(499);
  await turn();
  let done = false;
  void closing.then(() => (done = true));
  await turn();
  t.false(done);
  clock.advance(1);
  await closing;
  t.is(await stuck, 'UND_ERR_SOCKET');
  t.is(server.close(), closing);
});

for (const options of [{ graceMs: -1 }, { delayMs: Number.NaN }, { watchGraceMs: -0.5 }]) {
  test(`${JSON.stringify(options)} is no way to close`, async (t) => {
    const server = await serverOf(t);
    t.throws(() => server.close(options), { instanceOf: RangeError });
    t.is((await server.inject({ path: '/readyz' })).status, 200);
  });
}

test('through a mount, a closing server answers probes, and 503 to the rest', async (t) => {
  const held: (() => void)[] = [];
  const server = await serverOf(t, {
    authenticator: {
      authenticate: async ({ path }) => {
        if (path === PATH) await new Promise<void>((resolve) => held.push(resolve));
        return user;
      },
    },
  });
  const outer = createHttpServer(server.nodeHandler({ prefix: '/k8s' }));
  outer.listen(0, '127.0.0.1');
  await once(outer, 'listening');
  t.teardown(() => outer.close());
  const url = `http://127.0.0.1:${(outer.address() as AddressInfo).port}/k8s`;
  const running = ask(url + PATH);
  while (held.length === 0) await turn();
  const closing = server.close();
  t.is(await ask(url + PATH), 503);
  t.is(await ask(`${url}/readyz`), 500);
  t.is(await ask(`${url}/livez`), 200);
  t.is(await ask(`${url}/metrics`), 200);
  held[0]?.();
  t.is(await running, 200);
  await closing;
  for (const path of ['/livez', PATH]) {
    const answer = await fetch(url + path);
    t.is(answer.status, 503, path);
    t.is(answer.headers.get('retry-after'), '1');
    await answer.arrayBuffer();
  }
});

test('closing while it begins: whoever waits is told, and nothing listens', async (t) => {
  const memory = new MemoryStorage();
  t.teardown(() => memory.close());
  const storage = new Proxy<Storage>(memory, {
    get(target, property) {
      if (property === 'list') return () => new Promise<never>(() => undefined);
      const value = Reflect.get(target, property, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const server = createServer({ resources: [widgets], storage });
  const ready = t.throwsAsync(server.ready(), { instanceOf: ServerError });
  const listening = t.throwsAsync(server.listen(), { instanceOf: ServerError });
  await server.close();
  t.is((await ready)?.code, 'closed');
  t.is((await listening)?.code, 'closed');
});

test('what comes after closing is refused', async (t) => {
  const server = await serverOf(t);
  await server.close();
  const failures = await Promise.all([
    t.throwsAsync(server.ready(), { instanceOf: ServerError }),
    t.throwsAsync(server.listen(), { instanceOf: ServerError }),
  ]);
  t.deepEqual(
    failures.map((error) => error?.code),
    ['closed', 'closed'],
  );
  t.is(t.throws(() => server.nodeHandler(), { instanceOf: ServerError })?.code, 'closed');
  t.is((await server.inject({ path: PATH })).status, 503);
});

test('a port in use is told, and leaves the server as it was', async (t) => {
  const [first, second] = [await serverOf(t), await serverOf(t)];
  const { port } = await first.listen();
  const error = await t.throwsAsync(second.listen({ port }), { instanceOf: TransportError });
  t.is(error?.code, 'address-in-use');
  const { url } = await second.listen();
  t.is(await ask(`${url}/readyz`), 200);
  await first.close();
  await second.listen({ port });
  t.is(await ask(`http://127.0.0.1:${port}/readyz`), 200);
});

test('a prefix is mounted once', async (t) => {
  const server = await serverOf(t);
  server.nodeHandler({ prefix: '/a' });
  server.nodeHandler({ prefix: '/b' });
  server.nodeHandler();
  for (const options of [{ prefix: '/a' }, {}]) {
    const error = t.throws(() => server.nodeHandler(options), { instanceOf: ServerError });
    t.is(error?.code, 'prefix-in-use');
  }
  const bad = t.throws(() => server.nodeHandler({ prefix: 'a' }), { instanceOf: TransportError });
  t.is(bad?.code, 'bad-prefix');
});

test('using disposes: at the end of a block the server is closed', async (t) => {
  let url: string;
  {
    await using server = createServer({ resources: [widgets], authenticator: everybody });
    ({ url } = await server.listen());
    t.is(await ask(`${url}/livez`), 200);
  }
  t.is(await ask(`${url}/livez`), 'ECONNREFUSED');
});

test('five servers in one process: one closes, the others have not noticed', async (t) => {
  const servers = await Promise.all([1, 2, 3, 4, 5].map(() => serverOf(t)));
  const urls = await Promise.all(servers.map(async (server) => (await server.listen()).url));
  t.is(new Set(urls).size, 5);
  for (const [index, server] of servers.entries()) {
    for (let number = 0; number <= index; number++) {
      await server.inject({ method: 'POST', path: PATH, body: widget(`w-${number}`) });
    }
  }
  const watches = await Promise.all(
    servers.map((server) => server.inject({ path: PATH, query: { watch: 1, resourceVersion: 1 } })),
  );
  const events = watches.map((watch) => watch.events<{ metadata: { name: string } }>());
  await servers[2]?.close();
  for (const [index, url] of urls.entries()) {
    const server = servers[index] as ApiServer;
    if (index === 2) {
      t.is(await ask(url + PATH), 'ECONNREFUSED');
      continue;
    }
    t.is(await ask(url + PATH), 200);
    const list = (await server.inject({ path: PATH })).json<{ items: unknown[] }>();
    t.is(list.items.length, index + 1);
    const metrics = (await server.inject({ path: '/metrics' })).text();
    const posts = /^apiserver_request_total\{verb="POST",.*\} (\d+)$/m.exec(metrics)?.[1];
    t.is(posts, String(index + 1));
    const names: string[] = [];
    for (let number = 0; number <= index; number++) {
      const { value } = await (events[index] as (typeof events)[number]).next();
      names.push(value?.object.metadata.name ?? '');
    }
    t.is(names.join(), Array.from({ length: index + 1 }, (_, number) => `w-${number}`).join());
  }
});
