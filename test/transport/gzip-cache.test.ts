/** Bodies that are compressed once for all who ask: at once, later, slowly, and not to the end. */

import { gunzipSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import type { Answer, BodyIdentity, PullSource, RequestRecord } from '../../lib/request/index.js';
import { GZIP_BYTES_MIN, GzipCache, gzipAnswer } from '../../lib/transport/index.js';
import { TestSource } from './fixture.js';

/** Bytes that hardly shrink: what is compressed of them is about as long. */
function noise(bytes: number, seed: number): Buffer {
  const body = Buffer.alloc(bytes);
  let state = seed + 1;
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    body.writeUInt32LE(state, at);
  }
  return body;
}

class Body extends TestSource {
  readonly #identity: BodyIdentity;

  constructor(identity: BodyIdentity, bytes: Buffer, isWhole = true) {
    super();
    this.#identity = identity;
    for (let at = 0; at < bytes.byteLength; at += 50_000) {
      this.push({ type: 'chunks', chunks: [bytes.subarray(at, at + 50_000)] });
    }
    if (isWhole) this.push({ type: 'end' });
  }

  identity(): BodyIdentity {
    return this.#identity;
  }
}

const identityOf = (key: string): BodyIdentity => ({ key, isGone: () => false });

const request = {
  method: 'GET',
  headers: () => ['gzip'],
  signal: new AbortController().signal,
} as unknown as RequestRecord;

async function packed(cache: GzipCache, source: PullSource): Promise<PullSource> {
  const answer: Answer = await gzipAnswer({ status: 200, headers: [], source }, request, cache);
  if (answer.source.type !== 'pull') throw new Error('expected a pull source');
  return answer.source;
}

/** Reads some bytes, or all: what was read. */
async function read(source: PullSource, bytes = Infinity): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < bytes) {
    const pulled = source.pull(20_000);
    if (pulled.type === 'end') break;
    if (pulled.type === 'abort') throw pulled.error;
    if (pulled.type === 'wait') {
      await new Promise<void>((resolve) => source.onReadable(resolve));
      continue;
    }
    for (const chunk of pulled.chunks) {
      chunks.push(chunk);
      length += chunk.byteLength;
    }
  }
  return Buffer.concat(chunks);
}

async function readAll(source: PullSource): Promise<Buffer> {
  const bytes = await read(source);
  source.close();
  return bytes;
}

const ONE = identityOf('one');
const BODY = noise(600_000, 1);

test('who asks at once shares the work, and who comes later has it at once', async (t) => {
  const cache = new GzipCache();
  const sources = [1, 2, 3].map(() => new Body(ONE, BODY));
  const readers = await Promise.all(sources.map((source) => packed(cache, source)));
  const [first, ...others] = await Promise.all(readers.map(readAll));
  t.true(gunzipSync(first!).equals(BODY));
  for (const other of others) t.true(other.equals(first!));
  t.is(cache.made, 1);
  t.deepEqual(
    sources.map(({ closes }) => closes),
    [1, 1, 1],
  );
  const late = new Body(ONE, BODY);
  t.true((await readAll(await packed(cache, late))).equals(first!));
  t.is(late.pulls, 0, 'its own is not read');
  t.is(late.closes, 1);
  t.is(cache.made, 1);
  t.is(cache.bytes, first!.byteLength);
});

test('other bodies, and those without an identity, are compressed by themselves', async (t) => {
  const cache = new GzipCache();
  const other = noise(300_000, 2);
  const plain = new TestSource();
  plain.push({ type: 'chunks', chunks: [other] }, { type: 'end' });
  t.true(gunzipSync(await readAll(await packed(cache, new Body(ONE, BODY)))).equals(BODY));
  const two = new Body(identityOf('two'), other);
  t.true(gunzipSync(await readAll(await packed(cache, two))).equals(other));
  t.is(cache.made, 2);
  t.true(gunzipSync(await readAll(await packed(cache, plain))).equals(other));
  t.is(cache.made, 2);
  t.is(cache.size, 2);
});

test('a short body stays as it is, and is not kept', async (t) => {
  const cache = new GzipCache();
  const short = noise(GZIP_BYTES_MIN, 3);
  const source = await packed(cache, new Body(ONE, short));
  t.true((await readAll(source)).equals(short));
  t.is(cache.size, 0);
});

test('who leaves ends the work only where nobody else waits for it', async (t) => {
  const cache = new GzipCache();
  const source = new Body(ONE, BODY, false);
  const [one, other] = [await packed(cache, source), await packed(cache, new Body(ONE, BODY))];
  await read(one, 1);
  one.close();
  t.is(source.closes, 0);
  const rest = readAll(other);
  await source.waiting();
  source.push({ type: 'end' });
  t.true(gunzipSync(await rest).equals(BODY));
  t.is(cache.size, 1);
});

test('work that nobody waits for any more is given up, and begun anew', async (t) => {
  const cache = new GzipCache();
  const source = new Body(ONE, BODY, false);
  const [one, other] = [await packed(cache, source), await packed(cache, new Body(ONE, BODY))];
  await read(one, 1);
  one.close();
  other.close();
  other.close();
  t.is(source.closes, 1);
  t.is(cache.size, 0);
  t.is(cache.bytes, 0);
  t.true(gunzipSync(await readAll(await packed(cache, new Body(ONE, BODY)))).equals(BODY));
  t.is(cache.made, 2);
});

