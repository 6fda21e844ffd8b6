import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';

import { generateCertificates } from '../../lib/auth/index.js';
import { textAnswer } from '../../lib/request/index.js';
import { listen, TransportError } from '../../lib/transport/index.js';
import type { ListenOptions, TransportErrorCode } from '../../lib/transport/index.js';
import { PROTOCOLS } from './clients.js';
import { bench, deferred, ManualClock, testCertificates, TestSource } from './fixture.js';

const ok = async (): Promise<ReturnType<typeof textAnswer>> => textAnswer(200, 'ok');

const OPTIONS = (): ListenOptions => ({
  handler: ok,
  host: '127.0.0.1',
  port: 0,
  clock: new ManualClock(),
});

test('a port in use is told with its number, and can be had once it is free', async (t) => {
  const first = await listen(OPTIONS());
  const again = { ...OPTIONS(), port: first.port };
  const error = await t.throwsAsync(listen(again), { instanceOf: TransportError });
  t.is(error?.code, 'address-in-use');
  t.is(error?.message, `port ${first.port} of 127.0.0.1 is in use`);
  await first.close({ graceMs: 0 });
  const second = await listen(again);
  t.is(second.port, first.port);
  await second.close({ graceMs: 0 });
});

const REFUSED: readonly (readonly [
  name: string,
  options: Partial<ListenOptions>,
  code: TransportErrorCode,
  message: RegExp,
])[] = [
  ['a port that is none', { port: 65_536 }, 'bad-address', /65536 is no port/],
  ['an address of no machine', { host: '192.0.2.1' }, 'bad-address', /192\.0\.2\.1 is no address/],
  ['a name of no machine', { host: 'nowhere.invalid' }, 'bad-address', /nowhere\.invalid is no/],
  [
    'a key that is none',
    { tls: { key: 'no key', cert: 'no certificate' } },
    'bad-certificate',
    /can't be used/,
  ],
];

for (const [name, options, code, message] of REFUSED) {
  test(`${name} is refused as ${code}`, async (t) => {
    const error = await t.throwsAsync(listen({ ...OPTIONS(), ...options }), {
      instanceOf: TransportError,
    });
    t.is(error?.code, code);
    t.regex(error?.message ?? '', message);
  });
}

test('a key of another certificate is refused', async (t) => {
  const { serving, client } = await testCertificates();
  const tls = { key: client.key, cert: serving.cert };
  const error = await t.throwsAsync(listen({ ...OPTIONS(), tls }), { instanceOf: TransportError });
  t.is(error?.code, 'bad-certificate');
});

test('another certificate is served from now on; a bad one changes nothing', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const other = await generateCertificates({ directory, clock: { now: () => Date.now() } });
  const { listener, client, connect } = await bench(t, 'HTTP/2', ok);
  const served = async (): Promise<string> => {
    const socket = connectTls({
      port: listener.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
    });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const before = await served();
  t.throws(() => listener.setCertificates({ key: 'no', cert: 'no' }), {
    instanceOf: TransportError,
  });
  t.is(await served(), before);
  t.is(await (await client.send('GET', '/')).text(), 'ok');
  listener.setCertificates({ key: other.serving.key, cert: other.serving.cert });
  t.not(await served(), before);
  t.is(await (await client.send('GET', '/')).text(), 'ok', 'an open connection goes on');
  await t.throwsAsync(async () => (await connect().send('GET', '/')).text());
});

test('a plain listener has no certificate to change', async (t) => {
  const { listener } = await bench(t, 'HTTP/1.1', ok);
  t.throws(() => listener.setCertificates({ key: '', cert: '' }), { instanceOf: TransportError });
});

