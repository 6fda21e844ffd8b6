/**
 * What many streams are sent is made once for all of them, and is each one's own in every other
 * way: nothing is torn, doubled or left out, however slowly one of them is read.
 */

import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { Answer, Pulled, PullSource } from '../../lib/request/index.js';
import { ChunkSharing, FRAMED_BYTES_MAX } from '../../lib/transport/chunk-sharing.js';
import { PROTOCOLS, type Received } from './clients.js';
import { bench, TestSource } from './fixture.js';
import { rig, turn } from './pump-rig.js';

test('the same chunks are joined once in a turn, others are not taken for them', (t) => {
  const sharing = new ChunkSharing();
  const [a, b, c] = ['aa', 'bb', 'cc'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  const joined = sharing.join([a, b], 4);
  t.is(joined.toString(), 'aabb');
  t.is(sharing.join([a, b], 4), joined);
  t.is(sharing.join([a, b, c], 6).toString(), 'aabbcc');
  t.is(sharing.join([b, a], 4).toString(), 'bbaa');
  t.is(sharing.join([a], 2), a);
  // Equal bytes elsewhere may become others.
  t.not(sharing.join([Buffer.from('aa'), b], 4), joined);
  sharing.clear();
  t.not(sharing.join([a, b], 4), joined);
});

test('a chunk is framed once in a turn', (t) => {
  const sharing = new ChunkSharing();
  const bytes = Buffer.from('x'.repeat(300));
  const framed = sharing.chunk(bytes);
  t.is(framed.toString(), `12c\r\n${'x'.repeat(300)}\r\n`);
  t.is(sharing.chunk(bytes), framed);
  sharing.clear();
  t.not(sharing.chunk(bytes), framed);
});

test('more than is kept in a turn is made all the same', (t) => {
  const sharing = new ChunkSharing();
  const parts = Array.from({ length: 200 }, (_, index) => Buffer.from(`part ${index};`));
  for (const [index, part] of parts.entries()) {
    const next = parts[(index + 1) % parts.length] as Buffer;
    t.is(sharing.join([part, next], 0).length, 0);
    t.is(
      sharing.join([next, part], next.length + part.length).toString(),
      `${next.toString()}${part.toString()}`,
    );
    t.true(sharing.chunk(part).includes(part));
  }
});

test('a source that says so is not pulled again before it calls', async (t) => {
  const source = new TestSource(true);
  const { stream, pump } = rig(source);
  pump.start();
  source.push({ type: 'chunks', chunks: [Buffer.from('a')], isLast: true });
  await turn();
  const { pulls } = source;
  stream.take();
  t.is(source.pulls, pulls);
  source.push('b');
  await turn();
  t.is(stream.text, 'ab');
});

test('what is taken at once is followed by more at once', (t) => {
  const source = new TestSource(false);
  const { stream, pump } = rig(source);
  stream.takesAtOnce = true;
  source.push('a'.repeat(200_000), 'b'.repeat(200_000), 'c', { type: 'end' });
  pump.start();
  t.deepEqual(
    stream.writes.map(({ length }) => length),
    [400_000, 1],
  );
  t.is(stream.ended, 1);
});

test('lent bytes are never shared', (t) => {
  const source = new TestSource(false);
  const { stream, pump } = rig(source);
  const lent = { type: 'chunks', chunks: [new Uint8Array(200_000)], release: () => undefined };
  source.push(lent as Pulled, 'a'.repeat(300_000), 'b');
  pump.start();
  stream.take();
  t.deepEqual(stream.shared, [false, true]);
});

/** Watches that are told the same, as a group of an engine's. */
class Group {
  readonly #frames: Uint8Array[] = [];
  readonly #waiting = new Set<() => void>();
  #sources = 0;

  get text(): string {
    return Buffer.concat(this.#frames).toString();
  }

  publish(...frames: readonly Uint8Array[]): void {
    this.#frames.push(...frames);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Every second one is written from as soon as it is woken. */
  source(): PullSource {
    let next = 0;
    let isClosed = false;
    return {
      type: 'pull',
      flushHeaders: true,
      ...(this.#sources++ % 2 === 0 ? { wakesInTurns: true } : {}),
      pull: (maxBytes): Pulled => {
        const chunks: Uint8Array[] = [];
        for (let bytes = 0; bytes < maxBytes && next < this.#frames.length; next++) {
          const frame = this.#frames[next] as Uint8Array;
          chunks.push(frame);
          bytes += frame.length;
        }
        if (chunks.length === 0) return { type: 'wait' };
        return next < this.#frames.length
          ? { type: 'chunks', chunks }
          : { type: 'chunks', chunks, isLast: true };
      },
      onReadable: (callback) => {
        if (next < this.#frames.length) queueMicrotask(callback);
        else if (!isClosed) this.#waiting.add(callback);
      },
      close: () => (isClosed = true),
    };
  }
}

function frame(number: number, length: number): Buffer {
  return Buffer.from(`${number} ${'.'.repeat(length)}\n`);
}

/** Reads until that many bytes are there. */
async function readUntil(received: Received, length: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of received.stream) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= length) break;
  }
  return Buffer.concat(chunks).toString();
}

const FAST = 4;
const SLOW = 3;

for (const protocol of PROTOCOLS) {
  test(`${protocol}: slow readers beside fast ones all read the same, in order`, async (t) => {
    const group = new Group();
    const answer = (): Answer => ({ status: 200, headers: [], source: group.source() });
    const { connect: open } = await bench(t, protocol, () => Promise.resolve(answer()));
    const start = async (): Promise<Received> => {
      const outgoing = open().start('GET', '/', {}, true);
      outgoing.end();
      return outgoing.response;
    };
    const all = await Promise.all(Array.from({ length: FAST + SLOW }, start));
    const [fast, slow] = [all.slice(0, FAST), all.slice(FAST)];
    const reading = fast.map((received) => readUntil(received, LENGTH));
    // More than sockets and windows hold, in bursts of frames short and long.
    for (let number = 0; number < FRAMES; number++) {
      const length = number % 40 === 0 ? FRAMED_BYTES_MAX + 1 : number % 700;
      group.publish(frame(number, length), frame(-number, length % 90));
      if (number % 10 === 0) await turn();
    }
    t.true(group.text.length >= LENGTH);
    for (const text of await Promise.all(reading)) t.true(group.text.startsWith(text));
    const late = await Promise.all(slow.map((received) => readUntil(received, LENGTH)));
    for (const text of late) t.true(group.text.startsWith(text) && text.length >= LENGTH);
  });
}

const FRAMES = 4_000;
const LENGTH = 6_000_000;

/** What is on the wire, past any client's idea of it. */
async function rawClient(t: ExecutionContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function readText(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.includes(end)) text += ((await once(socket, 'data')) as [Buffer])[0].toString();
  return text;
}

test('chunks are framed right on the wire, and the answer ends with the last of them', async (t) => {
  const source = new TestSource(true);
  const { listener } = await bench(t, 'HTTP/1.1', () =>
    Promise.resolve({ status: 200, headers: [], source }),
  );
  const socket = await rawClient(t, listener.port);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await source.waiting();
  source.push('one\n');
  await source.waiting();
  source.push('three\n', 'four\n');
  await source.waiting();
  source.push('end\n', { type: 'end' });
  const text = await readText(socket, '\r\n0\r\n\r\n');
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  t.is(body, '4\r\none\n\r\nb\r\nthree\nfour\n\r\n4\r\nend\n\r\n0\r\n\r\n');
});

test('a client of HTTP/1.0 gets no chunks', async (t) => {
  const source = new TestSource(true);
  const { listener } = await bench(t, 'HTTP/1.1', () =>
    Promise.resolve({ status: 200, headers: [], source }),
  );
  const socket = await rawClient(t, listener.port);
  socket.write('GET / HTTP/1.0\r\n\r\n');
  await source.waiting();
  source.push('one\n');
  await source.waiting();
  source.push('two\n', { type: 'end' });
  const text = await readText(socket, 'two\n');
  t.is(text.slice(text.indexOf('\r\n\r\n') + 4), 'one\ntwo\n');
});

test('an answer that waits for the one before it on its connection comes whole', async (t) => {
  const sources = [new TestSource(true), new TestSource(true)] as const;
  const { listener } = await bench(t, 'HTTP/1.1', ({ path }) =>
    Promise.resolve({ status: 200, headers: [], source: sources[path === '/0' ? 0 : 1] }),
  );
  const socket = await rawClient(t, listener.port);
  socket.write('GET /0 HTTP/1.1\r\nHost: a\r\n\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
  await sources[1].waiting();
  sources[1].push('second\n');
  await turn();
  sources[0].push('first\n', { type: 'end' });
  const first = await readText(socket, 'second\n');
  t.true(first.indexOf('first\n') < first.indexOf('second\n'));
  sources[1].push('last\n', { type: 'end' });
  const rest = first.endsWith('0\r\n\r\n') ? first : first + (await readText(socket, '0\r\n\r\n'));
  t.true(rest.endsWith('5\r\nlast\n\r\n0\r\n\r\n'));
});
