/** Memory that crosses: what is handed out, handed in, and what nobody can reach any more. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import test from 'ava';

import { attachEngineCache, type EngineCache } from '../../../lib/engine/index.js';
import { Batch } from '../../../lib/engine/native/batch.js';
import { PAGE_BYTES } from '../../../lib/engine/native/page.js';
import { runChild } from '../../lifecycle/child.js';
import { turn } from '../engines.js';
import { drainEvents, drainFrames, put, text, widgetSource, widgetText } from '../widget.js';
import { nativeTest } from './native.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const WEB = { namespace: 'a', name: 'web', value: 1 };
const KEY = { namespace: 'a', name: 'web' };

function large(name: string, bytes: number): { namespace: string; name: string; node: string } {
  return { namespace: 'a', name, node: 'n'.repeat(bytes) };
}

test('a batch on its way keeps nothing of itself', (t) => {
  const batch = new Batch();
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(1);
  const own = new Uint8Array(4);
  t.true(batch.take([put(WEB, 3n), { ...put(WEB, 4n), object: own }]));
  t.is(batch.objects[1], own);
  t.deepEqual([...batch.revisions], [3n, 4n]);
  batch.clear();
  t.true(batch.take([{ ...put(WEB, 5n), object: shared }]));
  t.deepEqual([batch.keys, [...batch.revisions]], [['a', 'web'], [5n]]);
  t.not(batch.objects[0], shared, 'what others can write is copied');
  t.deepEqual(batch.objects[0], new Uint8Array(4).fill(1));
  batch.clear();
  t.deepEqual([batch.keys, batch.objects, batch.revisions.length], [[], [], 0]);
  t.false(batch.take([put(WEB, 2n ** 64n)]));
});

// Around what fits into a page, what has memory of its own, and what is larger than a page.
const SIZES = [1, 4_000, 8_000, 8_192, 9_000, 30_000, PAGE_BYTES - 100, PAGE_BYTES, 3 * PAGE_BYTES];

nativeTest('objects of any size come whole, by every way', (t, engine) => {
  const cache = engine.create();
  const watch = cache.watch({ from: { type: 'after', revision: 0n }, wake: () => {} });
  const ofState = (): ReturnType<EngineCache['watch']> =>
    cache.watch({ from: { type: 'state' }, wake: () => {} });
  const widgets = SIZES.map((size, at) => large(`w${at}`, size));
  cache.apply(widgets.map((widget, at) => put(widget, BigInt(at + 1))));
  const expected = widgets.map((widget, at) => widgetText(widget, BigInt(at + 1)));
  const texts = (objects: readonly { object: Uint8Array }[]): (string | undefined)[] =>
    objects.map(({ object }) => text(object));
  for (let round = 0; round < 3; round++) {
    t.deepEqual(
      widgets.map((widget) => text(cache.get(widget)?.object)),
      expected,
    );
    t.deepEqual(texts(cache.list({}).readObjects(100)), expected);
    t.is(text(cache.list({}).read(10_000_000)), expected.join(','));
    t.deepEqual(texts(drainEvents(ofState())), expected);
    const frames = expected.map((object) => `{"type":"ADDED","object":${object}}\n`);
    t.deepEqual(drainFrames(ofState()), frames);
    t.is(ofState().drainFrames(10_000_000).items.length, SIZES.length, 'in one batch');
    t.is(ofState().drainEvents(100).items.length, SIZES.length, 'in one batch');
  }
  const batch = watch.drainFrames(10_000_000);
  t.is(batch.items.length, SIZES.length);
  t.false(batch.more);
});

nativeTest('a batch of more items than cross at once is still one batch', (t, engine) => {
  const cache = engine.create();
  const count = 2_500;
  const names = Array.from({ length: count }, (_, at) => `w${String(at).padStart(5, '0')}`);
  const live = cache.watch({ from: { type: 'after', revision: 0n }, wake: () => {} });
  cache.apply(names.map((name, at) => put({ namespace: 'a', name }, BigInt(at + 1))));
  const state = cache.watch({ from: { type: 'state' }, wake: () => {} });
  const frames = cache.watch({ from: { type: 'state' }, wake: () => {} });
  cache.apply([put({ namespace: 'a', name: 'zzz' }, BigInt(count + 1))]);
  const first = state.drainEvents(5_000);
  t.like(first, { phase: 'initial', position: BigInt(count), more: true });
  t.deepEqual(
    first.items.map(({ name }) => name),
    names,
  );
  t.like(frames.drainFrames(10_000_000), { phase: 'initial', position: BigInt(count), more: true });
  t.like(frames.drainFrames(10_000_000), { phase: 'live', more: false });
  t.is(live.drainEvents(2_000).items.length, 2_000);
  t.like(live.drainEvents(2_000), { phase: 'live', position: BigInt(count + 1), more: false });
  t.is(cache.list({}).readObjects(5_000).length, count + 1);
});

nativeTest('bytes that other threads can write are copied before they are read', (t, engine) => {
  const cache = engine.create();
  const source = widgetSource(WEB);
  const object = new Uint8Array(new SharedArrayBuffer(source.length));
  object.set(source);
  cache.apply([{ type: 'put', ...KEY, object, revision: 1n }]);
  t.is(cache.write({ ...KEY, object }), 2n);
  t.is(text(cache.get(KEY)?.object), widgetText(WEB, 2n));
  const target = new Uint8Array(new SharedArrayBuffer(1_000));
  t.is(cache.list({}).readInto(target), widgetText(WEB, 2n).length);
});

nativeTest('what is no Uint8Array, no text or no number is a TypeError', (t, engine) => {
  const cache = engine.create();
  const wrong = [undefined, null, 'text', new Uint16Array(4), new ArrayBuffer(4), {}];
  for (const object of wrong as Uint8Array[]) {
    t.throws(() => cache.apply([{ ...put(WEB, 1n), object }]), { instanceOf: TypeError });
  }
  const name = 7 as unknown as string;
  t.throws(() => cache.get({ namespace: 'a', name }), { instanceOf: TypeError });
  t.throws(() => cache.apply([{ ...put(WEB, 1n), name }]), { instanceOf: TypeError });
  t.throws(() => cache.list({ namespace: name }), { instanceOf: TypeError });
  const target = new Uint16Array(9) as unknown as Uint8Array;
  t.throws(() => cache.list({}).readInto(target), { instanceOf: TypeError });
  t.throws(() => cache.getInto(KEY, target), { instanceOf: TypeError });
  t.throws(() => cache.root().getInto(KEY, target), { instanceOf: TypeError });
  t.throws(() => cache.getInto({ namespace: 'a', name }, target), { instanceOf: TypeError });
  cache.apply([put(WEB, 1n)]);
  t.is(text(cache.get(KEY)?.object), widgetText(WEB, 1n), 'nothing of it is left');
});

nativeTest('half of a surrogate pair is not taken for the replacement character', (t, engine) => {
  const cache = engine.create();
  const replacement = { namespace: 'a', name: '\ufffd' };
  const half = { namespace: 'a', name: '\ud800' };
  cache.apply([put(replacement, 1n)]);
  t.is(cache.get(half), undefined);
  t.is(cache.root().get(half), undefined);
  t.throws(() => cache.apply([{ ...put(replacement, 2n), name: half.name }]), {
    code: 'key-mismatch',
  });
  cache.apply([{ type: 'delete', ...half, revision: 2n }]);
  t.is(cache.write(half), 0n);
  t.truthy(cache.get(replacement));
});

async function collectAll(): Promise<void> {
  for (let round = 0; round < 6; round++) {
    collect();
    await turn();
  }
}

nativeTest(
  'a thread is not attached any more once nobody can reach its cache',
  async (t, engine) => {
    const cache = engine.create();
    const share = cache.share();
    const attach = (): EngineCache => attachEngineCache(share, { now: () => 0 });
    attach();
    const root = attach().root();
    const watch = attach().watch({ from: { type: 'state' }, wake: () => {} });
    attach().close();
    t.is(cache.stats().attachments, 5);
    await collectAll();
    t.is(cache.stats().attachments, 3, 'but for the root and the watch that are open');
    t.is(root.get(KEY), undefined);
    cache.apply([put(WEB, 1n)]);
    t.is(drainEvents(watch).length, 1);
    t.is(text(root.list({}).read(100)), undefined);
  },
);

nativeTest('the memory of caches that nobody closed comes back', async (t) => {
  // A process of its own: what is resident belongs to all of a process's threads.
  const child = new URL('./abandoned-child.js', import.meta.url);
  const { code, output } = await runChild(child, []);
  t.is(code, 0, output);
  t.true(Number(output) < 60_000_000, `${output.trim()} bytes more`);
});