for (const protocol of PROTOCOLS) {
  test(`${protocol}: closing cuts idle connections at once and refuses new ones`, async (t) => {
    const { listener, client, clock } = await bench(t, protocol, ok);
    await (await client.send('GET', '/')).text();
    const closed = listener.close({ graceMs: 60_000 });
    await closed;
    await client.closed;
    const socket = connectTcp(listener.port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    t.is(error.code, 'ECONNREFUSED');
    await new Promise((resolve) => setImmediate(resolve));
    t.is(clock.timerCount, 0);
  });

  test(`${protocol}: closing lets a request finish and ends a watch cleanly`, async (t) => {
    const asked = deferred<void>();
    const answer = deferred<void>();
    const source = new TestSource(true);
    const { listener, client, connect } = await bench(t, protocol, async (request) => {
      if (request.path === '/watch') return { status: 200, headers: [], source };
      asked.resolve();
      await answer.promise;
      return textAnswer(200, request.signal.aborted ? 'aborted' : 'finished');
    });
    const watching = connect();
    const watch = await watching.send('GET', '/watch');
    await source.waiting();
    source.push('{"last":1}\n');
    await source.waiting();
    const running = client.send('GET', '/slow');
    await asked.promise;
    const closed = listener.close({ graceMs: 60_000 });
    t.is(await watch.text(), '{"last":1}\n');
    t.is(source.closes, 1);
    answer.resolve();
    t.is(await (await running).text(), 'finished');
    await closed;
    await client.closed;
  });

  test(`${protocol}: a watch that is answered while closing is an empty one`, async (t) => {
    const asked = deferred<void>();
    const answer = deferred<void>();
    const source = new TestSource(true);
    const { listener, client } = await bench(t, protocol, async () => {
      asked.resolve();
      await answer.promise;
      return { status: 200, headers: [], source };
    });
    const running = client.send('GET', '/watch');
    await asked.promise;
    const closed = listener.close({ graceMs: 60_000 });
    answer.resolve();
    const response = await running;
    t.is(response.status, 200);
    t.is(await response.text(), '');
    await closed;
    t.is(source.closes, 1);
    t.is(source.pulls, 0);
  });

  test(`${protocol}: what outlives the grace period is cut, its signal aborted`, async (t) => {
    const asked = deferred<void>();
    const reason = deferred<unknown>();
    const { listener, client, clock } = await bench(t, protocol, async ({ signal }) => {
      asked.resolve();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      reason.resolve(signal.reason);
      return textAnswer(200, 'too late');
    });
    const running = client.send('GET', '/slow');
    await asked.promise;
    const closed = listener.close({ graceMs: 5_000 });
    clock.advance(4_999);
    clock.advance(1);
    await t.throwsAsync(running);
    const error = await reason.promise;
    t.is((error as TransportError).code, 'closing');
    await closed;
  });

  test(`${protocol}: half a request does not hold up the closing`, async (t) => {
    const { listener } = await bench(t, protocol, ok);
    const socket = await rawConnection(listener.port, protocol !== 'HTTP/1.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
    const silent = connectTcp(listener.port, '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    await (await bench(t, protocol, ok)).client.send('GET', '/');
    await listener.close({ graceMs: 60_000 });
    socket.destroy();
    silent.destroy();
    t.pass();
  });
}

for (const secure of [false, true]) {
  const how = secure ? 'under TLS' : 'plain';
  test(`a head that takes too long ends the connection, ${how}`, async (t) => {
    const limits = { readHeaderTimeoutMs: 1_000 };
    const protocol = secure ? 'HTTP/1.1 over TLS' : 'HTTP/1.1';
    const { listener } = await bench(t, protocol, ok, limits);
    const socket = await rawConnection(listener.port, secure);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(socket, 'close');
    t.regex(text, /^HTTP\/1\.1 408 /);
  });

  test(`a request that is no HTTP is answered 400 and ends the connection, ${how}`, async (t) => {
    const { listener } = await bench(t, secure ? 'HTTP/1.1 over TLS' : 'HTTP/1.1', ok);
    const socket = await rawConnection(listener.port, secure);
    socket.write('what?\r\n\r\n');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(socket, 'close');
    t.regex(text, /^HTTP\/1\.1 400 /);
  });

  test(`a head over the limit is answered 431, ${how}`, async (t) => {
    const protocol = secure ? 'HTTP/1.1 over TLS' : 'HTTP/1.1';
    const { listener } = await bench(t, protocol, ok, { headerBytesMax: 100_000 });
    for (const [bytes, status] of [
      [90_000, '200'],
      [110_000, '431'],
    ] as const) {
      const socket = await rawConnection(listener.port, secure);
      socket.on('error', () => undefined);
      socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(bytes)}\r\n\r\n`);
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      t.is(chunk.toString().split(' ')[1], status);
      socket.destroy();
    }
  });

  test(`a target in absolute form is served by its path, ${how}`, async (t) => {
    const protocol = secure ? 'HTTP/1.1 over TLS' : 'HTTP/1.1';
    const { listener } = await bench(t, protocol, async ({ path, query }) =>
      textAnswer(200, `${path} ${query.toString()}`, [['Connection', 'close']]),
    );
    const socket = await rawConnection(listener.port, secure);
    socket.write('GET http://proxy.example/a?b=c HTTP/1.1\r\nHost: a\r\n\r\n');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(socket, 'close');
    t.regex(text, /\/a b=c$/);
  });
}

test('a handshake that fails is reported and hurts nobody', async (t) => {
  const { listener, client, errors } = await bench(t, 'HTTP/2', ok);
  const socket = connectTls({
    port: listener.port,
    host: '127.0.0.1',
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
    rejectUnauthorized: false,
  });
  await once(socket, 'error');
  t.is(await (await client.send('GET', '/')).text(), 'ok');
  t.is(errors[0]?.place, 'tls');
});

test('HTTP/2: an idle session ends after the idle time, one with a watch does not', async (t) => {
  const source = new TestSource(true);
  const { client, connect, clock } = await bench(t, 'HTTP/2', async ({ path }) =>
    path === '/watch' ? { status: 200, headers: [], source } : textAnswer(200, 'ok'),
  );
  const idle = connect();
  await (await idle.send('GET', '/')).text();
  const watch = await client.send('GET', '/watch');
  await source.waiting();
  while (clock.timerCount === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(90_000);
  await idle.closed;
  source.push('event');
  const [chunk] = (await once(watch.stream, 'data')) as [Buffer];
  t.is(chunk.toString(), 'event');
});

test('HTTP/2: many streams share a session, each with its own answer', async (t) => {
  const { client } = await bench(t, 'HTTP/2', async ({ path }) => textAnswer(200, path));
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => (await client.send('GET', `/${index}`)).text()),
  );
  t.deepEqual(
    answers,
    answers.map((_, index) => `/${index}`),
  );
  t.is(client.ports.size, 1);
});

async function rawConnection(port: number, secure: boolean): Promise<Socket> {
  const options = { port, host: '127.0.0.1', rejectUnauthorized: false };
  const socket = secure ? connectTls(options) : connectTcp(options);
  await once(socket, secure ? 'secureConnect' : 'connect');
  return socket;
}
