/** The client over real sockets: what it sends, what it makes of answers, and how it ends. */

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import test from 'ava';

import { ClientError, createApiClient, type ClientErrorCode } from '../../lib/client/index.js';
import { isStatusError } from '../../lib/request/index.js';
import { keyOf } from '../auth/authority.js';
import { ManualClock } from '../clock.js';
import { bodyOf, issueNow, serveHttp, serveHttps, until } from './server.js';

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

test('a request has its query, its body and who it is from', async (t) => {
  const seen: { request: IncomingMessage; body: string }[] = [];
  const { url } = await serveHttp(t, async (request, response) => {
    seen.push({ request, body: await bodyOf(request) });
    json(response, 201, { kind: 'Widget' });
  });
  const client = createApiClient({
    server: `${url}/prefix/`,
    token: { data: 'secret\n' },
    impersonate: { username: 'ana', uid: '7', groups: ['a', 'b, c'], extra: { 'x/y': ['1', '2'] } },
  });
  t.teardown(() => client.close());
  const answer = await client.request({
    method: 'POST',
    path: '/api/v1/widgets',
    query: { dryRun: 'All', fieldManager: 'a b' },
    body: { a: 'ü' },
  });
  t.deepEqual(answer, { status: 201, body: { kind: 'Widget' } });
  const { request, body } = seen[0] as (typeof seen)[0];
  t.is(request.url, '/prefix/api/v1/widgets?dryRun=All&fieldManager=a+b');
  t.is(body, '{"a":"ü"}');
  t.is(request.headers['content-type'], 'application/json');
  t.is(request.headers.accept, 'application/json');
  t.is(request.headers['user-agent'], 'shardwatch');
  t.is(request.headers.authorization, 'Bearer secret');
  t.is(request.headers['impersonate-user'], 'ana');
  t.is(request.headers['impersonate-uid'], '7');
  t.deepEqual(request.headersDistinct['impersonate-group'], ['a', 'b, c']);
  t.deepEqual(request.headersDistinct['impersonate-extra-x%2fy'], ['1', '2']);
});

test('a failure is the server’s own Status, or made of its code and text', async (t) => {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'widgets "w" not found',
    reason: 'NotFound',
    details: { name: 'w', kind: 'widgets' },
    code: 404,
  };
  const { url } = await serveHttp(t, (request, response) => {
    if (request.url?.startsWith('/status') === true) json(response, 404, status);
    else response.writeHead(503, { 'retry-after': '7' }).end('not now\n');
  });
  const client = createApiClient({ server: url });
  t.teardown(() => client.close());
  const told = await t.throwsAsync(client.request({ path: '/status' }));
  t.true(isStatusError(told));
  t.deepEqual(isStatusError(told) && told.toStatus(), status);
  const made = await t.throwsAsync(client.request({ path: '/text' }));
  t.like(made, {
    code: 503,
    reason: 'ServiceUnavailable',
    message: 'the server answered 503: not now',
    details: { retryAfterSeconds: 7 },
  });
  const watched = await t.throwsAsync(client.watch({ path: '/status' }).next());
  t.like(watched, { code: 404, reason: 'NotFound' });
});

const FAILURES: readonly (readonly [
  what: string,
  answer: (response: ServerResponse) => void,
  code: ClientErrorCode,
  message: RegExp,
])[] = [
  ['text', (response) => void response.end('hello'), 'bad-response', /is no JSON: hello/],
  [
    'half an answer',
    (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.destroy());
    },
    'connection-lost',
    /the answer broke off/,
  ],
  ['nothing', (response) => void response.destroy(), 'connection-lost', /127\.0\.0\.1.*hang up/],
];

for (const [what, answer, code, message] of FAILURES) {
  test(`a server that answers ${what} is ${code}`, async (t) => {
    const { url } = await serveHttp(t, (_request, response) => answer(response));
    const client = createApiClient({ server: url });
    t.teardown(() => client.close());
    const error = await t.throwsAsync(client.request({ path: '/' }), {
      instanceOf: ClientError,
      message,
    });
    t.is(error?.code, code);
  });
}

test('a server that is not there is unreachable', async (t) => {
  const { url, server } = await serveHttp(t, () => undefined);
  server.close();
  await once(server, 'close');
  const error = await t.throwsAsync(createApiClient({ server: url }).request({ path: '/' }), {
    instanceOf: ClientError,
    message: new RegExp(`^${url}: connect ECONNREFUSED`),
  });
  t.is(error?.code, 'unreachable');
  // What teardown closes must be open.
  server.listen(0);
  await once(server, 'listening');
});

