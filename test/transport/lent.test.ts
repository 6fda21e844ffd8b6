/**
 * What sources lend goes back to them exactly once, and never while anybody may still read it: by
 * the pump's rules first, then over real sockets, with the slots that lists are sent from.
 */

import test from 'ava';
import fc from 'fast-check';

import { ListBody } from '../../lib/cache/list-body.js';
import { SlotPool } from '../../lib/cache/slot-pool.js';
import { createEngineCache, type EngineCache } from '../../lib/engine/index.js';
import type { Answer, Pulled, PullSource } from '../../lib/request/index.js';
import { compress, gzipAnswer } from '../../lib/transport/index.js';
import { TURN_BYTES_MAX } from '../../lib/transport/pump.js';
import { cacheOptions } from '../engine/engines.js';
import { type Client, PROTOCOLS } from './clients.js';
import { type Bench, bench, TestSource } from './fixture.js';
import { rig, type Rig, turn } from './pump-rig.js';

/** A loan, and how often it was given back. */
interface Loan {
  readonly pulled: Pulled;
  releases: number;
}

function lend(...lengths: readonly number[]): Loan {
  const loan: Loan = {
    pulled: {
      type: 'chunks',
      chunks: lengths.map((length) => new Uint8Array(length).fill(length)),
      release: () => loan.releases++,
    },
    releases: 0,
  };
  return loan;
}

const BIG = TURN_BYTES_MAX / 2;

test('lent chunks are released when their write is taken, not before', (t) => {
  const source = new TestSource();
  const [first, second] = [lend(BIG), lend(BIG)];
  source.push(first.pulled, second.pulled, { type: 'end' });
  const { stream, pump } = rig(source);
  pump.start();
  t.is(stream.writes[0], first.pulled.type === 'chunks' ? first.pulled.chunks[0] : undefined);
  t.deepEqual([first.releases, second.releases], [0, 0]);
  stream.take();
  t.deepEqual([first.releases, second.releases], [1, 0]);
  t.is(stream.writes.length, 2);
  stream.take();
  t.deepEqual([first.releases, second.releases], [1, 1]);
  t.is(stream.ended, 1);
});

test('an answer of one lent chunk is sent whole and released when it is taken', (t) => {
  const source = new TestSource();
  const loan = lend(70_000);
  source.push(loan.pulled, { type: 'end' });
  const { stream, pump } = rig(source);
  pump.start();
  t.deepEqual(stream.log, ['whole 200']);
  t.is(loan.releases, 0);
  stream.take();
  t.is(loan.releases, 1);
});

test('lent chunks that are joined with others are released at once: they are copied', (t) => {
  const source = new TestSource();
  const loans = [lend(10), lend(20, 30)];
  source.push(...loans.map(({ pulled }) => pulled), 'own', { type: 'end' });
  const { stream, pump } = rig(source);
  pump.start();
  t.deepEqual(
    loans.map(({ releases }) => releases),
    [1, 1],
  );
  t.is(stream.writes.length, 1);
  t.is(stream.writes[0]!.length, 63);
});

test('a lent chunk that fills half a turn is written without asking for more', (t) => {
  const source = new TestSource();
  source.push(lend(BIG).pulled, lend(1).pulled);
  const { pump } = rig(source);
  pump.start();
  t.is(source.pulls, 1);
});

const LOSSES: readonly (readonly [
  name: string,
  lose: (source: TestSource, rigged: Rig) => void,
])[] = [
  [
    'the answer is broken off in the same turn',
    (source) => source.push({ type: 'abort', error: new Error('lost') }),
  ],
  [
    'the source throws in the same turn',
    (source) => {
      const pull = source.pull.bind(source);
      source.pull = (): Pulled => {
        if (source.pulls > 0) throw new Error('a bug');
        return pull();
      };
    },
  ],
  [
    'the answer has a header that can not be sent',
    (source, { stream }) => {
      stream.refusal = new TypeError('header');
      source.push({ type: 'end' });
    },
  ],
  [
    'the head of a long answer can not be sent',
    (source, { stream }) => {
      stream.refusal = new TypeError('header');
      source.push(lend(BIG).pulled);
    },
  ],
];

for (const [name, lose] of LOSSES) {
  test(`what nobody will be sent is released at once: ${name}`, (t) => {
    const source = new TestSource();
    const loan = lend(100);
    source.push(loan.pulled);
    const rigged = rig(source);
    lose(source, rigged);
    rigged.pump.start();
    t.is(loan.releases, 1);
    t.is(rigged.stream.writes.length, 0);
    t.is(source.closes, 1);
  });
}

