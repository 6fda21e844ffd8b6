import test from 'ava';
import fc from 'fast-check';

import type { Pulled, PullSource } from '../../lib/request/index.js';
import { TURN_BYTES_MAX } from '../../lib/transport/pump.js';
import { TestSource } from './fixture.js';
import { rig, type Rig, turn } from './pump-rig.js';

test('an answer that ends within one turn is sent whole, with its length', (t) => {
  const source = new TestSource();
  source.push('a', 'bc', { type: 'end' });
  const { stream, pump } = rig(source);
  pump.start();
  t.deepEqual(stream.log, ['whole 200']);
  t.is(stream.text, 'abc');
  t.is(source.closes, 1);
});

test('the head of a watch is flushed before anything is pulled, that of a list is not', (t) => {
  const watch = rig(new TestSource(true));
  watch.pump.start();
  t.deepEqual(watch.stream.log, ['head 200 flushed']);
  const list = rig(new TestSource(false));
  list.pump.start();
  t.deepEqual(list.stream.log, []);
});

test('events of one turn go out as one write', async (t) => {
  const source = new TestSource(true);
  const { stream, pump } = rig(source);
  pump.start();
  source.push('a');
  source.push('b', 'c');
  source.push('d');
  t.is(stream.writes.length, 0);
  await turn();
  t.is(stream.writes.length, 1);
  t.is(stream.text, 'abcd');
});

test('a source that wakes in turns is written from at once', async (t) => {
  const source = new TestSource(true, { wakesInTurns: true });
  const { stream, pump } = rig(source);
  stream.takesAtOnce = true;
  pump.start();
  source.push('a');
  t.is(stream.text, 'a');
  source.push('b', { type: 'end' });
  t.is(stream.text, 'ab');
  t.is(stream.ended, 1);
  await turn();
  t.is(stream.text, 'ab');
});

test('nothing is pulled while a write is under way', async (t) => {
  const source = new TestSource(true);
  const { stream, pump } = rig(source);
  pump.start();
  source.push('a');
  await turn();
  const pulls = source.pulls;
  source.push('b', 'c');
  await turn();
  t.is(source.pulls, pulls);
  t.is(stream.pending, 1);
  stream.take();
  t.is(stream.text, 'abc');
});

test('a write has at most the bytes of one turn, however much there is', (t) => {
  const asked: number[] = [];
  const source: PullSource = {
    type: 'pull',
    flushHeaders: false,
    pull(maxBytes) {
      asked.push(maxBytes);
      return { type: 'chunks', chunks: [new Uint8Array(Math.min(maxBytes, 5000))] };
    },
    onReadable: () => t.fail('there is always more'),
    close: () => undefined,
  };
  const { stream, pump } = rig(source);
  pump.start();
  t.is(stream.writes.length, 1);
  t.is(stream.writes[0]?.byteLength, TURN_BYTES_MAX);
  t.true(asked.every((bytes) => bytes > 0 && bytes <= TURN_BYTES_MAX));
});

test('the event loop gets its turn after a mebibyte', async (t) => {
  const piece = new Uint8Array(TURN_BYTES_MAX);
  const source: PullSource = {
    type: 'pull',
    flushHeaders: false,
    pull: () => ({ type: 'chunks', chunks: [piece] }),
    onReadable: () => undefined,
    close: () => undefined,
  };
  const { stream, pump } = rig(source);
  pump.start();
  for (let count = 0; count < 100 && stream.pending > 0; count++) stream.take();
  t.is(stream.writes.length, 4);
  await turn();
  t.is(stream.writes.length, 5);
  pump.cancel();
});

const ENDINGS: readonly (readonly [name: string, (source: TestSource, rigged: Rig) => void])[] = [
  ['its end', (source) => source.push({ type: 'end' })],
  ['an abort', (source) => source.push({ type: 'abort', error: new Error('lost') })],
  ['the client leaving', (_source, { pump }) => pump.cancel()],
  ['the listener closing', (_source, { pump }) => pump.finish()],
];