test('a body that breaks off breaks off for all, and is not kept', async (t) => {
  const cache = new GzipCache();
  const source = new Body(ONE, BODY, false);
  const readers = [await packed(cache, source), await packed(cache, new Body(ONE, BODY))];
  const error = new Error('lost');
  source.push({ type: 'abort', error });
  for (const reader of readers) t.is(await t.throwsAsync(readAll(reader)), error);
  t.is(source.closes, 1);
  t.is(cache.size, 0);
  t.is(cache.bytes, 0);
});

test('who does not read holds up nobody, and gets all in the end', async (t) => {
  const cache = new GzipCache();
  const slow = await packed(cache, new Body(ONE, BODY));
  const whole = await readAll(await packed(cache, new Body(ONE, BODY)));
  t.true((await readAll(slow)).equals(whole));
});

test('what is kept is bounded; what was used longest ago goes first', async (t) => {
  const cache = new GzipCache(1_500_000);
  const keys = ['a', 'b', 'c', 'd'];
  const ask = async (key: string): Promise<void> => {
    const body = noise(400_000, key.charCodeAt(0));
    const source = await packed(cache, new Body(identityOf(key), body));
    t.true(gunzipSync(await readAll(source)).equals(body));
    t.true(cache.bytes <= 1_500_000);
  };
  for (const key of keys.slice(0, 3)) await ask(key);
  t.is(cache.size, 3);
  await ask('a');
  t.is(cache.made, 3);
  await ask('d');
  await ask('a');
  t.is(cache.made, 4, 'a was used since');
  await ask('b');
  t.is(cache.made, 5, 'b had to go');
});

test('a body that is longer than all that is kept goes through', async (t) => {
  const cache = new GzipCache(300_000);
  const body = noise(3_000_000, 4);
  const one = await packed(cache, new Body(ONE, body));
  const other = await packed(cache, new Body(ONE, body));
  const [first, second] = await Promise.all([readAll(one), readAll(other)]);
  t.true(gunzipSync(first).equals(body));
  t.true(second.equals(first));
  t.is(cache.bytes, 0);
  t.is(cache.size, 0);
});

test('what is kept no longer is made at the pace of the slowest', async (t) => {
  const cache = new GzipCache(300_000);
  const source = new Body(ONE, noise(3_000_000, 5));
  const slow = await packed(cache, source);
  const fast = await packed(cache, new Body(ONE, BODY));
  let isOver = false;
  const rest = readAll(fast).finally(() => void (isOver = true));
  // Until zlib has nothing to do any more.
  for (let quiet = 0, before = -1; quiet < 50; quiet = before === source.pulls ? quiet + 1 : 0) {
    before = source.pulls;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  t.false(isOver);
  t.true(source.bytesPulled < 1_500_000);
  slow.close();
  t.is(gunzipSync(await rest).byteLength, 3_000_000);
});

test('what nobody can ask for any more is let go at the next request', async (t) => {
  const cache = new GzipCache();
  let isGone = false;
  const leaving = { key: 'leaving', isGone: () => isGone };
  const reader = await packed(cache, new Body(leaving, BODY));
  const half = await read(reader, 100_000);
  isGone = true;
  await readAll(await packed(cache, new Body(ONE, BODY)));
  t.is(cache.size, 1);
  const bytes = Buffer.concat([half, await readAll(reader)]);
  t.true(gunzipSync(bytes).equals(BODY), 'who reads it reads on');
  cache.clear();
  t.is(cache.size, 0);
  t.is(cache.bytes, 0);
});

interface Visit {
  readonly key: number;
  /** Bytes that are read before the reader leaves; more than there are: all. */
  readonly bytes: number;
  /** How many others come before it reads. */
  readonly delay: number;
}

test('whoever comes and leaves when, everybody reads the same', async (t) => {
  const bodies = [300_000, 500_000, 900_000].map((bytes, seed) => noise(bytes, seed));
  const visit: fc.Arbitrary<Visit> = fc.record({
    key: fc.nat(2),
    bytes: fc.constantFrom(0, 1, 100_000, 250_000, Infinity, Infinity),
    delay: fc.nat(4),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(visit, { minLength: 1, maxLength: 10 }),
      fc.constantFrom(100_000, 700_000, 5_000_000),
      async (visits, bytesMax) => {
        const cache = new GzipCache(bytesMax);
        const sources: Body[] = [];
        const open = async (index: number): Promise<void> => {
          const { key, bytes, delay } = visits[index]!;
          const source = new Body(identityOf(String(key)), bodies[key]!);
          sources.push(source);
          const reader = await packed(cache, source);
          for (let turn = 0; turn < delay; turn++) {
            await new Promise((resolve) => setImmediate(resolve));
          }
          const got = await read(reader, bytes);
          reader.close();
          if (bytes === Infinity) t.true(gunzipSync(got).equals(bodies[key]!));
          t.true(cache.bytes <= bytesMax);
        };
        await Promise.all(visits.map((_, index) => open(index)));
        for (const { closes } of sources) t.is(closes, 1);
        cache.clear();
        t.is(cache.bytes, 0);
      },
    ),
    { numRuns: 40 },
  );
});
