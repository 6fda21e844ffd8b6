import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';

import test from 'ava';

import { textAnswer } from '../../lib/request/index.js';
import type { Duplex, Handler } from '../../lib/request/index.js';
import { bench, deferred, testCertificates } from './fixture.js';

async function echo(connection: Duplex): Promise<void> {
  for await (const bytes of connection.readable) await connection.write(bytes);
  connection.end();
}

const upgrading: Handler = async (request) => {
  if (request.header('upgrade') !== 'echo') return textAnswer(200, `plain ${request.method}`);
  return {
    status: 101,
    headers: [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'echo'],
    ],
    source: {
      type: 'connect',
      connect: (connection) => void echo(connection).catch(() => undefined),
    },
  };
};

async function open(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.includes(end)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString();
  }
  return text;
}

test('an upgrade hands the connection over, with what was sent along', async (t) => {
  const { listener } = await bench(t, 'HTTP/1.1', upgrading);
  const socket = await open(listener.port);
  socket.write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly');
  const head = await readUntil(socket, 'early');
  t.regex(head, /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n/);
  socket.write('more');
  t.is(await readUntil(socket, 'more'), 'more');
  socket.end();
  await once(socket, 'close');
});

test('an upgrade that the handler does not take is an ordinary request', async (t) => {
  const { listener } = await bench(t, 'HTTP/1.1', upgrading);
  const socket = await open(listener.port);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
  const text = await readUntil(socket, 'plain GET');
  t.regex(text, /^HTTP\/1\.1 200 OK\r\n/);
  t.regex(text, /\r\nConnection: close\r\n/);
  await once(socket, 'close');
});

test('an upgrade with a body is refused', async (t) => {
  const { listener } = await bench(t, 'HTTP/1.1', upgrading);
  const socket = await open(listener.port);
  socket.write(
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n' +
      'Content-Length: 4\r\n\r\nbody',
  );
  t.regex(await readUntil(socket, '\r\n\r\n'), /^HTTP\/1\.1 400 /);
  await once(socket, 'close');
});

test('an upgrade whose answer has a header that can not be sent is a 500', async (t) => {
  const { listener } = await bench(t, 'HTTP/1.1', async () => ({
    status: 101,
    headers: [['X', 'line\nbreak']],
    source: { type: 'connect', connect: () => t.fail() },
  }));
  const socket = await open(listener.port);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  t.regex(await readUntil(socket, '\r\n\r\n'), /^HTTP\/1\.1 500 /);
});

test('a handed-over connection aborts its signal, and is cut with the rest', async (t) => {
  const aborted = deferred<void>();
  const { listener, clock } = await bench(t, 'HTTP/1.1', async (request) => {
    request.signal.addEventListener('abort', () => aborted.resolve());
    return upgrading(request);
  });
  const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
  const leaving = await open(listener.port);
  leaving.write(request);
  await readUntil(leaving, '\r\n\r\n');
  leaving.destroy();
  await aborted.promise;
  const staying = await open(listener.port);
  staying.on('error', () => undefined);
  staying.write(request);
  await readUntil(staying, '\r\n\r\n');
  const closed = listener.close({ graceMs: 1_000 });
  clock.advance(1_000);
  await closed;
  t.pass();
});

test('HTTP/2: an extended CONNECT is an upgrade, to the handler the same one', async (t) => {
  const { listener } = await bench(t, 'HTTP/2', upgrading);
  const { authority } = await testCertificates();
  const session = connectHttp2(`https://localhost:${listener.port}`, {
    ca: authority.cert,
    lookup: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  await once(session, 'remoteSettings');
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'echo', ':path': '/x', ':scheme': 'https' },
    { endStream: false },
  );
  const [headers] = (await once(stream, 'response')) as [{ [name: string]: string }];
  t.is(Number(headers[':status']), 200);
  t.is(headers['upgrade'], undefined);
  stream.write('there');
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  t.is(chunk.toString(), 'there');
  stream.end();
  await once(stream, 'close');
  session.destroy();
});