for (const [name, end] of ENDINGS) {
  test(`a source is closed exactly once, after ${name}`, async (t) => {
    const source = new TestSource(true);
    const rigged = rig(source);
    rigged.pump.start();
    source.push('a');
    await turn();
    rigged.stream.take();
    end(source, rigged);
    await turn();
    rigged.pump.cancel();
    rigged.pump.finish();
    rigged.stream.take();
    t.is(source.closes, 1);
    t.is(rigged.closes, 1);
  });
}

test('an abort resets the stream and is reported', async (t) => {
  const source = new TestSource(true);
  const { stream, pump, errors } = rig(source);
  pump.start();
  const error = new Error('lost');
  source.push('half', { type: 'abort', error });
  await turn();
  t.is(stream.resets, 1);
  t.is(stream.ended, 0);
  t.deepEqual(errors, [error]);
});

const failing = (flushHeaders: boolean): PullSource => ({
  type: 'pull',
  flushHeaders,
  pull: () => {
    throw new Error('a bug');
  },
  onReadable: () => undefined,
  close: () => undefined,
});

test('a source that throws before anything was sent is answered in its stead', (t) => {
  const { stream, pump, failures } = rig(failing(false));
  pump.start();
  t.is(failures.length, 1);
  t.is(stream.resets, 0);
});

test('a source that throws after the head was sent breaks the answer off', (t) => {
  const { stream, pump, failures, errors } = rig(failing(true));
  pump.start();
  t.is(failures.length, 0);
  t.is(errors.length, 1);
  t.is(stream.resets, 1);
});

test('a closing listener ends a watch after what was written, or after its head', async (t) => {
  const source = new TestSource(true);
  const { stream, pump } = rig(source);
  pump.start();
  source.push('a');
  await turn();
  pump.finish();
  t.is(stream.text, 'a');
  t.is(stream.ended, 1);
  const late = rig(new TestSource(true));
  late.pump.finish();
  t.deepEqual(late.stream.log, ['head 200']);
  t.is(late.stream.ended, 1);
});

test('a closing listener sends what a watch has at hand, unless the client is slow', async (t) => {
  const source = new TestSource(true);
  const { stream, pump } = rig(source);
  pump.start();
  source.push('a', 'b');
  pump.finish();
  t.is(stream.text, 'ab');
  t.is(stream.ended, 1);
  const slow = new TestSource(true);
  const rigged = rig(slow);
  rigged.pump.start();
  slow.push('a');
  await turn();
  slow.push('b');
  rigged.pump.finish();
  t.is(rigged.stream.text, 'a');
  t.is(rigged.stream.ended, 1);
});

test('a watch that can not be completed is broken off by a closing listener, too', (t) => {
  const source = new TestSource(true);
  const { stream, pump, errors } = rig(source);
  pump.start();
  const error = new Error('lost');
  source.push('half', { type: 'abort', error });
  pump.finish();
  t.is(stream.resets, 1);
  t.is(stream.ended, 0);
  t.deepEqual(errors, [error]);
});

test('whatever comes in whatever order is written in order, once, and bounded', async (t) => {
  const step = fc.oneof(
    fc.record({ push: fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 4 }) }),
    fc.constant('take' as const),
    fc.constant('turn' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, watch) => {
      const source = new TestSource(watch);
      const { stream, pump } = rig(source);
      const sent: Buffer[] = [];
      let byte = 0;
      pump.start();
      for (const next of steps) {
        if (next === 'take') stream.take();
        else if (next === 'turn') await turn();
        else {
          const chunks = next.push.map((length) => Buffer.alloc(length, byte++ % 256));
          sent.push(...chunks);
          const pulled: Pulled = { type: 'chunks', chunks };
          source.push(pulled);
        }
        if (stream.pending > 1) return false;
      }
      source.push({ type: 'end' });
      while (stream.ended === 0) {
        stream.take();
        await turn();
      }
      const written = Buffer.concat(stream.writes);
      return written.equals(Buffer.concat(sent)) && source.closes === 1;
    }),
    { numRuns: 60 },
  );
  t.pass();
});
