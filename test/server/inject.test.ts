/** Requests without a socket: who sends them, and what is answered. */

import test, { type ExecutionContext } from 'ava';
import { tokenAuthenticator, type Authorizer } from '../../lib/auth/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer, type ApiServer, type ServerOptions } from '../../lib/server/index.js';
import { TransportError } from '../../lib/transport/index.js';
import { ManualClock } from '../clock.js';

const PATH = '/apis/example.com/v1/namespaces/shop/widgets';
const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });

interface Widget {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

const widget = (name: string): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
});

/** Who may only read, and who is asked at all. */
class Readers implements Authorizer {
  readonly asked: string[] = [];

  async authorize({
    user,
    info,
  }: Parameters<Authorizer['authorize']>[0]): Promise<
    Awaited<ReturnType<Authorizer['authorize']>>
  > {
    this.asked.push(`${user.username} ${[...user.groups].join()}`);
    const allowed = ['get', 'list', 'watch'].includes(info.verb);
    return allowed ? { allowed } : { allowed, reason: 'readers only' };
  }
}

async function serverOf(
  t: ExecutionContext,
  options: Partial<ServerOptions> = {},
): Promise<ApiServer> {
  const server = createServer({ resources: [widgets], ...options });
  t.teardown(() => server.close({ graceMs: 0 }));
  await server.ready();
  return server;
}

const ana = tokenAuthenticator([
  { token: 'anas', user: { username: 'ana', uid: '', groups: ['makers'], extra: {} } },
]);

test('who is not named is the administrator, whom no authorizer is asked about', async (t) => {
  const authorizer = new Readers();
  const server = await serverOf(t, { authorizer });
  const created = await server.inject({ method: 'POST', path: PATH, body: widget('a') });
  t.is(created.status, 201);
  t.deepEqual(authorizer.asked, []);
});

test('a user who is named needs no credentials, and is asked about', async (t) => {
  const authorizer = new Readers();
  const server = await serverOf(t, { authorizer });
  const user = { username: 'bob', groups: ['dev'] };
  const refused = await server.inject({ method: 'POST', path: PATH, body: widget('a'), user });
  t.is(refused.status, 403);
  t.regex(refused.json<{ message: string }>().message, /User "bob" cannot create .* readers only/);
  t.is((await server.inject({ path: PATH, user: { username: 'eve' } })).status, 200);
  t.deepEqual(authorizer.asked, ['bob dev,system:authenticated', 'eve system:authenticated']);
});

for (const [name, request, status] of [
  ['a good token is let in', { headers: { Authorization: 'Bearer anas' } }, 200],
  ['a bad token is not', { headers: { authorization: 'Bearer wrong' } }, 401],
  ['a header of a front proxy is no proof', { headers: { 'X-Remote-User': 'ana' } }, 401],
  ['nobody in particular is unknown', { user: null }, 401],
  [
    'a certificate that nobody vouches for is no proof',
    { peerCertificate: { raw: new Uint8Array(3), chain: [] } },
    401,
  ],
  [
    'a named user is not asked for his token',
    {
      user: { username: 'eve' },
      headers: { authorization: 'Bearer wrong' },
    },
    200,
  ],
] as const) {
  test(`the authenticator judges credentials: ${name}`, async (t) => {
    const server = await serverOf(t, { authenticator: ana });
    t.is((await server.inject({ path: PATH, ...request })).status, status);
  });
}

test('an answer is whole, and easy to look at', async (t) => {
  const server = await serverOf(t);
  const body = widget('a');
  const created = await server.inject({ method: 'POST', path: PATH, body });
  t.is(created.status, 201);
  t.is(created.header('Content-Type'), 'application/json');
  t.is(created.headers['content-type'], 'application/json');
  t.is(created.header('absent'), undefined);
  t.truthy(created.header('audit-id'));
  t.false(created.isStreaming);
  t.is(created.json<Widget>().metadata.name, 'a');
  t.is(new TextDecoder().decode(created.bytes), created.text());
  t.is(created.header('content-length'), String(created.bytes.byteLength));
  const chunks: string[] = [];
  for await (const chunk of created.chunks()) chunks.push(new TextDecoder().decode(chunk));
  t.is(chunks.join(''), created.text());
  const head = await server.inject({ method: 'HEAD', path: '/version' });
  t.is(head.text(), '');
  const version = await server.inject({ path: '/version' });
  t.is(head.header('content-length'), String(version.bytes.byteLength));
});

test('a body is text, bytes or a value; a header may be repeated', async (t) => {
  const server = await serverOf(t);
  for (const [name, body] of [
    ['text', JSON.stringify(widget('text'))],
    ['bytes', new TextEncoder().encode(JSON.stringify(widget('bytes')))],
    ['value', widget('value')],
  ] as const) {
    t.is((await server.inject({ method: 'POST', path: PATH, body })).status, 201, name);
  }
  const patched = await server.inject({
    method: 'PATCH',
    path: `${PATH}/value`,
    headers: { 'Content-Type': 'application/merge-patch+json' },
    body: { metadata: { labels: { tier: 'one' } } },
  });
  t.is(patched.status, 200, 'the header says what a value is');
  const yaml = await server.inject({
    path: `${PATH}/text`,
    headers: { accept: ['application/yaml', 'application/json;q=0.5'] },
  });
  t.is(yaml.header('content-type'), 'application/yaml');
});

