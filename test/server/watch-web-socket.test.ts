/** Watches over WebSockets, with a client that people use, and some that break the rules. */

import { once } from 'node:events';
import http2 from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';

import test, { type ExecutionContext } from 'ava';
import { WebSocket } from 'ws';

import { tokenAuthenticator } from '../../lib/auth/index.js';
import { ENGINES } from '../engine/engines.js';
import { type Json, scene, type Scene, turns, WATCH, WIDGETS } from './watch-stream.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const ANA = { username: 'ana', uid: '1', groups: [], extra: {} };

for (const { kind } of ENGINES) {
  test(`${kind}: every event is a text message, with the newline`, async (t) => {
    const set = await ready(t, kind);
    const client = await open(t, set, WATCH);
    await set.create('a', 'b');
    const first = await client.message();
    t.true(first.startsWith('{"type":"ADDED","object":{"apiVersion":"example.com/v1",'));
    t.true(first.endsWith('}}\n'));
    t.is(nameOf(JSON.parse(first)), 'ADDED a');
    t.is(nameOf(JSON.parse(await client.message())), 'ADDED b');
  });

  test(`${kind}: events that wait together are messages of their own, large ones too`, async (t) => {
    const set = await ready(t, kind);
    await set.create('a', 'b', 'c');
    await set.createLarge('d', 200);
    await set.createLarge('e', 100_000);
    const client = await open(t, set, `${WATCH}&resourceVersion=0`);
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      t.is(nameOf(JSON.parse(await client.message())), `ADDED ${name}`);
    }
  });

  test(`${kind}: what history can't give is an ERROR event, and then a close`, async (t) => {
    const history = { windowMs: 0, entriesMin: 1, entriesMax: 1 };
    const set = await ready(t, kind, { history });
    await set.create('a', 'b', 'c');
    const client = await open(t, set, `${WATCH}&resourceVersion=1`);
    t.is(JSON.parse(await client.message()).object.code, 410);
    t.is(await client.closed, 1_000);
  });
}

test('tables are messages, too', async (t) => {
  const set = await ready(t);
  const client = await open(t, set, WATCH, [], { accept: TABLE });
  await set.create('a');
  const { type, object } = JSON.parse(await client.message());
  t.is(`${type} ${object.kind}`, 'ADDED Table');
});

test('the end of a watch is a close with 1000', async (t) => {
  const set = await ready(t);
  const client = await open(t, set, `${WATCH}&timeoutSeconds=5`);
  set.clock.advance(5_000);
  t.is(await client.closed, 1_000);
});

test('the end of a server is a close with 1000, and takes no longer than a client', async (t) => {
  const set = await ready(t);
  const client = await open(t, set, WATCH);
  const closing = set.server.close();
  t.is(await client.closed, 1_000);
  await closing;
});

test('a client that does not answer the close is cut off', async (t) => {
  const set = await ready(t);
  const socket = await rawHandshake(t, set, `${WATCH}&timeoutSeconds=5`);
  const bytes = read(socket);
  set.clock.advance(5_000);
  t.deepEqual([...(await bytes.upTo(4))], [0x88, 2, 0x03, 0xe8]);
  const closed = once(socket, 'close');
  await turns();
  set.clock.advance(5_000);
  await closed;
  t.pass();
});

test('a client that leaves ends its watch', async (t) => {
  const set = await ready(t);
  const watchers = (): number => set.server.cache('widgets.example.com')!.stats().watches;
  const polite = await open(t, set, WATCH);
  const rude = await open(t, set, WATCH);
  t.is(watchers(), 2);
  polite.socket.close(4_000);
  t.is(await polite.closed, 4_000);
  rude.socket.terminate();
  while (watchers() > 0) await turns(1);
  t.pass();
});

test('pings are answered, and what a client says is passed over', async (t) => {
  const set = await ready(t);
  const client = await open(t, set, WATCH);
  client.socket.send('x'.repeat(100_000));
  client.socket.send(new Uint8Array(70_000));
  const pong = once(client.socket, 'pong');
  client.socket.ping('there?');
  t.is(String((await pong)[0]), 'there?');
  await set.create('a');
  t.is(nameOf(JSON.parse(await client.message())), 'ADDED a');
});

