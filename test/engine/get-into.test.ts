/** Reading one object into the caller's memory: which bytes are written, and what is told. */

import type { EngineCache } from '../../lib/engine/index.js';
import { engineTest, type TestEngine } from './engines.js';
import { put, remove, text, type Widget, widgetText } from './widget.js';

const WEB = { namespace: 'a', name: 'web', value: 1 };
const NOBODY = { namespace: 'a', name: 'nobody' };

/** What memory is filled with before, to see where it was written. */
const FILL = 7;

/** Enough for small objects. */
const ROOM = 1_000;

function memory(bytes: number = ROOM): Uint8Array {
  return new Uint8Array(bytes).fill(FILL);
}

function isUntouched(target: Uint8Array): boolean {
  return target.every((byte) => byte === FILL);
}

function cacheOf(engine: TestEngine, ...widgets: readonly Widget[]): EngineCache {
  const cache = engine.create();
  cache.apply(widgets.map((widget, index) => put(widget, BigInt(index + 1))));
  return cache;
}

/** What the source writes of the object, in memory that it just fits into. */
function readExactly(source: Pick<EngineCache, 'getInto'>, key: Widget): string | undefined {
  const target = memory(-source.getInto(key, new Uint8Array(0)));
  return source.getInto(key, target) === target.length ? text(target) : undefined;
}

engineTest("an object's bytes are written from the beginning, and none behind", (t, engine) => {
  const cache = cacheOf(engine, WEB);
  const expected = widgetText(WEB, 1n);
  const target = memory();
  t.is(cache.getInto(WEB, target), expected.length);
  t.is(text(target.subarray(0, expected.length)), expected);
  t.true(isUntouched(target.subarray(expected.length)));
  const view = memory().subarray(100, 900);
  t.is(cache.getInto(WEB, view), expected.length);
  t.is(text(view.subarray(0, expected.length)), expected);
  const whole = new Uint8Array(view.buffer);
  t.true(isUntouched(whole.subarray(0, 100)) && isUntouched(whole.subarray(900)));
});

engineTest('of an object that is not there nothing is written, and 0 is told', (t, engine) => {
  const cache = cacheOf(engine, WEB);
  const target = memory();
  const revision = BigUint64Array.of(99n);
  for (const key of [NOBODY, { ...WEB, namespace: 'b' }, { namespace: '', name: '' }]) {
    t.is(cache.getInto(key, target, undefined, revision), 0);
    t.is(cache.root().getInto(key, target, undefined, revision), 0);
    t.is(cache.getInto(key, new Uint8Array(0)), 0);
  }
  t.true(isUntouched(target));
  t.is(revision[0], 99n);
});

engineTest('what does not fit tells its bytes, negated, and nothing is written', (t, engine) => {
  const cache = cacheOf(engine, WEB);
  const { length } = widgetText(WEB, 1n);
  for (const room of [0, 1, length - 1]) {
    const target = memory(room);
    t.is(cache.getInto(WEB, target), -length);
    t.is(cache.root().getInto(WEB, target), -length);
    t.true(isUntouched(target));
  }
  t.is(cache.getInto(WEB, memory(length)), length, 'exactly');
});

engineTest(
  'the revision comes along where it is asked for, fits the object or not',
  (t, engine) => {
    const cache = engine.create();
    const high = 2n ** 63n + 1n;
    cache.apply([put(WEB, 5n), put({ ...WEB, name: 'api' }, high)]);
    const revision = new BigUint64Array(2);
    cache.getInto(WEB, memory(), undefined, revision);
    t.deepEqual([...revision], [5n, 0n]);
    cache.getInto({ ...WEB, name: 'api' }, memory(), undefined, revision);
    t.deepEqual([...revision], [high, 0n]);
    cache.getInto(WEB, memory(3), undefined, revision);
    t.deepEqual([...revision], [5n, 0n]);
    cache.root().getInto({ ...WEB, name: 'api' }, memory(), undefined, revision);
    t.deepEqual([...revision], [high, 0n]);
  },
);

engineTest('another apiVersion is written and counted on demand', (t, engine) => {
  const cache = cacheOf(engine, WEB);
  const apiVersion = 'example.com/v1beta1';
  const expected = widgetText(WEB, 1n, apiVersion);
  for (const source of [cache, cache.root()]) {
    t.is(source.getInto(WEB, memory(expected.length - 1), apiVersion), -expected.length);
    const target = memory();
    t.is(source.getInto(WEB, target, apiVersion), expected.length);
    t.is(text(target.subarray(0, expected.length)), expected);
  }
  t.is(cache.getInto(WEB, memory(), 'example.com/v1'), widgetText(WEB, 1n).length);
});

