/** What is particular to a mount: its prefix, who stands in front, and whose connections it has. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import { createGunzip, createGzip, gunzipSync } from 'node:zlib';

import test from 'ava';

import { bytesAnswer, emptyAnswer, statusAnswer, textAnswer } from '../../lib/request/index.js';
import type { Handler } from '../../lib/request/index.js';
import { mount, TransportError } from '../../lib/transport/index.js';
import { PROTOCOLS } from './clients.js';
import { deferred, ManualClock, testCertificates, TestSource } from './fixture.js';
import { mountedBench } from './mounted.js';

const tellPath: Handler = async ({ path, query }) => textAnswer(200, `${path} ${query}`);

for (const protocol of PROTOCOLS) {
  test(`${protocol}: the handler sees paths without the prefix, and no others`, async (t) => {
    const { client } = await mountedBench(t, protocol, tellPath, {}, '/k8s/one');
    for (const [path, status, text] of [
      ['/k8s/one/apis/a%2Fb?x=1', 200, '/apis/a%2Fb x=1'],
      ['/k8s/one', 200, '/ '],
      ['/k8s/one?x', 200, '/ x='],
      ['/k8s/one/', 200, '/ '],
      ['/k8s/one//a', 200, '//a '],
      ['/k8s/oneself', 404, '404 page not found\n'],
      ['/k8s', 404, '404 page not found\n'],
      ['/', 404, '404 page not found\n'],
    ] as const) {
      const answer = await client.send('GET', path);
      t.is(answer.status, status, path);
      t.is(await answer.text(), text);
    }
  });

  test(`${protocol}: a redirect to a path stays below the prefix`, async (t) => {
    const location: Handler = async ({ query }) =>
      emptyAnswer(301, [['Location', query.get('to') ?? '']]);
    const { client } = await mountedBench(t, protocol, location, {}, '/k8s');
    for (const [to, expected] of [
      ['/openapi', '/k8s/openapi'],
      ['//other.example.com/a', '//other.example.com/a'],
      ['https://example.com/a', 'https://example.com/a'],
    ] as const) {
      const answer = await client.send('GET', `/k8s/x?to=${encodeURIComponent(to)}`);
      t.is(answer.headers['location'], expected);
      await answer.text();
    }
  });

  test(`${protocol}: closing ends watches, leaves connections, and cuts what is late`, async (t) => {
    const watch = new TestSource(true);
    const stuck = deferred<void>();
    const aborted = deferred<unknown>();
    const {
      client,
      clock,
      mount: mounted,
    } = await mountedBench(t, protocol, async (request) => {
      if (request.path === '/watch') return { status: 200, headers: [], source: watch };
      if (request.path === '/stuck') {
        stuck.resolve();
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
        aborted.resolve(request.signal.reason);
      }
      return textAnswer(200, 'still served');
    });
    const watching = await client.send('GET', '/watch');
    const closing = mounted.close({ graceMs: 1_000 });
    t.is(await watching.text(), '');
    await closing;
    t.is(watch.closes, 1);
    const after = await client.send('GET', '/');
    t.is(after.headers['connection'] ?? 'keep-alive', 'keep-alive');
    t.is(await after.text(), 'still served');
    t.is(client.ports.size, 1);
    const late = client.send('GET', '/stuck');
    late.catch(() => undefined);
    await stuck.promise;
    const again = mounted.close({ graceMs: 1_000 });
    clock.advance(1_000);
    await again;
    t.is(((await aborted.promise) as TransportError).code, 'closing');
    await t.throwsAsync(late);
  });

  test(`${protocol}: headers that were set before are sent, too; the answer's win`, async (t) => {
    const { client } = await frontedBench(
      t,
      protocol,
      async () =>
        bytesAnswer(200, Buffer.from('{}'), 'application/json', [
          ['Warning', '299 - "one"'],
          ['Warning', '299 - "two"'],
        ]),
      (_request, response, next) => {
        response.setHeader('X-Front', 'here');
        response.setHeader('content-type', 'text/html');
        response.setHeader('content-length', '1000');
        next();
      },
    );
    const answer = await client.send('GET', '/');
    t.is(answer.headers['x-front'], 'here');
    t.is(answer.headers['content-type'], 'application/json');
    t.deepEqual(answer.headers['warning'], ['299 - "one"', '299 - "two"']);
    t.is(await answer.text(), '{}');
  });

  test(`${protocol}: an event passes middleware that compresses at once`, async (t) => {
    const source = new TestSource(true);
    const lists: Handler = async ({ path }) => {
      if (path === '/watch') return { status: 200, headers: [], source };
      const list = new TestSource();
      for (let piece = 0; piece < 200; piece++) list.push('x'.repeat(50_000));
      list.push({ type: 'end' });
      return { status: 200, headers: [], source: list };
    };
    const { client } = await frontedBench(t, protocol, lists, compressing);
    const list = await client.send('GET', '/list');
    t.is(list.headers['content-encoding'], 'gzip');
    t.is(gunzipSync(await list.bytes()).byteLength, 200 * 50_000);
    const watching = await client.send('GET', '/watch');
    const received = watching.stream.pipe(createGunzip())[Symbol.asyncIterator]();
    for (const event of ['{"a":1}\n', '{"b":2}\n']) {
      await source.waiting();
      source.push(event);
      // A gzip stream that is not flushed says nothing until it is full.
      t.is(String((await received.next()).value), event);
    }
    source.push({ type: 'end' });
    t.true((await received.next()).done);
    t.is(source.closes, 1);
  });

  test(`${protocol}: what has been answered already is left as it is`, async (t) => {
    const { client, errors } = await frontedBench(
      t,
      protocol,
      async () => t.fail() as never,
      (_request, response, next) => {
        response.writeHead(202);
        next();
        response.end('by the front');
      },
    );
    const answer = await client.send('GET', '/');
    t.is(answer.status, 202);
    t.is(await answer.text(), 'by the front');
    t.is((errors[0]?.error as TransportError | undefined)?.code, 'already-answered');
  });

  for (const [name, kept, status, text] of [
    ['as raw bytes', { rawBody: Buffer.from('{"a":1.0}') }, 200, '{"a":1.0}'],
    ['raw and parsed', { rawBody: Buffer.from('{"a":1.0}'), body: { a: 1 } }, 200, '{"a":1.0}'],
    ['as bytes', { body: Buffer.from('{"a":1.0}') }, 200, '{"a":1.0}'],
    ['as text', { body: '{"ä":1.0}' }, 200, '{"ä":1.0}'],
    ['as too long a text', { body: 'x'.repeat(1_001) }, 413, 'limit is 1000'],
    ['as a value', { body: { a: 1 } }, 500, 'in front of body parsers'],
    ['nowhere', {}, 500, 'in front of body parsers'],
  ] as const) {
    test(`${protocol}: a body read before and kept ${name} gives ${status}`, async (t) => {
      const { client } = await frontedBench(t, protocol, echo, async (request, _response, next) => {
        request.resume();
        await once(request, 'end');
        next(Object.assign(request, kept));
      });
      const answer = await client.send('POST', '/', { body: '{"a":1.0}' });
      t.is(answer.status, status);
      t.true((await answer.text()).includes(text));
      if (Object.keys(kept).length === 0) {
        t.is(await (await client.send('POST', '/', { body: '' })).text(), '');
      }
    });
  }
}

const echo: Handler = async (request) => {
  try {
    return bytesAnswer(200, await request.body(1_000), 'application/json');
  } catch (error) {
    return statusAnswer(error);
  }
};

type Front = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (request?: unknown) => void,
) => void;

/** A mount behind some middleware. */
async function frontedBench(
  t: ExecutionContext,
  protocol: (typeof PROTOCOLS)[number],
  handler: Handler,
  front: Front,
): Promise<Awaited<ReturnType<typeof mountedBench>>> {
  return mountedBench(t, protocol, handler, {}, '', (handle) => (request, response) => {
    const message = request as IncomingMessage;
    front(message, response as ServerResponse, () => handle(request, response));
  });
}

