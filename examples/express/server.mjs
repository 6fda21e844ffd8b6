/**
 * An API server inside an Express application, under a prefix: the application keeps its routes,
 * its middleware and its port. kubectl works with `--server http://127.0.0.1:PORT/k8s`.
 *
 * Prints:
 *   200 the application's own page
 *   201 lamp
 *   ADDED lamp
 *   404 the application's own answer to what it does not know
 *   503 apiserver is shutting down
 */

import { once } from 'node:events';
import express from 'express';
import { createServer, defineResource } from 'shardwatch';
import { tokenAuthenticator } from 'shardwatch/auth';

const server = createServer({
  resources: [defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' })],
  authenticator: tokenAuthenticator([
    { token: 'ana-token', user: { username: 'ana', uid: '', groups: [], extra: {} } },
  ]),
});
await server.ready();

const app = express();
// In front of body parsers: an API server reads the bytes as they were sent.
app.use(server.nodeHandler({ prefix: '/k8s' }));
app.use(express.json());
app.get('/', (_request, response) => response.send("the application's own page"));
app.use((_request, response) =>
  response.status(404).send("the application's own answer to what it does not know"),
);
const outer = app.listen(0, '127.0.0.1');
await once(outer, 'listening');
const url = `http://127.0.0.1:${outer.address().port}`;

const widgets = `${url}/k8s/apis/example.com/v1/namespaces/shop/widgets`;
const headers = { authorization: 'Bearer ana-token', 'content-type': 'application/json' };
const lamp = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'lamp' } };

const page = await fetch(url);
console.log(page.status, await page.text());
const created = await fetch(widgets, { method: 'POST', headers, body: JSON.stringify(lamp) });
console.log(created.status, (await created.json()).metadata.name);

const watch = await fetch(`${widgets}?watch=true`, { headers });
for await (const chunk of watch.body) {
  const { type, object } = JSON.parse(new TextDecoder().decode(chunk));
  console.log(type, object.metadata.name);
  break;
}

const elsewhere = await fetch(`${url}/elsewhere`);
console.log(elsewhere.status, await elsewhere.text());

// The API server goes, the application stays.
await server.close();
const late = await fetch(widgets, { headers });
console.log(late.status, (await late.json()).message);
outer.closeAllConnections();
outer.close();
