/**
 * An API server as a plugin of Fastify, beside routes of its own.
 *
 * Prints:
 *   200 {"widgets":1}
 *   201 lamp
 *   200 {"widgets":2}
 */

import fastify from 'fastify';
import { createServer, defineResource } from 'shardwatch';
import { tokenAuthenticator } from 'shardwatch/auth';
import { fastifyPlugin } from 'shardwatch/transport';

const PATH = '/apis/example.com/v1/namespaces/shop/widgets';
const widget = (name) => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name } });

const server = createServer({
  resources: [defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' })],
  authenticator: tokenAuthenticator([
    { token: 'ana-token', user: { username: 'ana', uid: '', groups: [], extra: {} } },
  ]),
});
await server.ready();
await server.inject({ method: 'POST', path: PATH, body: widget('desk') });

const app = fastify();
await app.register(fastifyPlugin(server.nodeHandler({ prefix: '/k8s' })));
app.get('/count', async () => {
  const list = await server.inject({ path: PATH });
  return { widgets: list.json().items.length };
});
app.addHook('onClose', () => server.close());
const url = await app.listen({ port: 0, host: '127.0.0.1' });

const count = async () => {
  const answer = await fetch(`${url}/count`);
  console.log(answer.status, await answer.text());
};
await count();
const created = await fetch(`${url}/k8s${PATH}`, {
  method: 'POST',
  headers: { authorization: 'Bearer ana-token', 'content-type': 'application/json' },
  body: JSON.stringify(widget('lamp')),
});
console.log(created.status, (await created.json()).metadata.name);
await count();
await app.close();