engineTest('a root writes the state that it holds', (t, engine) => {
  const cache = cacheOf(engine, WEB);
  const root = cache.root();
  cache.apply([put({ ...WEB, value: 2 }, 2n), put({ ...WEB, name: 'api' }, 3n)]);
  t.is(readExactly(root, WEB), widgetText(WEB, 1n));
  t.is(root.getInto({ ...WEB, name: 'api' }, memory()), 0);
  t.is(readExactly(cache, WEB), widgetText({ ...WEB, value: 2 }, 2n));
  cache.apply([remove('a', 'web', 4n)]);
  t.is(cache.getInto(WEB, memory()), 0);
  t.is(readExactly(root, WEB), widgetText(WEB, 1n));
});

// Around the sizes up to which keys, and objects, take the shorter way.
const KEYS: readonly (readonly [title: string, key: Widget])[] = [
  ['no namespace', { namespace: '', name: 'web' }],
  ['Latin-1', { namespace: 'é', name: 'ÿ'.repeat(300) }],
  ['characters of two bytes and more', { namespace: 'a', name: 'ｚ😀š' }],
  ['a name as long as an API server allows', { namespace: 'n'.repeat(63), name: 'w'.repeat(253) }],
  ['much longer names', { namespace: 'n'.repeat(1_021), name: '😀'.repeat(2_000) }],
  ['much longer Latin-1', { namespace: 'é'.repeat(511), name: 'ÿ'.repeat(513) }],
  ['a large object', { namespace: 'a', name: 'large', node: 'x'.repeat(300_000) }],
];

for (const [title, key] of KEYS) {
  engineTest(`an object is written whatever its key and size: ${title}`, (t, engine) => {
    const cache = cacheOf(engine, WEB, key);
    t.is(readExactly(cache, key), widgetText(key, 2n));
    t.is(readExactly(cache.root(), key), widgetText(key, 2n));
    t.is(cache.getInto({ ...key, name: `${key.name}x` }, memory()), 0);
    t.is(cache.getInto({ ...key, name: key.name.slice(0, -1) }, memory()), 0);
  });
}

engineTest('a key is not taken for another with the same low bytes', (t, engine) => {
  const cache = cacheOf(engine, { namespace: 'a', name: 'a' }, { namespace: 'a', name: '\ufffd' });
  for (const name of ['\u0161', '\u0361', '\ud861', '\ud800', '\udc00']) {
    t.is(cache.getInto({ namespace: 'a', name }, memory()), 0);
    t.is(cache.getInto({ namespace: name, name: 'a' }, memory()), 0);
    t.is(cache.root().getInto({ namespace: 'a', name }, memory()), 0);
  }
});

engineTest('memory that others can write to, too, is written', (t, engine) => {
  const cache = cacheOf(engine, WEB);
  const target = new Uint8Array(new SharedArrayBuffer(ROOM));
  const length = cache.getInto(WEB, target);
  t.is(text(target.slice(0, length)), widgetText(WEB, 1n));
});

engineTest('memory that was given away is memory without room', (t, engine) => {
  const cache = cacheOf(engine, WEB);
  const target = new Uint8Array(new ArrayBuffer(ROOM));
  structuredClone(target.buffer, { transfer: [target.buffer] });
  t.is(cache.getInto(WEB, target), -widgetText(WEB, 1n).length);
  t.is(cache.root().getInto(WEB, target), -widgetText(WEB, 1n).length);
  t.is(cache.getInto(NOBODY, target), 0);
});

engineTest('what is closed writes nothing', (t, engine) => {
  const cache = cacheOf(engine, WEB);
  const root = cache.root();
  const target = memory();
  cache.close();
  for (const key of [WEB, NOBODY, { namespace: 'a', name: '\ud800' }]) {
    t.throws(() => cache.getInto(key, target), {
      code: 'closed',
      message: 'the cache widgets.example.com is closed',
    });
  }
  t.is(readExactly(root, WEB), widgetText(WEB, 1n), 'a held root is readable to its end');
  root.close();
  t.throws(() => root.getInto(WEB, target), { code: 'closed', message: 'the root is closed' });
  t.true(isUntouched(target));
});
