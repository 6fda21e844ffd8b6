/** A server inside other servers: node:http, node:https, node:http2, Express and Fastify. */

import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import express from 'express';
import fastify from 'fastify';
import { clientCertificateAuthenticator, tokenAuthenticator } from '../../lib/auth/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer, type ApiServer, type ServerOptions } from '../../lib/server/index.js';
import { systemClock } from '../../lib/storage/index.js';
import { fastifyPlugin, type NodeHandler } from '../../lib/transport/index.js';
import { clientOf, type Client, type Protocol } from '../transport/clients.js';
import { testCertificates } from '../transport/fixture.js';

const WIDGETS = '/apis/example.com/v1/namespaces/shop/widgets';
const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });
const ANA = { username: 'ana', uid: '', groups: [], extra: {} };
const ana = tokenAuthenticator([{ token: 'anas', user: ANA }]);
const AUTHORIZED = { authorization: 'Bearer anas', 'content-type': 'application/json' };

const widget = (name: string, more: object = {}): string =>
  JSON.stringify({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name },
    ...more,
  });

async function apiServer(
  t: ExecutionContext,
  options: Partial<ServerOptions> = {},
): Promise<ApiServer> {
  const server = createServer({ resources: [widgets], authenticator: ana, ...options });
  t.teardown(() => server.close({ graceMs: 0 }));
  await server.ready();
  return server;
}

/** What a server is mounted in: each gives the port that it listens on. */
interface Outer {
  readonly name: string;
  readonly protocol: Protocol;
  readonly open: (t: ExecutionContext, handler: NodeHandler) => Promise<number>;
}