for (const [about, frame] of Object.entries({
  'without a mask': [0x81, 1, 0x78],
  'of an unknown kind': [0x83, 0x80, 0, 0, 0, 0],
  'with a bit that means nothing': [0xc1, 0x80, 0, 0, 0, 0],
  'with half a ping': [0x09, 0x80, 0, 0, 0, 0],
  'with a ping that is too long': [0x89, 0xfe, 0, 126, 0, 0, 0, 0],
})) {
  test(`a frame ${about} ends it with 1002`, async (t) => {
    const set = await ready(t);
    const socket = await rawHandshake(t, set, WATCH);
    const bytes = read(socket);
    socket.write(Uint8Array.from(frame));
    t.deepEqual([...(await bytes.upTo(4))], [0x88, 2, 0x03, 0xea]);
    socket.end();
    await once(socket, 'close');
  });
}

test('what is no watch, or none that can begin, is an ordinary answer', async (t) => {
  const set = await ready(t);
  t.deepEqual(await refusal(set, WIDGETS), [200, 'application/json']);
  t.deepEqual(await refusal(set, `${WATCH}&labelSelector=a b`), [400, 'application/json']);
  t.deepEqual(await refusal(set, '/apis/example.com/v1/gadgets?watch=1'), [404, undefined]);
});

const HANDSHAKES = {
  'without a version': [{ 'Sec-WebSocket-Version': undefined }, 400, 'WebSocket Version'],
  'of another version': [{ 'Sec-WebSocket-Version': '8' }, 400, 'Sec-WebSocket-Version: 13\r\n'],
  'without a key': [{ 'Sec-WebSocket-Key': undefined }, 400, 'mismatch challenge/response'],
  'for two protocols': [{ 'Sec-WebSocket-Protocol': 'a, b' }, 400, 'bad WebSocket-Protocol'],
  'from nowhere': [{ Origin: 'somewhere' }, 403, 'invalid origin'],
  'for another protocol': [{ Upgrade: 'h2c' }, 200, 'Content-Type: application/json\r\n'],
  'that is none': [{ Connection: 'keep-alive' }, 200, 'Content-Type: application/json\r\n'],
  'as of the RFC': [{}, 101, 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n'],
  'for one protocol': [{ 'Sec-WebSocket-Protocol': 'a' }, 101, 'Sec-WebSocket-Protocol: a\r\n'],
  'from somewhere': [{ Origin: 'https://a.example.com' }, 101, 'Upgrade: websocket\r\n'],
} as const;

for (const [about, [headers, status, text]] of Object.entries(HANDSHAKES)) {
  test(`a handshake ${about}: ${status}`, async (t) => {
    const set = await ready(t);
    const socket = await raw(t, set, `${WATCH}&timeoutSeconds=1`, headers);
    const bytes = read(socket);
    const head = String(await bytes.including('\r\n\r\n'));
    set.clock.advance(1_000);
    t.true(head.startsWith(`HTTP/1.1 ${status} `), head);
    t.true(head.includes(text) || String(await bytes.including(text)).includes(text));
  });
}

test('a token may come as a subprotocol, beside another one', async (t) => {
  const tokens = tokenAuthenticator([{ token: 's3cret/ü', user: ANA }]);
  const set = await scene(t, 'javascript', 'HTTP/1.1', { authenticator: tokens });
  await set.server.ready();
  const client = await open(t, set, WATCH, [protocolOf('s3cret/ü'), 'watch']);
  t.is(client.socket.protocol, 'watch');
  t.deepEqual(await refusal(set, WATCH), [401, 'application/json']);
  for (const protocols of [
    [protocolOf('another'), 'watch'],
    [protocolOf('s3cret/ü')],
    [protocolOf('s3cret/ü'), protocolOf('another'), 'watch'],
    ['base64url.bearer.authorization.k8s.io.a+b', 'watch'],
    ['base64url.bearer.authorization.k8s.io.gA', 'watch'],
    ['base64url.bearer.authorization.k8s.io.', 'watch'],
  ]) {
    t.deepEqual(await refusal(set, WATCH, protocols), [401, 'application/json'], `${protocols}`);
  }
});

test('HTTP/2: an extended CONNECT is a WebSocket', async (t) => {
  const set = await scene(t, 'javascript', 'HTTP/2');
  await set.server.ready();
  const session = http2.connect(set.url, { rejectUnauthorized: false });
  t.teardown(() => session.destroy());
  await once(session, 'remoteSettings');
  const stream = session.request(
    {
      ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':path': WATCH, ':scheme': 'https' },
      ...{ 'sec-websocket-version': '13', 'sec-websocket-protocol': 'watch' },
    },
    { endStream: false },
  );
  const bytes = read(stream);
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  t.is(Number(headers[':status']), 200);
  t.is(headers['sec-websocket-protocol'], 'watch');
  t.is(headers['sec-websocket-accept'], undefined);
  await set.create('a');
  const text = await bytes.including('}}\n');
  t.is(text[0], 0x81);
  t.is(nameOf(JSON.parse(String(text.subarray(text.indexOf('{'))))), 'ADDED a');
  stream.end(Uint8Array.of(0x88, 0x80, 0, 0, 0, 0));
  await once(stream, 'close');
});

