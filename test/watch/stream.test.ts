import { getEventListeners } from 'node:events';

import type { ExecutionContext } from 'ava';

import type { WatchEvent, WatchStream } from '../../lib/watch/index.js';
import { type TestEngine, engineTest, turn } from '../engine/engines.js';
import { widgetText } from '../engine/widget.js';
import { LossError, rig } from './fixture.js';

/** A history of two events: a watch that has not read falls off at once. */
const TINY = { history: { windowMs: 0, entriesMin: 2, entriesMax: 2 } };

function show(event: WatchEvent): string {
  return event.type === 'BOOKMARK'
    ? `BOOKMARK ${event.object.resourceVersion}`
    : `${event.type} ${event.object.name} ${event.object.resourceVersion}`;
}

async function collect(stream: WatchStream): Promise<string[]> {
  const events: string[] = [];
  for await (const event of stream) events.push(show(event));
  return events;
}

engineTest('iteration gives the state, then changes as they come', async (t, testEngine) => {
  const { open, change, calls } = rig(t, testEngine);
  change('x');
  const stream = open();
  const seen: string[] = [];
  for await (const event of stream) {
    seen.push(show(event));
    if (seen.length === 1) setImmediate(() => change('y'));
    if (seen.length === 2) break;
  }
  t.deepEqual(seen, ['ADDED x 2', 'ADDED y 3']);
  t.is(stream.endReason, 'closed', 'leaving the loop closes the stream');
  t.is(calls.closes, 1);
});

engineTest('an event has its bytes, and is parsed on demand', async (t, testEngine) => {
  const { open, change } = rig(t, testEngine);
  const revision = change('x');
  const { value } = await open()[Symbol.asyncIterator]().next();
  t.is(value?.type, 'ADDED');
  if (value?.type !== 'ADDED') return;
  const text = widgetText({ namespace: 'a', name: 'x' }, revision);
  t.is(Buffer.from(value.object.bytes).toString(), text);
  t.deepEqual(value.object.parse(), JSON.parse(text));
  t.not(value.object.parse(), value.object.parse());
});

engineTest('return ends a next that waits', async (t, testEngine) => {
  const { open, calls } = rig(t, testEngine);
  const stream = open();
  const iterator = stream[Symbol.asyncIterator]();
  const next = iterator.next();
  await turn();
  await iterator.return!();
  t.deepEqual(await next, { done: true, value: undefined });
  t.deepEqual(await iterator.next(), { done: true, value: undefined });
  t.is(calls.closes, 1);
});

engineTest('calls of next that overlap take their turns', async (t, testEngine) => {
  const { open, change } = rig(t, testEngine);
  const iterator = open()[Symbol.asyncIterator]();
  const first = iterator.next();
  const second = iterator.next();
  await turn();
  change('x');
  change('y');
  const results = await Promise.all([first, second]);
  t.deepEqual(
    results.map(({ value }) => show(value as WatchEvent)),
    ['ADDED x 2', 'ADDED y 3'],
  );
});

type End = (scene: {
  stream: WatchStream;
  scene: ReturnType<typeof rig>;
  abort: AbortController;
}) => void;

const CLEAN_ENDS: readonly (readonly [reason: string, end: End])[] = [
  ['closed', ({ stream }) => stream.close()],
  ['closed', ({ scene }) => scene.engine.close()],
  ['timeout', ({ scene }) => scene.clock.advance(5_000)],
  ['aborted', ({ abort }) => abort.abort()],
];

for (const [index, [reason, end]] of CLEAN_ENDS.entries()) {
  engineTest(`end ${index}, ${reason}: iteration ends without an error`, async (t, testEngine) => {
    const scene = rig(t, testEngine);
    const abort = new AbortController();
    const stream = scene.open({ timeoutMs: 5_000, signal: abort.signal });
    t.is(stream.endReason, undefined);
    scene.change('x');
    const events = collect(stream);
    await turn();
    end({ stream, scene, abort });
    t.deepEqual(await events, ['ADDED x 2']);
    t.is(stream.endReason as string | undefined, reason);
    t.is(scene.calls.closes, 1);
    t.is(scene.clock.pending, 0, 'no timer is left');
  });
}