async function listening(t: ExecutionContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const tlsOptions = async (): Promise<{ key: string; cert: string }> => {
  const { serving } = await testCertificates();
  return { key: serving.key, cert: serving.cert };
};

const OUTERS: readonly Outer[] = [
  {
    name: 'node:http',
    protocol: 'HTTP/1.1',
    open: (t, handler) => listening(t, createHttpServer(handler)),
  },
  {
    name: 'node:https',
    protocol: 'HTTP/1.1 over TLS',
    open: async (t, handler) => {
      const tls = { ...(await tlsOptions()), requestCert: true, rejectUnauthorized: false };
      return listening(t, createHttpsServer(tls, handler));
    },
  },
  {
    name: 'node:http2',
    protocol: 'HTTP/2',
    open: async (t, handler) => {
      const tls = { ...(await tlsOptions()), requestCert: true, rejectUnauthorized: false };
      return listening(t, createSecureServer(tls, handler) as unknown as Server);
    },
  },
  {
    name: 'node:http2 with the fallback',
    protocol: 'HTTP/1.1 over TLS',
    open: async (t, handler) => {
      const tls = { ...(await tlsOptions()), allowHTTP1: true };
      const more = { ...tls, requestCert: true, rejectUnauthorized: false };
      return listening(t, createSecureServer(more, handler) as unknown as Server);
    },
  },
  {
    name: 'Express, by the handler',
    protocol: 'HTTP/1.1',
    open: (t, handler) => listening(t, createHttpServer(express().use(handler))),
  },
  {
    name: 'Express, by a path',
    protocol: 'HTTP/1.1',
    open: (t, handler) => listening(t, createHttpServer(express().use(handler.prefix, handler))),
  },
  {
    name: 'Fastify',
    protocol: 'HTTP/1.1',
    open: async (t, handler) => {
      const app = fastify();
      await app.register(fastifyPlugin(handler));
      t.teardown(() => app.close());
      await app.listen({ port: 0, host: '127.0.0.1' });
      return (app.server.address() as AddressInfo).port;
    },
  },
  {
    name: 'Fastify over HTTP/2',
    protocol: 'HTTP/2',
    open: async (t, handler) => {
      const app = fastify({ http2: true, https: await tlsOptions(), forceCloseConnections: true });
      await app.register(fastifyPlugin(handler));
      t.teardown(() => app.close());
      await app.listen({ port: 0, host: '127.0.0.1' });
      return (app.server.address() as AddressInfo).port;
    },
  },
];

async function clientFor(
  t: ExecutionContext,
  outer: Outer,
  server: ApiServer,
): Promise<{ readonly client: Client; readonly port: number }> {
  const port = await outer.open(t, server.nodeHandler({ prefix: '/k8s' }));
  const { authority, client: own } = await testCertificates();
  const tls = { ca: authority.cert, cert: own.cert, key: own.key };
  const client = clientOf(outer.protocol, { port }, tls);
  t.teardown(() => client.close());
  return { client, port };
}

for (const outer of OUTERS) {
  test(`${outer.name}: objects are written, listed and watched below the prefix`, async (t) => {
    const server = await apiServer(t);
    const { client } = await clientFor(t, outer, server);
    const body = widget('lamp', { big: 'ä'.repeat(200_000) });
    const created = await client.send('POST', `/k8s${WIDGETS}`, { headers: AUTHORIZED, body });
    t.is(created.status, 201, await created.text());
    const headers = { ...AUTHORIZED, 'accept-encoding': 'gzip' };
    const listed = await client.send('GET', `/k8s${WIDGETS}`, { headers });
    t.is(listed.headers['content-encoding'], 'gzip');
    const list = JSON.parse(gunzipSync(await listed.bytes()).toString()) as { items: unknown[] };
    t.is(list.items.length, 1);
    const head = await client.send('HEAD', `/k8s/version`, { headers: AUTHORIZED });
    t.is(head.status, 200);
    t.is(await head.text(), '');
    const watch = client.start('GET', `/k8s${WIDGETS}?watch=1&resourceVersion=2`, AUTHORIZED, true);
    watch.end();
    const { stream, status } = await watch.response;
    t.is(status, 200);
    const events = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const remove = { method: 'DELETE', path: `${WIDGETS}/lamp` };
    t.is((await server.inject(remove)).status, 200);
    let text = '';
    while (!text.endsWith('\n')) text += String((await events.next()).value);
    t.is((JSON.parse(text) as { type: string }).type, 'DELETED');
    t.is(server.cache('widgets.example.com')?.stats().watches, 1);
    watch.leave();
    while (server.cache('widgets.example.com')?.stats().watches !== 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  test(`${outer.name}: discovery, refusals and redirects are as without a prefix`, async (t) => {
    const server = await apiServer(t);
    const { client } = await clientFor(t, outer, server);
    const get = async (path: string): ReturnType<typeof client.send> =>
      client.send('GET', path, { headers: AUTHORIZED });
    const root = await get('/k8s');
    t.true((JSON.parse(await root.text()) as { paths: string[] }).paths.includes('/apis'));
    t.regex(await (await get('/k8s/apis/example.com/v1')).text(), /"name":"widgets"/);
    const unknown = await client.send('GET', '/k8s/version');
    t.is(unknown.status, 401);
    t.is((JSON.parse(await unknown.text()) as { reason: string }).reason, 'Unauthorized');
    const stale = await get('/k8s/openapi/v3/apis/example.com/v1?hash=00');
    t.is(stale.status, 301);
    await stale.text();
    const location = String(stale.headers['location']);
    t.regex(location, /^\/k8s\/openapi\/v3\/apis\/example\.com\/v1\?hash=/);
    const followed = await get(location);
    t.is(followed.status, 200);
    await followed.text();
    const outside = await get('/elsewhere');
    t.is(outside.status, 404);
    await outside.text();
  });
}

for (const outer of OUTERS.filter(({ name }) => /^node:http(s|2)/.test(name))) {
  test(`${outer.name}: a client is known by its certificate`, async (t) => {
    const { authority } = await testCertificates();
    const authorities = authority.cert;
    const server = await apiServer(t, {
      authenticator: await clientCertificateAuthenticator({ authorities, clock: systemClock }),
    });
    const { client } = await clientFor(t, outer, server);
    const answer = await client.send('GET', `/k8s${WIDGETS}`);
    t.is(answer.status, 200, await answer.text());
  });
}

test('Express: routes of its own go on, and middleware behind does, too', async (t) => {
  const server = await apiServer(t);
  const app = express();
  app.get('/own', (_request, response) => void response.send('own'));
  app.use(server.nodeHandler({ prefix: '/k8s' }));
  app.use((_request, response) => void response.status(418).send('behind'));
  const port = await listening(t, createHttpServer(app));
  t.is(await (await fetch(`http://127.0.0.1:${port}/own`)).text(), 'own');
  const behind = await fetch(`http://127.0.0.1:${port}/k8sx`);
  t.is(behind.status, 418);
  t.is(await behind.text(), 'behind');
});

for (const [name, parser, status] of [
  ['express.raw keeps the bytes', express.raw({ type: '*/*' }), 201],
  ['express.text keeps the text', express.text({ type: '*/*' }), 201],
  ['express.json keeps a value', express.json(), 500],
] as const) {
  test(`Express: a parser in front: ${name}, which is answered ${status}`, async (t) => {
    const errors: unknown[] = [];
    const logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (fields: object) => void errors.push(fields),
    };
    const server = await apiServer(t, { logger });
    const app = express()
      .use(parser)
      .use(server.nodeHandler({ prefix: '/k8s' }));
    const port = await listening(t, createHttpServer(app));
    const url = `http://127.0.0.1:${port}/k8s${WIDGETS}`;
    const body = widget('long').replace('}}', '},"long":9007199254740993}');
    const created = await fetch(url, { method: 'POST', headers: AUTHORIZED, body });
    t.is(created.status, status);
    const text = await created.text();
    if (status === 201) t.regex(text, /"long":9007199254740993/);
    else t.regex(text, /in front of body parsers.*"reason":"InternalError"/);
    t.is(errors.length, status === 201 ? 0 : 1);
    t.is((await fetch(url, { headers: AUTHORIZED })).status, 200, 'what has no body is served');
  });
}

test('Fastify: routes of its own still parse bodies, and hooks run', async (t) => {
  const server = await apiServer(t);
  const app = fastify();
  const hooked: string[] = [];
  app.addHook('onRequest', async (request) => void hooked.push(request.url));
  app.post('/own', (request, reply) => reply.send((request.body as { a: number }).a));
  await app.register(fastifyPlugin(server.nodeHandler({ prefix: '/k8s' })));
  t.teardown(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const headers = { 'content-type': 'application/json' };
  const own = await fetch(`${url}/own`, { method: 'POST', headers, body: '{"a":5}' });
  t.is(await own.text(), '5');
  const body = widget('lamp');
  const created = await fetch(`${url}/k8s${WIDGETS}`, {
    method: 'POST',
    headers: AUTHORIZED,
    body,
  });
  t.is(created.status, 201);
  const options = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1' });
  const lamp = `${url}/k8s${WIDGETS}/lamp`;
  const removed = await fetch(lamp, { method: 'DELETE', headers: AUTHORIZED, body: options });
  t.is(removed.status, 200, 'a DELETE with a body');
  t.deepEqual(hooked, ['/own', `/k8s${WIDGETS}`, `/k8s${WIDGETS}/lamp`]);
});

test('Fastify: the whole of an instance, and a prefix in the wrong place', async (t) => {
  const server = await apiServer(t);
  const app = fastify();
  await app.register(fastifyPlugin(server.nodeHandler()));
  t.teardown(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  t.is((await fetch(`${url}/livez`)).status, 200);
  t.is((await fetch(`${url}/`, { headers: AUTHORIZED })).status, 200);
  const handler = server.nodeHandler({ prefix: '/k8s' });
  const other = fastify();
  other.register(fastifyPlugin(handler), { prefix: '/outer' });
  await t.throwsAsync(async () => other.ready(), { message: /without a prefix: "\/outer"/ });
});
