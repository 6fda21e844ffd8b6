import test from 'ava';

import { bytesAnswer, emptyAnswer, latin1Source, textAnswer } from '../../lib/request/index.js';
import type { Answer, PullSource } from '../../lib/request/index.js';
import type { TransportError } from '../../lib/transport/index.js';
import { bench, TestSource } from './fixture.js';
import { SERVED } from './mounted.js';

/** More than sockets and windows hold while nobody reads. */
const LONG = Buffer.alloc(32 * 1024 * 1024, 'x');

for (const { name: server, protocol, bench } of SERVED) {
  test(`${server}: bytes come with their length, headers in order and repeated`, async (t) => {
    const { client } = await bench(t, protocol, async () =>
      bytesAnswer(201, Buffer.from('{"ä":1}'), 'application/json', [
        ['Warning', '299 - "one"'],
        ['Warning', '299 - "two"'],
        ['X-One', 'a'],
      ]),
    );
    const response = await client.send('GET', '/');
    t.is(response.status, 201);
    t.is(response.headers['content-length'], '8');
    t.is(response.headers['content-type'], 'application/json');
    t.deepEqual(response.headers['warning'], ['299 - "one"', '299 - "two"']);
    t.is(response.headers['x-one'], 'a');
    t.is(await response.text(), '{"ä":1}');
  });

  test(`${server}: a body of text is sent as its bytes, short or long`, async (t) => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const { client } = await bench(t, protocol, ({ path }) => {
      const times = Number(path.slice(1));
      const latin1 = every.toString('latin1').repeat(times);
      return { status: 200, headers: [['X', 'y']], source: latin1Source(latin1) };
    });
    for (const times of [0, 1, 60, 61, 1_000]) {
      const response = await client.send('GET', `/${times}`);
      t.is(response.headers['content-length'], String(256 * times));
      t.deepEqual(
        await response.bytes(),
        Buffer.concat(Array.from({ length: times }, () => every)),
      );
    }
    t.is((await client.send('HEAD', '/61')).headers['content-length'], String(256 * 61));
    t.is(client.ports.size, 1);
  });

  test(`${server}: an answer that is there at once overtakes the rest of the body`, async (t) => {
    const { client } = await bench(t, protocol, () => textAnswer(413, 'no'));
    const body = Buffer.alloc(100_000, 'x');
    for (let times = 0; times < 3; times++) {
      const response = await client.send('POST', '/', { body });
      t.is(response.status, 413);
      t.is(await response.text(), 'no');
    }
    t.is(client.ports.size, 1);
  });

  test(`${server}: HEAD has the length, no body, and nothing is pulled`, async (t) => {
    const source = new TestSource(true);
    const { client } = await bench(t, protocol, async ({ path }) =>
      path === '/pull' ? { status: 200, headers: [['X', 'y']], source } : textAnswer(200, 'four'),
    );
    const whole = await client.send('HEAD', '/');
    t.is(whole.headers['content-length'], '4');
    t.is(await whole.text(), '');
    t.is(await (await client.send('GET', '/')).text(), 'four');
    t.is(client.ports.size, 1);
    const pulled = await client.send('HEAD', '/pull');
    t.is(pulled.headers['x'], 'y');
    t.is(await pulled.text(), '');
    t.is(source.pulls, 0);
    t.is(source.closes, 1);
  });

  test(`${server}: an answer that is not taken is broken off at its deadline`, async (t) => {
    const endless = new TestSource(false);
    endless.push('begun');
    const { client, clock, errors } = await bench(t, protocol, async ({ path, receivedAt }) => {
      const deadline = receivedAt + 60_000;
      if (path === '/whole') return { ...bytesAnswer(200, LONG, 'text/plain'), deadline };
      return { status: 200, headers: [], source: endless, deadline };
    });
    const begun = await client.send('GET', '/pulled');
    clock.advance(59_999);
    t.is(endless.closes, 0);
    clock.advance(1);
    await endless.closed;
    await t.throwsAsync(begun.text());
    t.is((errors[0]?.error as TransportError | undefined)?.code, 'deadline-exceeded');
    const stalled = await client.send('GET', '/whole');
    clock.advance(60_000);
    await t.throwsAsync(stalled.text());
    t.is(errors.length, 2);
  });

  test(`${server}: a deadline leaves no timer behind`, async (t) => {
    const { client, clock } = await bench(t, protocol, async ({ receivedAt }) => {
      const source = new TestSource(false);
      source.push('all', { type: 'end' });
      return { status: 200, headers: [], source, deadline: receivedAt + 60_000 };
    });
    const before = clock.timerCount;
    t.is(await (await client.send('GET', '/')).text(), 'all');
    t.is(await (await client.send('GET', '/')).text(), 'all');
    t.true(clock.timerCount <= before + 1);
  });

  for (const status of [204, 304]) {
    test(`${server}: ${status} has neither body nor length`, async (t) => {
      const { client } = await bench(t, protocol, async () =>
        emptyAnswer(status, [['ETag', '"e"']]),
      );
      const response = await client.send('GET', '/');
      t.is(response.status, status);
      t.is(response.headers['etag'], '"e"');
      t.is(response.headers['content-length'], undefined);
      t.is(response.headers['transfer-encoding'], undefined);
      t.is(await response.text(), '');
      t.is((await client.send('GET', '/')).status, status);
      t.is(client.ports.size, 1);
    });
  }

  test(`${server}: a big body in small pulls arrives whole`, async (t) => {
    const PIECES = 2_000;
    let piece = 0;
    let closes = 0;
    const source: PullSource = {
      type: 'pull',
      flushHeaders: false,
      pull: () =>
        piece === PIECES
          ? { type: 'end' }
          : { type: 'chunks', chunks: [Buffer.alloc(5_000, piece++ % 251)] },
      onReadable: () => t.fail('there is always more'),
      close: () => closes++,
    };
    const { client } = await bench(t, protocol, async () => ({ status: 200, headers: [], source }));
    const bytes = await (await client.send('GET', '/')).bytes();
    t.is(bytes.byteLength, PIECES * 5_000);
    const wrong = bytes.findIndex((byte, index) => byte !== Math.floor(index / 5_000) % 251);
    t.is(wrong, -1);
    t.is(closes, 1);
  });

  test(`${server}: a watch's head comes at once, then each event`, async (t) => {
    const source = new TestSource(true);
    const { client } = await bench(t, protocol, async () => ({
      status: 200,
      headers: [['Content-Type', 'application/json']],
      source,
    }));
    const response = await client.send('GET', '/');
    t.is(response.headers['content-type'], 'application/json');
    const received = response.stream[Symbol.asyncIterator]();
    for (const event of ['{"a":1}\n', '{"b":2}\n']) {
      await source.waiting();
      source.push(event);
      const { value } = await received.next();
      t.is(String(value), event);
    }
    source.push({ type: 'end' });
    t.true((await received.next()).done);
    t.is(source.closes, 1);
  });

  test(`${server}: a client that does not read stops the pulling`, async (t) => {
    const TOTAL_BYTES = 128 * 1024 * 1024;
    const piece = Buffer.alloc(64 * 1024, 'x');
    let pulled = 0;
    let closes = 0;
    const source: PullSource = {
      type: 'pull',
      flushHeaders: true,
      pull() {
        if (pulled >= TOTAL_BYTES) return { type: 'end' };
        pulled += piece.byteLength;
        return { type: 'chunks', chunks: [piece] };
      },
      onReadable: () => t.fail('there is always more'),
      close: () => closes++,
    };
    const { client } = await bench(t, protocol, async () => ({ status: 200, headers: [], source }));
    const outgoing = client.start('GET', '/', {}, true);
    outgoing.end();
    const response = await outgoing.response;
    response.stream.pause();
    // Quiet: the sockets' buffers are full, and nothing moves in many turns of the loop.
    for (let before = -1, quiet = 0; quiet < 300; quiet = before === pulled ? quiet + 1 : 0) {
      before = pulled;
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.true(pulled > 0);
    t.true(pulled < TOTAL_BYTES / 4, `${pulled} bytes were pulled`);
    t.is(closes, 0);
    outgoing.leave();
    await new Promise<void>((resolve) => {
      const look = (): void => (closes > 0 ? resolve() : void setImmediate(look));
      look();
    });
    t.is(closes, 1);
  });

  const BREAKS: readonly (readonly [name: string, make: () => Answer['source']])[] = [
    [
      'an abort',
      () => {
        const source = new TestSource();
        source.push('half');
        void source.waiting().then(() => source.push({ type: 'abort', error: new Error('lost') }));
        return source;
      },
    ],
    [
      'an exception',
      () => {
        const source = new TestSource(true);
        source.pull = () => {
          throw new Error('a bug');
        };
        return source;
      },
    ],
  ];
  for (const [name, make] of BREAKS) {
    test(`${server}: ${name} in a body breaks it off, and the client can tell`, async (t) => {
      const { client, errors } = await bench(t, protocol, async () => ({
        status: 200,
        headers: [],
        source: make(),
      }));
      const outgoing = client.start('GET', '/', {}, true);
      outgoing.end();
      await t.throwsAsync(async () => (await outgoing.response).text());
      t.is(errors[0]?.place, 'source');
    });
  }

  test(`${server}: an exception before the first byte is a 500`, async (t) => {
    const source = new TestSource();
    source.pull = () => {
      throw new Error('a bug');
    };
    const { client } = await bench(t, protocol, async ({ path }) =>
      path === '/bug' ? { status: 200, headers: [], source } : textAnswer(200, 'ok'),
    );
    const failed = await client.send('GET', '/bug');
    t.is(failed.status, 500);
    await failed.text();
    t.is(await (await client.send('GET', '/')).text(), 'ok');
    t.is(client.ports.size, 1);
    t.is(source.closes, 1);
  });

  test(`${server}: a connect source for who did not ask for one is a 400`, async (t) => {
    const { client } = await bench(t, protocol, async () => ({
      status: 101,
      headers: [],
      source: { type: 'connect', connect: () => t.fail() },
    }));
    t.is((await client.send('GET', '/')).status, 400);
  });
}

test('HTTP/2: connection headers are left out; Connection: close ends the session', async (t) => {
  const { client } = await bench(t, 'HTTP/2', async () =>
    textAnswer(401, 'no', [
      ['Connection', 'close'],
      ['Keep-Alive', 'timeout=5'],
    ]),
  );
  const response = await client.send('GET', '/');
  t.is(response.headers['keep-alive'], undefined);
  t.is(await response.text(), 'no');
  await t.notThrowsAsync(client.closed);
});
