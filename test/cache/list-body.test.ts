/** A list as a document: every byte of it, whatever it is pulled by, and whose memory it is in. */

import test from 'ava';
import fc from 'fast-check';

import { ListBody, SHORT_BYTES_MAX } from '../../lib/cache/list-body.js';
import { SLOT_BYTES, SlotPool } from '../../lib/cache/slot-pool.js';
import type { EngineList } from '../../lib/engine/index.js';
import type { Pulled } from '../../lib/request/index.js';
import { engineTest, type TestEngine } from '../engine/engines.js';

type Chunks = Extract<Pulled, { type: 'chunks' }>;

const HEAD = {
  kind: 'WidgetList',
  apiVersion: 'example.com/v1',
  resourceVersion: '7',
  continue: undefined,
  remainingItemCount: undefined,
};
const HEAD_TEXT =
  '{"kind":"WidgetList","apiVersion":"example.com/v1",' +
  '"metadata":{"resourceVersion":"7"},"items":[';
const TAIL_TEXT = ']}\n';

function objectText(index: number, length: number): string {
  const name = `w${String(index).padStart(4, '0')}`;
  const metadata = `{"name":"${name}","namespace":"a","resourceVersion":"${index + 1}"}`;
  return `{"metadata":${metadata},"x":"${String.fromCodePoint(97 + (index % 26)).repeat(length)}"}`;
}

function listOf(engine: TestEngine, lengths: readonly number[]): EngineList {
  const cache = engine.create();
  const puts = lengths.map((length, index) => ({
    type: 'put' as const,
    namespace: 'a',
    name: `w${String(index).padStart(4, '0')}`,
    object: Buffer.from(objectText(index, length)),
    revision: BigInt(index + 1),
  }));
  cache.replace(puts, 10_000n);
  return cache.list({});
}

function documentText(lengths: readonly number[]): string {
  const objects = lengths.map((length, index) => objectText(index, length));
  return `${HEAD_TEXT}${objects.join(',')}${TAIL_TEXT}`;
}

/** What a source gives, each chunk copied before it is released. */
function pullAll(body: ListBody, sizes: readonly number[]): { text: string; chunks: Chunks[] } {
  const chunks: Chunks[] = [];
  let text = '';
  for (let turn = 0; ; turn++) {
    const pulled = body.pull(sizes[turn % sizes.length]!);
    if (pulled.type !== 'chunks') return { text, chunks };
    chunks.push(pulled);
    text += Buffer.concat(pulled.chunks).toString();
    pulled.release?.();
  }
}

engineTest('a document is the same whatever it is pulled by', (t, engine) => {
  const length = fc.oneof(
    fc.integer({ min: 0, max: 3_000 }),
    fc.integer({ min: SLOT_BYTES - 400, max: SLOT_BYTES + 10 }),
  );
  const size = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.constant(SLOT_BYTES));
  fc.assert(
    fc.property(
      fc.array(length, { maxLength: 40 }),
      fc.array(size, { minLength: 1, maxLength: 5 }),
      (lengths, sizes) => {
        const slots = new SlotPool();
        const body = new ListBody(listOf(engine, lengths), HEAD, { slots });
        const { text } = pullAll(body, sizes);
        t.is(text, documentText(lengths));
        t.is(slots.kept, slots.made);
        t.true(slots.made <= 1, 'one slot serves them all, one after the other');
      },
    ),
    { numRuns: 40 },
  );
});

engineTest('the tail stands in the last slot wherever the objects end', (t, engine) => {
  // The one object fills the slot but for the head and some bytes more or less than the tail has.
  const rest = SLOT_BYTES - HEAD_TEXT.length - objectText(0, 0).length;
  for (let spare = -2; spare <= 6; spare++) {
    const lengths = [rest - spare];
    const { text, chunks } = pullAll(new ListBody(listOf(engine, lengths), HEAD), [SLOT_BYTES]);
    t.is(text, documentText(lengths));
    t.is(chunks.length, spare >= 3 ? 1 : 2, String(spare));
  }
});

engineTest(
  'a slot is lent until it is released, and the next pull has another one',
  (t, engine) => {
    const lengths = Array.from({ length: 400 }, () => 2_000);
    const slots = new SlotPool();
    const body = new ListBody(listOf(engine, lengths), HEAD, { slots });
    const pulled: Chunks[] = [];
    for (let next = body.pull(1 << 20); next.type === 'chunks'; next = body.pull(1 << 20)) {
      pulled.push(next);
    }
    t.is(slots.made, pulled.length);
    t.is(slots.kept, 0);
    for (const { chunks } of pulled.slice(0, -1)) {
      t.is(chunks.length, 1);
      t.true(chunks[0]!.length > SLOT_BYTES - 2_200 && chunks[0]!.length <= SLOT_BYTES);
    }
    // Nothing was written over while all of them were lent.
    const text = Buffer.concat(pulled.flatMap(({ chunks }) => chunks)).toString();
    t.is(text, documentText(lengths));
    for (const { release } of pulled) release!();
    t.is(slots.kept, slots.made);
    for (const { release } of pulled) release!();
    t.is(slots.kept, slots.made, 'a release counts once');
  },
);

engineTest('a short document has memory of its own and holds no slot', (t, engine) => {
  const slots = new SlotPool();
  const lengths = [100, SHORT_BYTES_MAX - 1_000];
  const pulled = new ListBody(listOf(engine, lengths), HEAD, { slots }).pull(SLOT_BYTES);
  t.is(slots.kept, 1);
  slots.take().bytes.fill(0);
  if (pulled.type !== 'chunks') return t.fail();
  t.is(pulled.release, undefined);
  t.is(Buffer.concat(pulled.chunks).toString(), documentText(lengths));
});

engineTest('an object that is longer than a slot has memory of its own', (t, engine) => {
  const slots = new SlotPool();
  const lengths = [10, 3 * SLOT_BYTES, 20];
  const { text, chunks } = pullAll(new ListBody(listOf(engine, lengths), HEAD, { slots }), [
    SLOT_BYTES,
  ]);
  t.is(text, documentText(lengths));
  t.deepEqual(
    chunks.map(({ release }) => release !== undefined),
    [true, false, false],
    'lent, too long, short',
  );
  t.is(slots.kept, 1);
});

engineTest('a head that is longer than a slot comes by itself', (t, engine) => {
  const token = 't'.repeat(SLOT_BYTES);
  const head = { ...HEAD, continue: token };
  const { text } = pullAll(new ListBody(listOf(engine, [5]), head), [SLOT_BYTES]);
  t.is((JSON.parse(text) as { metadata: { continue: string } }).metadata.continue, token);
});

engineTest('a list that is closed under its lent slots ends, and they stay lent', (t, engine) => {
  const slots = new SlotPool();
  const body = new ListBody(listOf(engine, Array(400).fill(2_000) as number[]), HEAD, { slots });
  const pulled = body.pull(SLOT_BYTES);
  body.close();
  t.is(slots.kept, 0);
  t.deepEqual(body.pull(SLOT_BYTES), { type: 'end' });
  t.is(slots.kept, 0);
  (pulled as Chunks).release!();
  t.is(slots.kept, 1);
});

test('kind and apiVersion are plain names', (t) => {
  const list = { close: () => undefined } as unknown as EngineList;
  t.throws(() => new ListBody(list, { ...HEAD, kind: 'a"' }), { instanceOf: TypeError });
});