test('a lent chunk of no bytes is released', (t) => {
  const source = new TestSource();
  const loan = lend(0);
  source.push(loan.pulled);
  const { pump } = rig(source);
  pump.start();
  t.is(loan.releases, 1);
});

test('a write under way keeps what it was lent when the client leaves, until it is taken', (t) => {
  const source = new TestSource();
  const loan = lend(BIG);
  source.push(loan.pulled);
  const { stream, pump } = rig(source);
  pump.start();
  pump.cancel();
  t.is(source.closes, 1);
  t.is(loan.releases, 0);
  stream.take();
  t.is(loan.releases, 1);
});

test('nothing is pulled for a stream that has closed, though nobody has told it yet', async (t) => {
  const source = new TestSource(true);
  source.push(lend(BIG).pulled, lend(BIG).pulled);
  const { stream, pump } = rig(source);
  pump.start();
  stream.closed = true;
  stream.take();
  await turn();
  t.is(source.pulls, 1);
  pump.finish();
  t.is(source.closes, 1);
  t.is(stream.writes.length, 1);
  t.is(stream.ended, 0);
});

test('a closing listener releases what a watch has at hand when it is taken', async (t) => {
  const source = new TestSource(true);
  const { stream, pump } = rig(source);
  pump.start();
  const loan = lend(100);
  source.push(loan.pulled);
  pump.finish();
  t.is(stream.ended, 1);
  t.is(loan.releases, 0);
  stream.take();
  await turn();
  t.is(loan.releases, 1);
});

test('whatever happens, a loan goes back once and is sent as it was lent', async (t) => {
  const step = fc.oneof(
    fc.record({ lend: fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 3 }) }),
    fc.record({ own: fc.integer({ min: 0, max: 50_000 }) }),
    fc.constantFrom('take', 'turn'),
  );
  const ending = fc.constantFrom('end', 'abort', 'leave', 'finish');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), ending, async (steps, last) => {
      const source = new TestSource(true);
      const { stream, pump } = rig(source);
      const loans: Loan[] = [];
      let sent = '';
      // Bytes are looked at when they are taken, and what is given back is written over.
      const take = (): void => {
        const bytes = stream.writes.shift();
        if (bytes !== undefined) sent += Buffer.from(bytes).toString('latin1');
        stream.take();
      };
      pump.start();
      let pushed = '';
      for (const next of steps) {
        if (next === 'take') take();
        else if (next === 'turn') await turn();
        else if (typeof next === 'object' && 'lend' in next) {
          const chunks = next.lend.map((length) => new Uint8Array(length).fill(65 + loans.length));
          const loan: Loan = {
            releases: 0,
            pulled: {
              type: 'chunks',
              chunks,
              release: () => {
                loan.releases++;
                for (const chunk of chunks) chunk.fill(0);
              },
            },
          };
          for (const chunk of chunks) pushed += Buffer.from(chunk).toString('latin1');
          loans.push(loan);
          source.push(loan.pulled);
        } else if (typeof next === 'object') {
          pushed += '.'.repeat(next.own);
          source.push('.'.repeat(next.own));
        }
      }
      if (last === 'end') source.push({ type: 'end' });
      else if (last === 'abort') source.push({ type: 'abort', error: new Error('lost') });
      else if (last === 'leave') pump.cancel();
      else pump.finish();
      const left = source.bytesPulled;
      while (source.closes === 0 || stream.pending > 0 || stream.writes.length > 0) {
        take();
        await turn();
      }
      const pulled = loans.filter(({ pulled: each }) => !source.holds(each));
      t.true(pulled.every(({ releases }) => releases === 1));
      t.true(loans.every(({ releases }) => releases <= 1));
      t.true(pushed.startsWith(sent), 'nothing was written over before it was taken');
      if (last === 'end') t.is(sent.length, pushed.length);
      t.true(left <= pushed.length);
    }),
    { numRuns: 60 },
  );
});

test('what zlib has a copy of is released, and so is an opening that nobody reads', async (t) => {
  const request = {
    method: 'GET',
    headers: () => ['gzip'],
    signal: new AbortController().signal,
  } as unknown as Parameters<typeof gzipAnswer>[1];
  const answerOf = async (...loans: Loan[]): Promise<PullSource> => {
    const source = new TestSource();
    source.push(...loans.map(({ pulled }) => pulled), { type: 'end' });
    const answer = await gzipAnswer({ status: 200, headers: [], source }, request);
    if (answer.source.type !== 'pull') throw new Error('expected a pull source');
    return answer.source;
  };
  const fed = new TestSource();
  const copied = lend(1_000, 2_000);
  fed.push(copied.pulled);
  const gzip = compress(fed);
  gzip.pull(1);
  t.is(copied.releases, 1);
  gzip.close();
  for (const length of [100_000, 10]) {
    const loans = [lend(length), lend(length)];
    const left = await answerOf(...loans);
    t.deepEqual(
      loans.map(({ releases }) => releases),
      [0, 0],
    );
    left.close();
    left.close();
    t.deepEqual(
      loans.map(({ releases }) => releases),
      [1, 1],
    );
  }
  const read = lend(10);
  const small = await answerOf(read);
  const pulled = small.pull(100);
  small.close();
  t.is(read.releases, 0, 'its reader may still be sending it');
  if (pulled.type === 'chunks') pulled.release?.();
  t.is(read.releases, 1);
});

