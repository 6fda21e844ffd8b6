/**
 * An API server of one's own: a type, tokens, who may do what, and a client that writes and
 * watches. kubectl works against it as this client does.
 *
 * Prints:
 *   401 nobody asked for widgets
 *   201 lamp is red
 *   403 the guest may only read
 *   ADDED lamp is red
 *   MODIFIED lamp is blue
 *   1 blue widget
 */

import { createServer, defineResource } from 'shardwatch';
import { tokenAuthenticator } from 'shardwatch/auth';

const READS = new Set(['get', 'list', 'watch']);

const server = createServer({
  resources: [
    defineResource({
      group: 'example.com',
      version: 'v1',
      kind: 'Widget',
      selectableFields: ['spec.color'],
      printerColumns: [{ name: 'Color', type: 'string', jsonPath: '.spec.color' }],
    }),
  ],
  authenticator: tokenAuthenticator([
    { token: 'ana-token', user: { username: 'ana', uid: '', groups: ['makers'], extra: {} } },
    { token: 'guest-token', user: { username: 'guest', uid: '', groups: [], extra: {} } },
  ]),
  authorizer: {
    authorize: async ({ user, info }) =>
      READS.has(info.verb) || user.groups.includes('makers')
        ? { allowed: true }
        : { allowed: false, reason: `only makers may ${info.verb}` },
  },
});
const { url } = await server.listen();
const widgets = `${url}/apis/example.com/v1/namespaces/shop/widgets`;

function ask(token, path, { type = 'application/json', body, ...options } = {}) {
  const headers = { 'content-type': type, authorization: `Bearer ${token}` };
  return fetch(widgets + path, { ...options, headers, body: body && JSON.stringify(body) });
}

const lamp = {
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'lamp' },
  spec: { color: 'red' },
};
const describe = ({ metadata, spec }) => `${metadata.name} is ${spec.color}`;

console.log((await fetch(widgets)).status, 'nobody asked for widgets');
const created = await ask('ana-token', '', { method: 'POST', body: lamp });
console.log(created.status, describe(await created.json()));
const refused = await ask('guest-token', '/lamp', { method: 'DELETE' });
console.log(refused.status, 'the guest may only read');

const watch = await ask('guest-token', '?watch=true');
await ask('ana-token', '/lamp', {
  method: 'PATCH',
  type: 'application/merge-patch+json',
  body: { spec: { color: 'blue' } },
});

// One event a line; a chunk may hold several, or a part of one.
let rest = '';
for await (const chunk of watch.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  const events = lines.map((line) => JSON.parse(line));
  for (const { type, object } of events) console.log(type, describe(object));
  if (events.some(({ type }) => type === 'MODIFIED')) break;
}

const blue = await ask('guest-token', '?fieldSelector=spec.color%3Dblue');
console.log((await blue.json()).items.length, 'blue widget');
await server.close();