test('a query is added to the one of the path, encoded', async (t) => {
  const server = await serverOf(t);
  for (const name of ['a', 'b']) {
    await server.inject({ method: 'POST', path: PATH, body: widget(name) });
  }
  const listed = await server.inject({
    path: `${PATH}?limit=5`,
    query: { fieldSelector: 'metadata.name=b', labelSelector: undefined, watch: false },
  });
  t.deepEqual(
    listed.json<{ items: Widget[] }>().items.map(({ metadata }) => metadata.name),
    ['b'],
  );
});

test('a path without a slash is a mistake of the caller, a broken one of the client', async (t) => {
  const server = await serverOf(t);
  await t.throwsAsync(server.inject({ path: 'apis' }), { instanceOf: TypeError });
  t.is((await server.inject({ path: '/%zz' })).status, 400);
  t.is((await server.inject({ path: '/nowhere' })).text(), '404 page not found\n');
});

test('a list of any size is whole', async (t) => {
  const server = await serverOf(t);
  for (let number = 0; number < 300; number++) {
    const body = { ...widget(`w-${number}`), filler: 'x'.repeat(5_000) };
    await server.inject({ method: 'POST', path: PATH, body });
  }
  const listed = await server.inject({ path: PATH });
  t.true(listed.bytes.byteLength > 1_500_000);
  t.is(listed.json<{ items: Widget[] }>().items.length, 300);
});

test('a watch is read event by event, until it is closed', async (t) => {
  const server = await serverOf(t);
  await server.inject({ method: 'POST', path: PATH, body: widget('a') });
  await using watch = await server.inject({ path: PATH, query: { watch: true } });
  t.is(watch.status, 200);
  t.true(watch.isStreaming);
  t.throws(() => watch.text(), { instanceOf: TypeError, message: /events\(\)/ });
  const events = watch.events<Widget>();
  const next = async (): Promise<string> => {
    const { value } = await events.next();
    return value === undefined ? 'end' : `${value.type} ${value.object.metadata.name}`;
  };
  t.is(await next(), 'ADDED a');
  await server.inject({ method: 'POST', path: PATH, body: widget('b') });
  await server.inject({ method: 'DELETE', path: `${PATH}/a` });
  t.is(await next(), 'ADDED b');
  t.is(await next(), 'DELETED a');
  const cache = server.cache('widgets.example.com');
  t.is(cache?.stats().watches, 1);
  const waiting = next();
  watch.close();
  t.is(await waiting, 'end');
  t.is(cache?.stats().watches, 0);
});

test('leaving the loop over its events ends a watch', async (t) => {
  const server = await serverOf(t);
  await server.inject({ method: 'POST', path: PATH, body: widget('a') });
  const watch = await server.inject({ path: PATH, query: { watch: true } });
  for await (const { type } of watch.events()) {
    t.is(type, 'ADDED');
    break;
  }
  t.is(server.cache('widgets.example.com')?.stats().watches, 0);
});

test('events that come in one piece, or cut in the middle of a letter, are told apart', async (t) => {
  const server = await serverOf(t);
  for (const name of ['a', 'b', 'c']) {
    const body = { ...widget(name), filler: 'ä'.repeat(200_000) };
    await server.inject({ method: 'POST', path: PATH, body });
  }
  const watch = await server.inject({ path: PATH, query: { watch: true } });
  const names: string[] = [];
  for await (const { object } of watch.events<Widget & { filler: string }>()) {
    t.is(object.filler, 'ä'.repeat(200_000));
    if (names.push(object.metadata.name) === 3) break;
  }
  t.deepEqual(names, ['a', 'b', 'c']);
});

test('a request is given up by its signal, and by the deadline', async (t) => {
  const clock = new ManualClock();
  const server = await serverOf(t, {
    clock,
    authenticator: { authenticate: () => new Promise<never>(() => undefined) },
  });
  const controller = new AbortController();
  const asked = server.inject({ path: PATH, user: null, signal: controller.signal });
  controller.abort(new Error('enough'));
  await t.throwsAsync(asked, { message: 'enough' });
  const late = server.inject({ path: PATH, user: null });
  clock.advance(60_000);
  t.is((await late).status, 504);
});

test('closing ends an injected watch; afterwards there is 503', async (t) => {
  const server = await serverOf(t);
  const watch = await server.inject({ path: PATH, query: { watch: true } });
  const events = watch.events();
  const waiting = events.next();
  await server.close();
  t.true((await waiting).done);
  const late = await server.inject({ path: PATH });
  t.is(late.status, 503);
  t.like(late.json(), { reason: 'ServiceUnavailable', message: 'apiserver is shutting down' });
  t.is(late.header('retry-after'), '1');
});

test('what outlives the grace period is cut off', async (t) => {
  const clock = new ManualClock();
  let started: () => void = () => undefined;
  const running = new Promise<void>((resolve) => (started = resolve));
  const server = await serverOf(t, {
    clock,
    authenticator: {
      authenticate: () => {
        started();
        return new Promise<never>(() => undefined);
      },
    },
  });
  const stuck = t.throwsAsync(server.inject({ path: PATH, user: null }), {
    instanceOf: TransportError,
  });
  await running;
  const closing = server.close({ graceMs: 1_000 });
  clock.advance(1_000);
  t.is((await stuck)?.code, 'closing');
  await closing;
});