function protocolOf(token: string): string {
  return `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
}

const nameOf = ({ type, object }: Json): string => `${type} ${object.metadata.name}`;

async function ready(
  t: ExecutionContext,
  kind: Parameters<typeof scene>[1] = 'javascript',
  options: Parameters<typeof scene>[3] = {},
): Promise<Scene> {
  const set = await scene(t, kind, 'HTTP/1.1', options);
  await set.server.ready();
  return set;
}

interface Client {
  readonly socket: WebSocket;
  message(): Promise<string>;
  /** The status of the close. */
  readonly closed: Promise<number>;
}

async function open(
  t: ExecutionContext,
  { url }: Scene,
  path: string,
  protocols: readonly string[] = [],
  headers: { readonly [name: string]: string } = {},
): Promise<Client> {
  const socket = new WebSocket(url.replace('http', 'ws') + path, [...protocols], { headers });
  t.teardown(() => socket.terminate());
  const messages: string[] = [];
  let wake = (): void => undefined;
  socket.on('message', (data, isBinary) => {
    t.false(isBinary);
    messages.push(String(data));
    wake();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await once(socket, 'open');
  return {
    socket,
    closed,
    message: async () => {
      while (messages.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return messages.shift()!;
    },
  };
}

/** Status and content type of an answer that is no WebSocket. */
async function refusal(
  { url }: Scene,
  path: string,
  protocols: readonly string[] = [],
): Promise<[number | undefined, string | undefined]> {
  const socket = new WebSocket(url.replace('http', 'ws') + path, [...protocols]);
  socket.on('error', () => undefined);
  const [request, response] = await once(socket, 'unexpected-response');
  const { statusCode, headers } = response;
  request.destroy();
  const type: string | undefined = headers['content-type'];
  return [statusCode, statusCode === 404 ? undefined : type];
}

async function raw(
  t: ExecutionContext,
  { url }: Scene,
  path: string,
  headers: { readonly [name: string]: string | undefined },
): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connectTcp(Number(port), hostname);
  t.teardown(() => socket.destroy());
  const all = {
    ...{ Host: 'a', Connection: 'keep-alive, Upgrade', Upgrade: 'WebSocket' },
    ...{ 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY },
    ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return socket;
}

/** A socket behind a handshake that was accepted. */
async function rawHandshake(t: ExecutionContext, set: Scene, path: string): Promise<Socket> {
  const socket = await raw(t, set, path, {});
  const [head] = (await once(socket, 'data')) as [Buffer];
  t.true(String(head).startsWith('HTTP/1.1 101 '));
  return socket;
}

function read(source: NodeJS.ReadableStream): {
  upTo(count: number): Promise<Buffer>;
  including(text: string): Promise<Buffer>;
} {
  let bytes = Buffer.alloc(0);
  let wake = (): void => undefined;
  source.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    wake();
  });
  const until = async (isEnough: () => boolean): Promise<Buffer> => {
    while (!isEnough()) await new Promise<void>((resolve) => (wake = resolve));
    return bytes;
  };
  return {
    upTo: (count) => until(() => bytes.length >= count),
    including: (text) => until(() => bytes.includes(text)),
  };
}
