import { gunzipSync } from 'node:zlib';

import test from 'ava';

import { bytesAnswer } from '../../lib/request/index.js';
import type { Answer, Pulled, PullSource, RequestRecord } from '../../lib/request/index.js';
import { acceptsGzip, compress, GZIP_BYTES_MIN, gzipAnswer } from '../../lib/transport/index.js';
import { PROTOCOLS } from './clients.js';
import { bench, TestSource } from './fixture.js';

const ACCEPTS: readonly (readonly [values: readonly string[], accepts: boolean])[] = [
  [[], false],
  [[''], false],
  [['gzip'], true],
  [['deflate, GZIP'], true],
  [['deflate', 'gzip'], true],
  [['gzip;q=0'], false],
  [['gzip; q=0.5, identity'], true],
  [['*'], false],
  [['identity'], false],
  [['x-gzip-like'], false],
];

for (const [values, accepts] of ACCEPTS) {
  const takes = accepts ? 'takes' : 'does not take';
  test(`Accept-Encoding ${JSON.stringify(values)} ${takes} gzip`, (t) => {
    t.is(acceptsGzip(values), accepts);
  });
}

function requestOf(method = 'GET', encoding = 'gzip'): RequestRecord {
  return {
    method,
    headers: () => [encoding],
    signal: new AbortController().signal,
  } as unknown as RequestRecord;
}

function bytesOf(answer: Answer): Uint8Array {
  if (answer.source.type !== 'bytes') throw new Error('expected bytes');
  return answer.source.bytes;
}

async function drain(source: PullSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const pulled = source.pull(50_000);
    if (pulled.type === 'chunks') chunks.push(...pulled.chunks);
    else if (pulled.type === 'wait')
      await new Promise<void>((resolve) => source.onReadable(resolve));
    else if (pulled.type === 'end') return Buffer.concat(chunks);
    else throw pulled.error;
  }
}

const text = (bytes: number): Buffer => Buffer.alloc(bytes, '{"kind":"Widget"} ');

test('bytes above the threshold are compressed, those up to it are not', async (t) => {
  const small = bytesAnswer(200, text(GZIP_BYTES_MIN));
  t.is(await gzipAnswer(small, requestOf()), small);
  const big = bytesAnswer(200, text(GZIP_BYTES_MIN + 1));
  const answer = await gzipAnswer(big, requestOf());
  t.deepEqual(gunzipSync(bytesOf(answer)), text(GZIP_BYTES_MIN + 1));
  t.deepEqual(answer.headers.slice(1), [
    ['Content-Encoding', 'gzip'],
    ['Vary', 'Accept-Encoding'],
  ]);
});

const UNTOUCHED: readonly (readonly [name: string, answer: Answer, request: RequestRecord])[] = [
  ['who does not accept it', bytesAnswer(200, text(200_000)), requestOf('GET', 'identity')],
  ['a write', bytesAnswer(200, text(200_000)), requestOf('POST')],
  ['an error', bytesAnswer(500, text(200_000)), requestOf()],
  [
    'what is encoded already',
    bytesAnswer(200, text(200_000), 'text/plain', [['content-encoding', 'br']]),
    requestOf(),
  ],
  ['a watch', { status: 200, headers: [], source: new TestSource(true) }, requestOf()],
];

for (const [name, answer, request] of UNTOUCHED) {
  test(`nothing is compressed for ${name}`, async (t) => {
    t.is(await gzipAnswer(answer, request), answer);
  });
}

for (const [total, compressed] of [
  [0, false],
  [1_000, false],
  [GZIP_BYTES_MIN, false],
  [GZIP_BYTES_MIN + 1, true],
  [3_000_000, true],
] as const) {
  test(`a pulled body of ${total} bytes is ${compressed ? '' : 'not '}compressed`, async (t) => {
    const source = new TestSource();
    const body = text(total);
    for (let at = 0; at < total; at += 5_000) {
      source.push({ type: 'chunks', chunks: [body.subarray(at, at + 5_000)] });
    }
    source.push({ type: 'end' });
    const answer = await gzipAnswer({ status: 200, headers: [], source }, requestOf());
    t.is(answer.headers.length, compressed ? 2 : 0);
    if (answer.source.type !== 'pull') throw new Error('expected a pull source');
    const bytes = await drain(answer.source);
    t.true((compressed ? gunzipSync(bytes) : bytes).equals(body));
    answer.source.close();
    answer.source.close();
    t.is(source.closes, compressed ? 1 : 2, 'the plain one is closed by its one owner');
  });
}