/** Caches whose objects have nothing in common, and the documents of their lists. */
const CACHES: readonly EngineCache[] = ['a', 'b', 'c', 'd'].map((letter) => {
  const cache = createEngineCache('auto', cacheOptions());
  const puts = Array.from({ length: 2_500 }, (_, index) => ({
    type: 'put' as const,
    namespace: letter,
    name: `w${String(index).padStart(4, '0')}`,
    object: Buffer.from(
      `{"metadata":{"name":"w${String(index).padStart(4, '0')}","namespace":"${letter}"},` +
        `"x":"${letter.repeat(1_500 + ((index * 37) % 900))}"}`,
    ),
    revision: BigInt(index + 1),
  }));
  cache.replace(puts, 5_000n);
  return cache;
});

function listOf(cache: EngineCache, slots: SlotPool): ListBody {
  return new ListBody(
    cache.list({}),
    {
      kind: 'WidgetList',
      apiVersion: 'v1',
      resourceVersion: '5000',
      continue: undefined,
      remainingItemCount: undefined,
    },
    { slots },
  );
}

const DOCUMENTS: readonly Buffer[] = CACHES.map((cache) => {
  const body = listOf(cache, new SlotPool());
  const chunks: Uint8Array[] = [];
  for (let pulled = body.pull(1 << 18); pulled.type === 'chunks'; pulled = body.pull(1 << 18)) {
    chunks.push(...pulled.chunks);
  }
  return Buffer.concat(chunks);
});

/** Serves the list of the cache whose number is the path. */
function lists(slots: SlotPool): (request: { readonly path: string }) => Promise<Answer> {
  return async ({ path }) => ({
    status: 200,
    headers: [],
    source: listOf(CACHES[Number(path.slice(1))]!, slots),
  });
}

/** A client that has begun to take the first list and stopped reading. */
async function slowClient(
  { connect }: Bench,
  slots: SlotPool,
): Promise<ReturnType<Client['start']>> {
  const outgoing = connect().start('GET', '/0', {}, true);
  outgoing.end();
  const { stream } = await outgoing.response;
  stream.pause();
  // The sockets' buffers are full: nothing moves in many turns of the loop.
  for (let before = -1, quiet = 0; quiet < 200; quiet = before === slots.made ? quiet + 1 : 0) {
    before = slots.made;
    await turn();
  }
  return outgoing;
}

for (const protocol of PROTOCOLS) {
  test(`${protocol}: a slow client gets its bytes while other lists pass by`, async (t) => {
    const slots = new SlotPool();
    const served = await bench(t, protocol, lists(slots));
    const slow = await slowClient(served, slots);
    const others = [served.client, served.connect(), served.connect()];
    await Promise.all(
      others.map(async (client, index) => {
        for (let round = 0; round < 3; round++) {
          const bytes = await (await client.send('GET', `/${index + 1}`)).bytes();
          t.true(bytes.equals(DOCUMENTS[index + 1]!));
        }
      }),
    );
    const response = await slow.response;
    const bytes = response.bytes();
    response.stream.resume();
    t.true((await bytes).equals(DOCUMENTS[0]!));
    await until(() => slots.kept === slots.made);
    t.true(slots.made < 20, `${slots.made} slots were made for ${10 * 22} chunks`);
  });

  test(`${protocol}: a client that leaves gives its slots back`, async (t) => {
    const slots = new SlotPool();
    const served = await bench(t, protocol, lists(slots));
    for (let round = 0; round < 3; round++) {
      const slow = await slowClient(served, slots);
      slow.leave();
      await until(() => slots.kept === slots.made);
    }
    t.true(slots.made > 0);
    const bytes = await (await served.client.send('GET', '/2')).bytes();
    t.true(bytes.equals(DOCUMENTS[2]!));
  });

  test(`${protocol}: a listener that is cut off gives its slots back`, async (t) => {
    const slots = new SlotPool();
    const served = await bench(t, protocol, lists(slots));
    await slowClient(served, slots);
    await served.listener.close({ graceMs: 0 });
    await until(() => slots.kept === slots.made);
    t.true(slots.made > 0);
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}