engineTest('the engine is let go once, whichever ends come together', (t, testEngine) => {
  const ends: readonly End[] = CLEAN_ENDS.map(([, end]) => end);
  for (const first of ends) {
    for (const second of ends) {
      const scene = rig(t, testEngine);
      const abort = new AbortController();
      const reasons: string[] = [];
      const stream = scene.open({
        timeoutMs: 5_000,
        signal: abort.signal,
        onEnd: (reason) => reasons.push(reason),
      });
      const frames = stream.frames({ apiVersion: 'v1', kind: 'Widget' });
      first({ stream, scene, abort });
      second({ stream, scene, abort });
      for (let pulls = 0; pulls < 2; pulls++) t.deepEqual(frames.pull(100), { type: 'end' });
      frames.close();
      stream.close();
      t.is(scene.calls.closes, 1);
      t.is(reasons.length, 1);
    }
  }
});

engineTest('a stream that is over leaves its signal alone', (t, testEngine) => {
  const { open } = rig(t, testEngine);
  const { signal } = new AbortController();
  const stream = open({ signal });
  t.is(getEventListeners(signal, 'abort').length, 1);
  stream.close();
  t.is(getEventListeners(signal, 'abort').length, 0);
});

engineTest('a signal that was aborted before ends the stream at once', async (t, testEngine) => {
  const { open, calls } = rig(t, testEngine);
  const stream = open({ signal: AbortSignal.abort() });
  t.is(stream.endReason, 'aborted');
  t.deepEqual(await collect(stream), []);
  t.is(calls.closes, 1);
});

async function loses(
  t: ExecutionContext,
  stream: WatchStream,
  reason: 'expired' | 'replaced',
): Promise<void> {
  const error = await t.throwsAsync(collect(stream), { instanceOf: LossError });
  t.is(error.message, reason);
  t.is(stream.endReason, reason);
}

engineTest('iteration throws when events were lost', async (t, testEngine) => {
  const { open, change } = rig(t, testEngine, TINY);
  const stream = open();
  for (const name of ['x', 'y', 'z', 'w']) change(name);
  await loses(t, stream, 'expired');
});

engineTest('iteration throws when the cache was filled anew', async (t, testEngine) => {
  const { open, engine } = rig(t, testEngine);
  const stream = open();
  engine.replace([], 9n);
  await loses(t, stream, 'replaced');
});

engineTest('frames end cleanly when events were lost', async (t, testEngine) => {
  const { open, change } = rig(t, testEngine, TINY);
  const stream = open();
  const frames = stream.frames({ apiVersion: 'v1', kind: 'Widget' });
  t.deepEqual(frames.pull(100), { type: 'wait' });
  const readable = new Promise<void>((resolve) => frames.onReadable(resolve));
  for (const name of ['x', 'y', 'z', 'w']) change(name);
  await readable;
  t.deepEqual(frames.pull(100), { type: 'end' });
  t.is(stream.endReason, 'expired');
});

engineTest('frames are lines of JSON, headers first', async (t, testEngine) => {
  const { open, change, clock, bookmarks } = rig(t, testEngine);
  change('x');
  const frames = open({ bookmarks }).frames({ apiVersion: 'example.com/v1', kind: 'Widget' });
  t.true(frames.flushHeaders);
  const pulled = frames.pull(64 * 1024);
  t.is(pulled.type, 'chunks');
  const line = `{"type":"ADDED","object":${widgetText({ namespace: 'a', name: 'x' }, 2n)}}\n`;
  t.is(pulled.type === 'chunks' ? Buffer.concat(pulled.chunks).toString() : '', line);
  clock.advance(61_000);
  const bookmark = frames.pull(64 * 1024);
  t.is(
    bookmark.type === 'chunks' ? Buffer.concat(bookmark.chunks).toString() : '',
    '{"type":"BOOKMARK","object":{"kind":"Widget","apiVersion":"example.com/v1",' +
      '"metadata":{"resourceVersion":"2"}}}\n',
  );
});

