import { createHash } from 'node:crypto';

import test from 'ava';

import { bytesAnswer, jsonAnswer, statusAnswer, textAnswer } from '../../lib/request/index.js';
import type { Handler, RequestRecord } from '../../lib/request/index.js';
import { TransportError } from '../../lib/transport/index.js';
import { PROTOCOLS } from './clients.js';
import { bench, deferred, TestSource, testCertificates } from './fixture.js';
import { SERVED } from './mounted.js';

const BODY_BYTES_MAX = 1000;

const echo: Handler = async (request) => {
  try {
    const body = await request.body(BODY_BYTES_MAX);
    return bytesAnswer(200, body, 'application/octet-stream');
  } catch (error) {
    return statusAnswer(error);
  }
};

for (const { name: server, protocol, isMounted, bench } of SERVED) {
  test(`${server}: a record has what the client sent, repeated headers kept apart`, async (t) => {
    const seen = deferred<RequestRecord>();
    const { client, clock } = await bench(t, protocol, async (request) => {
      t.is((await request.body(10)).byteLength, 0);
      seen.resolve(request);
      return textAnswer(200, 'ok');
    });
    await client.send('GET', '/a%2Fb?x=1&x=2', {
      headers: { 'X-Remote-Group': ['one, two', 'three'], Accept: 'application/json' },
    });
    const record = await seen.promise;
    t.is(record.method, 'GET');
    t.is(record.path, '/a%2Fb');
    t.deepEqual(record.query.getAll('x'), ['1', '2']);
    t.deepEqual(record.headers('x-remote-group'), ['one, two', 'three']);
    t.is(record.header('accept'), 'application/json');
    t.is(record.header('absent'), undefined);
    t.deepEqual(record.headers('absent'), []);
    t.regex(record.header('host') ?? '', /^(localhost|127\.0\.0\.1):\d+$/);
    t.is(record.protocol, protocol === 'HTTP/2' ? 'HTTP/2' : 'HTTP/1.1');
    t.is(record.secure, protocol !== 'HTTP/1.1');
    t.is(record.remoteAddress, '127.0.0.1');
    t.is(record.receivedAt, clock.now());
    t.false(record.signal.aborted);
  });

  test(`${server}: a record has the client's certificate and its chain`, async (t) => {
    const seen = deferred<RequestRecord>();
    const { client } = await bench(t, protocol, async (request) => {
      seen.resolve(request);
      return textAnswer(200, 'ok');
    });
    await client.send('GET', '/');
    const { peerCertificate } = await seen.promise;
    if (protocol === 'HTTP/1.1') {
      t.is(peerCertificate, undefined);
      return;
    }
    const { client: own } = await testCertificates();
    const pem = Buffer.from(peerCertificate?.raw ?? []).toString('base64');
    t.is(own.cert.replaceAll(/-----.*-----|\s/g, ''), pem);
    t.is((await seen.promise).peerCertificate, peerCertificate);
  });

  test(`${server}: bodies up to the limit arrive whole, by one connection`, async (t) => {
    const { client } = await bench(t, protocol, echo);
    for (const length of [0, 1, 999, 1000]) {
      const body = 'x'.repeat(length);
      const response = await client.send('POST', '/', { body });
      t.is(await response.text(), body);
    }
    t.is(client.ports.size, 1);
  });

  test(`${server}: the biggest body an API server takes arrives whole`, async (t) => {
    const body = Buffer.alloc(3_145_728, '0123456789abcde');
    const { client } = await bench(t, protocol, async (request) => {
      const bytes = await request.body(body.byteLength);
      return textAnswer(200, createHash('sha256').update(bytes).digest('hex'));
    });
    const response = await client.send('PUT', '/', { body });
    t.is(await response.text(), createHash('sha256').update(body).digest('hex'));
  });

  for (const declared of [true, false]) {
    const how = declared ? 'with its length declared' : 'of unknown length';
    test(`${server}: a body over the limit, ${how}, hurts no later request`, async (t) => {
      const { client } = await bench(t, protocol, echo);
      const body = Buffer.alloc(300_000, 'x');
      const outgoing = client.start(
        'POST',
        '/',
        declared ? { 'content-length': String(body.byteLength) } : {},
      );
      outgoing.end(body);
      const response = await outgoing.response;
      t.is(response.status, 413);
      t.like(JSON.parse(await response.text()), {
        kind: 'Status',
        reason: 'RequestEntityTooLarge',
        message: 'Request entity too large: limit is 1000',
      });
      const next = await client.send('POST', '/', { body: 'next' });
      t.is(await next.text(), 'next');
      t.is(client.ports.size, 1);
    });
  }

  test(`${server}: an upload that nobody reads leaves the connection usable`, async (t) => {
    const { client, clock } = await bench(t, protocol, async () => textAnswer(401, 'no'));
    const response = await client.send('PUT', '/', { body: Buffer.alloc(2_000_000) });
    t.is(response.status, 401);
    t.is(await response.text(), 'no');
    t.is(await (await client.send('GET', '/')).text(), 'no');
    t.is(client.ports.size, 1);
    t.true(clock.timerCount <= 1);
  });

  test(`${server}: who never stops sending gets an answer and is cut off`, async (t) => {
    const { client, clock } = await bench(t, protocol, async () => textAnswer(401, 'no'));
    const outgoing = client.start('PUT', '/', { 'content-length': '1000000' });
    outgoing.write('some');
    const response = await outgoing.response;
    t.is(response.status, 401);
    t.is(await response.text(), 'no');
    // HTTP/2 has reset the stream already, and the session lives on.
    if (protocol === 'HTTP/2') {
      t.is((await client.send('GET', '/')).status, 401);
      return;
    }
    clock.advance(5_000);
    await t.notThrowsAsync(client.closed);
  });

  test(`${server}: who waits to send a body is told when it is wanted`, async (t) => {
    const { client } = await bench(t, protocol, echo);
    const headers = { expect: '100-continue', 'content-length': '4' };
    const outgoing = client.start('POST', '/', headers);
    await outgoing.continued;
    outgoing.end('body');
    t.is(await (await outgoing.response).text(), 'body');
  });

  // Node tells clients of others' servers to go on before it passes their request on.
  if (!isMounted) {
    test(`${server}: who waits to send too much is not told to`, async (t) => {
      const { client } = await bench(t, protocol, echo);
      const outgoing = client.start('POST', '/', {
        expect: '100-continue',
        'content-length': '1001',
      });
      let continued = false;
      void outgoing.continued.then(() => (continued = true));
      const response = await outgoing.response;
      t.is(response.status, 413);
      await response.text();
      t.false(continued);
      outgoing.leave();
    });
  }

  for (const how of ['leave', 'close'] as const) {
    test(`${server}: half a body is never taken for a whole one (${how})`, async (t) => {
      const started = deferred<void>();
      const outcome = deferred<unknown>();
      const { client } = await bench(t, protocol, async (request) => {
        started.resolve();
        outcome.resolve(await request.body(BODY_BYTES_MAX).catch((error: unknown) => error));
        t.true(request.signal.aborted);
        return textAnswer(200, 'nobody reads this');
      });
      const outgoing = client.start('POST', '/');
      outgoing.write('half: of it\n');
      await started.promise;
      if (how === 'leave') outgoing.leave();
      else client.close();
      const error = await outcome.promise;
      t.true(error instanceof TransportError, String(error));
      t.is((error as TransportError).code, 'client-left');
    });
  }

  test(`${server}: a client that leaves ends the wait for its body`, async (t) => {
    const failed = deferred<unknown>();
    const started = deferred<void>();
    const { client } = await bench(t, protocol, async (request) => {
      const body = request.body(BODY_BYTES_MAX);
      started.resolve();
      await body.catch(failed.resolve);
      t.true(request.signal.aborted);
      return textAnswer(200, 'nobody reads this');
    });
    const outgoing = client.start('POST', '/', { 'content-length': '100' });
    outgoing.write('half');
    await started.promise;
    outgoing.leave();
    const error = await failed.promise;
    t.true(error instanceof TransportError);
    t.is((error as TransportError).code, 'client-left');
  });

  test(`${server}: a signal is aborted when the client leaves too early`, async (t) => {
    const seen = deferred<RequestRecord>();
    const left = deferred<void>();
    const source = new TestSource(true);
    const { client } = await bench(t, protocol, async (request) => {
      if (request.path === '/quick') {
        seen.resolve(request);
        return textAnswer(200, 'ok');
      }
      request.signal.addEventListener('abort', () => left.resolve());
      return { status: 200, headers: [], source };
    });
    await (await client.send('GET', '/quick')).text();
    const watch = client.start('GET', '/watch', {}, true);
    watch.end();
    await watch.response;
    watch.leave();
    await left.promise;
    await source.closed;
    t.is(source.closes, 1);
    t.false((await seen.promise).signal.aborted);
  });

  test(`${server}: the source of an answer that comes too late is closed`, async (t) => {
    const source = new TestSource();
    const asked = deferred<void>();
    const { client } = await bench(t, protocol, async (request) => {
      asked.resolve();
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
      return { status: 200, headers: [], source };
    });
    const outgoing = client.start('GET', '/', {}, true);
    outgoing.end();
    await asked.promise;
    outgoing.leave();
    await source.closed;
    t.is(source.closes, 1);
    t.is(source.pulls, 0);
  });

  test(`${server}: a path with a broken escape never sees the handler`, async (t) => {
    const { client } = await bench(t, protocol, async () => t.fail() as never);
    const response = await client.send('GET', '/a%zz');
    t.is(response.status, 400);
    t.like(JSON.parse(await response.text()), { kind: 'Status', reason: 'BadRequest' });
  });

  test(`${server}: a handler that throws is a 500, reported and survived`, async (t) => {
    const { client, errors } = await bench(t, protocol, async ({ path }) => {
      if (path === '/bug') throw new Error('a secret bug');
      return jsonAnswer(200, {});
    });
    for (const method of ['GET', 'HEAD']) {
      const response = await client.send(method, '/bug');
      t.is(response.status, 500);
      const text = await response.text();
      t.false(text.includes('secret'));
      if (method === 'GET') t.like(JSON.parse(text), { reason: 'InternalError', code: 500 });
      else t.is(text, '');
    }
    t.is(errors.length, 2);
    t.is(errors[0]?.place, 'handler');
    t.is((await client.send('GET', '/')).status, 200);
    t.is(client.ports.size, 1);
  });

  test(`${server}: a header that can't be sent is a 500, whichever the source`, async (t) => {
    const source = new TestSource(true);
    const { client, errors } = await bench(t, protocol, async ({ path }) => {
      const headers = [['Warning', 'line\nbreak']] as const;
      return path === '/pull'
        ? { status: 200, headers, source }
        : { status: 200, headers, source: { type: 'bytes', bytes: new Uint8Array(3) } };
    });
    const first = await client.send('GET', '/pull');
    t.is(first.status, 500);
    await first.text();
    t.is((await client.send('GET', '/bytes')).status, 500);
    t.is(source.closes, 1);
    t.is(errors.length, 2);
  });

  test(`${server}: heads up to the limit are taken`, async (t) => {
    const { client } = await bench(t, protocol, async (request) => {
      const hash = createHash('sha256')
        .update(request.header('x-long') ?? '')
        .digest('hex');
      return textAnswer(200, hash);
    });
    const long = 'x'.repeat(60_000);
    const response = await client.send('GET', '/', { headers: { 'x-long': long } });
    t.is(await response.text(), createHash('sha256').update(long).digest('hex'));
  });
}

test('a body that was thrown away with the answer can not be had afterwards', async (t) => {
  const seen = deferred<RequestRecord>();
  const { client } = await bench(t, 'HTTP/1.1', async (request) => {
    seen.resolve(request);
    return textAnswer(200, 'ok');
  });
  await (await client.send('POST', '/', { body: 'body' })).text();
  await (await client.send('GET', '/')).text();
  await t.throwsAsync((await seen.promise).body(10), { message: /thrown away/ });
});

for (const protocol of PROTOCOLS.slice(0, 2)) {
  test(`${protocol}: broken framing ends body and connection`, async (t) => {
    const failed = deferred<unknown>();
    const { client, errors } = await bench(t, protocol, async (request) => {
      await request.body(BODY_BYTES_MAX).catch(failed.resolve);
      return textAnswer(200, 'nobody reads this');
    });
    const outgoing = client.start('POST', '/', { 'transfer-encoding': 'chunked' });
    outgoing.write('x');
    outgoing.raw?.('no chunk length\r\n');
    await t.throwsAsync(outgoing.response);
    t.true((await failed.promise) instanceof TransportError);
    t.is(errors[0]?.place, 'connection');
  });
}