/** As middleware that compresses does: it drops callbacks, and holds bytes back until `flush`. */
const compressing: Front = (_request, response, next) => {
  const { write, end, writeHead } = response;
  const gzip = createGzip();
  response.writeHead = ((status: number) => {
    response.removeHeader('content-length');
    response.setHeader('content-encoding', 'gzip');
    return writeHead.call(response, status);
  }) as typeof writeHead;
  response.write = ((chunk: Uint8Array) => gzip.write(chunk)) as typeof write;
  response.end = ((chunk?: Uint8Array) => {
    if (chunk === undefined) gzip.end();
    else gzip.end(chunk);
    return response;
  }) as typeof end;
  Object.assign(response, { flush: () => gzip.flush() });
  gzip.on('drain', () => response.emit('drain'));
  gzip.on('data', (chunk: Buffer) => {
    if (Reflect.apply(write, response, [chunk]) === false) gzip.pause();
  });
  response.on('drain', () => gzip.resume());
  gzip.on('end', () => Reflect.apply(end, response, []));
  next();
};

for (const [prefix, url, originalUrl, path, location] of [
  ['', '/apis', '/k8s/apis', '/apis', '/k8s/there'],
  ['', '/', '/k8s', '/', '/k8s/there'],
  ['', '/?x=1', '/k8s?x=1', '/', '/k8s/there'],
  ['/k8s', '/k8s/apis', '/k8s/apis', '/apis', '/k8s/there'],
  ['/k8s', '/apis', '/k8s/apis', '/apis', '/k8s/there'],
  ['/k8s', '/k8s/apis', '/outer/k8s/apis', '/apis', '/outer/k8s/there'],
  ['/k8s', '/apis', '/other/apis', undefined, undefined],
] as const) {
  test(`a mount at "${prefix}" that is given ${url} of ${originalUrl}`, async (t) => {
    const { client } = await mountedBench(
      t,
      'HTTP/1.1',
      async (request) => textAnswer(200, request.path, [['Location', '/there']]),
      {},
      prefix,
      (handle) => (request, response) => {
        Object.assign(request, { url, originalUrl });
        handle(request, response, () => (response as ServerResponse).end('next'));
      },
    );
    const answer = await client.send('GET', '/');
    t.is(answer.headers['location'], location);
    t.is(await answer.text(), path ?? 'next');
  });
}

