/** What an HTTP/2 connection is worth to whom nobody knows: one request. */

import { once } from 'node:events';
import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import test, { type ExecutionContext } from 'ava';

import { tokenAuthenticator, authenticatorChain } from '../../lib/auth/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer } from '../../lib/server/index.js';
import { keyOf } from '../auth/authority.js';
import { issueNow } from '../client/server.js';

const PATH = '/apis/example.com/v1/widgets';

async function session(t: ExecutionContext): Promise<ClientHttp2Session> {
  const user = { username: 'ana', uid: '', groups: ['makers'], extra: {} };
  const server = createServer({
    resources: [defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' })],
    authenticator: authenticatorChain([tokenAuthenticator([{ token: 'ana', user }])], {
      anonymous: true,
    }),
    authorizer: {
      authorize: async ({ user, info }) =>
        user.groups.includes('makers') || info.path === '/version'
          ? { allowed: true }
          : { allowed: false, reason: '' },
    },
  });
  t.teardown(() => server.close({ graceMs: 0 }));
  await server.ready();
  const authority = await issueNow({ subject: 'CN=ca', authority: true });
  const serving = await issueNow({ subject: 'CN=s', issuer: authority, hosts: ['localhost'] });
  const { port } = await server.listen({ tls: { cert: serving.pem, key: await keyOf(serving) } });
  const opened = connect(`https://127.0.0.1:${port}`, {
    ca: authority.pem,
    servername: 'localhost',
  });
  t.teardown(() => opened.destroy());
  return opened;
}

async function ask(
  opened: ClientHttp2Session,
  path: string,
  headers: { readonly [name: string]: string } = {},
): Promise<number | undefined> {
  const stream = opened.request({ ':path': path, ...headers });
  stream.resume();
  const [answer] = (await once(stream, 'response')) as [{ readonly ':status'?: number }];
  await once(stream, 'close');
  return answer[':status'];
}

const STRANGERS: readonly (readonly [
  who: string,
  path: string,
  headers: { readonly [name: string]: string },
  status: number,
])[] = [
  ['with a token that is no good', PATH, { authorization: 'Bearer bad' }, 401],
  ['without credentials', PATH, {}, 403],
  ['without credentials, for what everybody may see,', '/version', {}, 200],
];

for (const [who, path, headers, status] of STRANGERS) {
  test(`a client ${who} is answered and its connection ended`, async (t) => {
    const opened = await session(t);
    const ended = once(opened, 'goaway');
    t.is(await ask(opened, path, headers), status);
    await ended;
    await once(opened, 'close');
    t.true(opened.closed);
  });
}

test('a client that is known keeps its connection, refused or not, and so do probes', async (t) => {
  const opened = await session(t);
  let goaways = 0;
  opened.on('goaway', () => goaways++);
  const headers = { authorization: 'Bearer ana' };
  t.is(await ask(opened, PATH, headers), 200);
  t.is(await ask(opened, '/readyz'), 200);
  t.is(await ask(opened, `${PATH}/none`, headers), 404);
  t.is(goaways, 0);
  t.false(opened.closed);
});