test('an answer that takes too long, or that nobody waits for, is given up', async (t) => {
  const clock = new ManualClock();
  let waiting = 0;
  const { url } = await serveHttp(t, () => void waiting++);
  const client = createApiClient({ server: url }, { clock });
  t.teardown(() => client.close());
  const late = t.throwsAsync(client.request({ path: '/late', timeoutMs: 500 }), {
    instanceOf: ClientError,
    message: 'no answer to /late within 500 ms',
  });
  await until(() => waiting === 1);
  clock.advance(500);
  t.is((await late)?.code, 'timeout');
  const controller = new AbortController();
  const unwanted = t.throwsAsync(client.request({ path: '/', signal: controller.signal }), {
    instanceOf: ClientError,
  });
  await until(() => waiting === 2);
  controller.abort();
  t.is((await unwanted)?.code, 'aborted');
  t.is(clock.pending, 0);
});

test('a watch gives events however they are cut, and outlives its time limit', async (t) => {
  const clock = new ManualClock();
  const text =
    '{"type":"ADDED","object":{"metadata":{"name":"ü"}}}\n' +
    '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}\n';
  const bytes = Buffer.from(text);
  let open: ServerResponse | undefined;
  const { url } = await serveHttp(t, (request, response) => {
    t.is(request.url, '/widgets?resourceVersion=1&watch=true');
    open = response;
    response.writeHead(200).flushHeaders();
  });
  const client = createApiClient({ server: url }, { clock });
  t.teardown(() => client.close());
  const events = client.watch({ path: '/widgets', query: { resourceVersion: '1' } });
  const first = events.next();
  await until(() => open !== undefined);
  // Cut within the two bytes of a letter.
  const cut = bytes.indexOf('ü') + 1;
  open?.write(bytes.subarray(0, cut));
  open?.write(bytes.subarray(cut));
  t.deepEqual((await first).value, { type: 'ADDED', object: { metadata: { name: 'ü' } } });
  clock.advance(3_600_000);
  t.deepEqual((await events.next()).value, {
    type: 'BOOKMARK',
    object: { metadata: { resourceVersion: '7' } },
  });
  const closed = once(open as ServerResponse, 'close');
  await events.return(undefined);
  await closed;
});

test('an ERROR event is thrown as the Status in it', async (t) => {
  const { url } = await serveHttp(t, (_request, response) => {
    const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
    response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
  });
  const client = createApiClient({ server: url });
  t.teardown(() => client.close());
  const error = await t.throwsAsync(client.watch({ path: '/' }).next());
  t.true(isStatusError(error));
  t.like(error, { code: 410, reason: 'Expired', message: 'too old' });
});

test('servers are verified, and certificate and token are read again when they changed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-client-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = (name: string): string => join(folder, name);
  const authority = await issueNow({ subject: 'CN=authority', authority: true });
  const serving = await issueNow({ subject: 'CN=s', issuer: authority, hosts: ['kubernetes'] });
  const seen: string[] = [];
  const { url } = await serveHttps(t, serving, (request, response) => {
    const subject = (request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody';
    seen.push(`${subject} ${request.headers.authorization}`);
    json(response, request.headers.authorization === 'Bearer old' ? 401 : 200, {});
  });
  const give = async (name: string, token: string): Promise<void> => {
    const client = await issueNow({ subject: `CN=${name}`, issuer: authority });
    await writeFile(file('client.crt'), client.pem);
    await writeFile(file('client.key'), await keyOf(client));
    await writeFile(file('token'), `${token}\n`);
  };
  await writeFile(file('ca.crt'), authority.pem);
  await give('first', 'one');
  const config = {
    server: url,
    certificateAuthority: { file: file('ca.crt') },
    tlsServerName: 'kubernetes',
    clientCertificate: { file: file('client.crt') },
    clientKey: { file: file('client.key') },
    token: { file: file('token') },
  };
  const clock = new ManualClock();
  const client = createApiClient(config, { clock });
  t.teardown(() => client.close());
  const ask = (): Promise<unknown> => client.request({ path: '/' }).catch(() => undefined);
  await ask();
  await give('second', 'two');
  await ask();
  clock.advance(60_000);
  await ask();
  await rm(file('token'));
  clock.advance(60_000);
  await ask();
  await writeFile(file('token'), 'old');
  clock.advance(60_000);
  await ask();
  await writeFile(file('token'), 'new');
  await ask();
  t.deepEqual(seen, [
    'first Bearer one',
    'first Bearer one',
    'second Bearer two',
    'second Bearer two',
    'second Bearer old',
    'second Bearer new',
  ]);
  const { tlsServerName: _, ...unnamed } = config;
  for (const wrong of [unnamed, { ...config, certificateAuthority: { data: serving.pem } }]) {
    const other = createApiClient(wrong);
    const error = await t.throwsAsync(other.request({ path: '/' }), { instanceOf: ClientError });
    t.is(error?.code, 'unreachable');
    other.close();
  }
  const missing = createApiClient({ ...config, token: { file: file('none') } });
  const error = await t.throwsAsync(missing.request({ path: '/' }), {
    instanceOf: ClientError,
    message: /none: ENOENT/,
  });
  t.is(error?.code, 'bad-credentials');
  t.is(seen.length, 6);
});