for (const prefix of ['k8s', '/k8s/', '/', '//a', '/a/../b', '/a b', '/a?x', '/a/*', '/%zz', 7]) {
  test(`the prefix ${JSON.stringify(prefix)} is refused`, (t) => {
    const options = { handler: tellPath, clock: new ManualClock(), prefix: prefix as string };
    const error = t.throws(() => mount(options), { instanceOf: TransportError });
    t.is(error?.code, 'bad-prefix');
    t.true(error?.message.includes(JSON.stringify(prefix)), error?.message);
  });
}

for (const prefix of ['/k8s', '/a/b.c/~d', '/.well-known', '/%C3%A4', '/@scope:x']) {
  test(`the prefix ${prefix} is taken`, (t) => {
    const { nodeHandler } = mount({ handler: tellPath, clock: new ManualClock(), prefix });
    t.is(nodeHandler.prefix, prefix);
  });
}

const upgrading: Handler = async (request) => ({
  status: 101,
  headers: [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'echo'],
  ],
  source: {
    type: 'connect',
    async connect(connection) {
      await connection.write(Buffer.from(`at ${request.path}`));
      connection.end();
    },
  },
});

async function upgraded(port: number, path: string): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`);
  await once(socket, 'close');
  return text;
}

test('an upgrade below the prefix is handed over, another one is 404', async (t) => {
  const { listener } = await mountedBench(t, 'HTTP/1.1', upgrading, {}, '/k8s');
  const taken = await upgraded(listener.port, '/k8s/exec');
  t.regex(taken, /^HTTP\/1\.1 101 .*\r\n\r\nat \/exec$/s);
  t.regex(await upgraded(listener.port, '/exec'), /^HTTP\/1\.1 404 /);
});

test('an upgrade outside of the prefix goes to who is next', async (t) => {
  const { nodeHandler } = mount({ handler: upgrading, clock: new ManualClock(), prefix: '/k8s' });
  const server = createServer();
  server.on('upgrade', (request, socket, head) =>
    nodeHandler.upgrade(request, socket, head, () => socket.end('next')),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  t.is(await upgraded(port, '/exec'), 'next');
  t.regex(await upgraded(port, '/k8s/exec'), /at \/exec$/);
});

test('HTTP/2: an extended CONNECT below the prefix is an upgrade', async (t) => {
  const { listener } = await mountedBench(t, 'HTTP/2', upgrading, {}, '/k8s');
  const { authority } = await testCertificates();
  const session = connectHttp2(`https://localhost:${listener.port}`, {
    ca: authority.cert,
    lookup: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  await once(session, 'remoteSettings');
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'echo', ':path': '/k8s/exec', ':scheme': 'https' },
    { endStream: false },
  );
  const [headers] = (await once(stream, 'response')) as [{ [name: string]: string }];
  t.is(Number(headers[':status']), 200);
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  t.is(chunk.toString(), 'at /exec');
  session.destroy();
});

test('a mount is a request listener of node:http as it is', (t) => {
  const { nodeHandler } = mount({ handler: tellPath, clock: new ManualClock() });
  const listener: RequestListener = nodeHandler;
  t.is(createServer(listener).listeners('request')[0], nodeHandler);
});