engineTest('a kind that JSON would have to escape is refused', (t, testEngine) => {
  const { open } = rig(t, testEngine);
  const stream = open();
  t.throws(() => stream.frames({ apiVersion: 'v1', kind: 'a"b' }), { instanceOf: TypeError });
  t.notThrows(() => stream.frames({ apiVersion: 'v1', kind: 'Widget' }), 'and claims nothing');
  stream.close();
});

engineTest('a stream has one consumer', (t, testEngine) => {
  const { open } = rig(t, testEngine);
  const claims: readonly ((stream: WatchStream) => unknown)[] = [
    (stream) => stream.source(),
    (stream) => stream.frames({ apiVersion: 'v1', kind: 'Widget' }),
    (stream) => stream[Symbol.asyncIterator](),
  ];
  for (const first of claims) {
    for (const second of claims) {
      const stream = open();
      first(stream);
      t.throws(() => second(stream), { instanceOf: TypeError });
      stream.close();
    }
  }
});

engineTest('the engine is asked only when the consumer asks', async (t, testEngine) => {
  const { open, change, calls } = rig(t, testEngine);
  const stream = open();
  const frames = stream.frames({ apiVersion: 'v1', kind: 'Widget' });
  for (let count = 0; count < 50; count++) change(`x${count}`);
  await turn();
  t.is(calls.drains, 0);
  const pulled = frames.pull(1);
  t.is(pulled.type === 'chunks' ? pulled.chunks.length : 0, 1);
  const { drains } = calls;
  await turn();
  t.is(calls.drains, drains);
  stream.close();
});

engineTest('what happens between a wait and its callback is not missed', async (t, testEngine) => {
  const { open, change } = rig(t, testEngine);
  const source = open().source();
  t.deepEqual(source.drain(10), { type: 'wait' });
  change('x');
  await turn();
  await new Promise<void>((resolve) => source.onReadable(resolve));
  t.is(source.drain(10).type, 'events');
  source.close();
});

engineTest('a callback is called once', async (t, testEngine) => {
  const { open, change } = rig(t, testEngine);
  const source = open().source();
  let calls = 0;
  source.drain(10);
  source.onReadable(() => calls++);
  change('x');
  await turn();
  change('y');
  await turn();
  t.is(calls, 1);
  source.close();
  await turn();
  t.is(calls, 1);
});

engineTest('what was in the engine when it ended is delivered first', async (t, testEngine) => {
  const { open, change, engine } = rig(t, testEngine);
  const stream = open();
  const source = stream.source();
  source.drain(10);
  change('x');
  engine.close();
  const seen: string[] = [];
  for (let drained = source.drain(10); drained.type !== 'end'; drained = source.drain(10)) {
    if (drained.type === 'events') seen.push(...drained.events.map(show));
  }
  t.true(seen.length <= 1);
  t.is(stream.endReason, 'closed');
});

engineTest('a stream tells where it begins', (t, testEngine) => {
  const { open, change } = rig(t, testEngine);
  change('x');
  for (const [after, expected] of [
    [undefined, '2'],
    [1n, '1'],
    [9n, '9'],
  ] as const) {
    const stream = open({}, after);
    t.is(stream.resourceVersion, expected);
    stream.close();
  }
});

engineTest('await using closes a stream', async (t, testEngine: TestEngine) => {
  const { open, calls } = rig(t, testEngine);
  const stream = open();
  await stream[Symbol.asyncDispose]();
  t.is(stream.endReason, 'closed');
  t.is(calls.closes, 1);
});