test('a source that waits is waited for, before the threshold and after', async (t) => {
  const source = new TestSource();
  source.push({ type: 'chunks', chunks: [text(100_000)] });
  const pending = gzipAnswer({ status: 200, headers: [], source }, requestOf());
  await source.waiting();
  source.push({ type: 'chunks', chunks: [text(100_000)] });
  const answer = await pending;
  if (answer.source.type !== 'pull') throw new Error('expected a pull source');
  const drained = drain(answer.source);
  await source.waiting();
  source.push({ type: 'chunks', chunks: [text(100_000)] });
  await source.waiting();
  source.push({ type: 'end' });
  const bytes = gunzipSync(await drained);
  t.is(bytes.byteLength, 300_000);
});

test('a client that leaves while the opening is read ends the reading', async (t) => {
  const controller = new AbortController();
  const source = new TestSource();
  const request = { ...requestOf(), signal: controller.signal };
  const pending = gzipAnswer({ status: 200, headers: [], source }, request);
  await source.waiting();
  controller.abort();
  const answer = await pending;
  if (answer.source.type !== 'pull') throw new Error('expected a pull source');
  answer.source.close();
  t.is(source.closes, 1);
});

for (const when of ['before', 'after'] as const) {
  test(`an abort ${when} the threshold aborts the answer`, async (t) => {
    const source = new TestSource();
    const error = new Error('lost');
    source.push({ type: 'chunks', chunks: [text(when === 'before' ? 10 : 200_000)] });
    source.push({ type: 'abort', error });
    const answer = await gzipAnswer({ status: 200, headers: [], source }, requestOf());
    if (answer.source.type !== 'pull') throw new Error('expected a pull source');
    const pulled = answer.source;
    t.is(await t.throwsAsync(drain(pulled)), error);
    pulled.close();
    t.is(source.closes, 1);
  });
}

test('compressed output that nobody pulls stops the reading', async (t) => {
  let pulled = 0;
  const noise = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7919) % 256));
  const source: PullSource = {
    type: 'pull',
    flushHeaders: false,
    pull(): Pulled {
      pulled += noise.byteLength;
      // Different each time, so that compression does not make it vanish.
      noise.writeUInt32LE(pulled, pulled % 65_000);
      return { type: 'chunks', chunks: [Buffer.from(noise.map((byte) => byte ^ (pulled * byte)))] };
    },
    onReadable: () => t.fail(),
    close: () => undefined,
  };
  const output = compress(source);
  output.pull(1);
  for (let before = -1, quiet = 0; quiet < 200; quiet = before === pulled ? quiet + 1 : 0) {
    before = pulled;
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (pulled > 400_000_000) break;
  }
  t.true(pulled < 400_000_000);
  output.close();
});

for (const protocol of PROTOCOLS) {
  test(`${protocol}: a compressed body arrives whole`, async (t) => {
    const body = text(2_000_000);
    const { client } = await bench(t, protocol, async (request) => {
      const source = new TestSource();
      for (let at = 0; at < body.byteLength; at += 5_000) {
        source.push({ type: 'chunks', chunks: [body.subarray(at, at + 5_000)] });
      }
      source.push({ type: 'end' });
      return gzipAnswer({ status: 200, headers: [], source }, request);
    });
    const plain = await client.send('GET', '/');
    t.is(plain.headers['content-encoding'], undefined);
    t.true((await plain.bytes()).equals(body));
    const packed = await client.send('GET', '/', { headers: { 'accept-encoding': 'gzip' } });
    t.is(packed.headers['content-encoding'], 'gzip');
    const bytes = await packed.bytes();
    t.true(bytes.byteLength < 100_000);
    t.true(gunzipSync(bytes).equals(body));
  });
}
