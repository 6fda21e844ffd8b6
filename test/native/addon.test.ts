/**
 * The addon's exports under wrong arguments: of wrong types, numbers and sizes, of handles that are
 * closed, forged, of another kind or another thread's, of memory that is gone. All are answered
 * with a status. And the order of keys, which is the same on both sides of the border.
 */

import test from 'ava';
import fc from 'fast-check';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

import { ABI_VERSION, HEAD_LANE, KEY_ORDER, LIMIT, STATUS } from '../../lib/engine/wire.js';
import { compareNamespaces, compareUtf8 } from '../../lib/object/key.js';
import { ADDON_FILE, type Addon, processStats, SHIPPED_FILE } from './addon.js';
import { ALL, Border, objectBytes } from './border.js';

const border = new Border();
const { addon } = border;

const CACHE = border.openCache();
border.apply(CACHE, 1n, '', 'a');
border.apply(CACHE, 2n, '', 'b');
const ROOT = border.openRoot(CACHE);
const LIST = border.openList(CACHE);
const WATCH = border.openWatch(CACHE);
const HEAP = border.openHeap();
const PAGE = new Uint8Array(1000);
const LANES = new Float64Array(4);
const SLOTS = new Uint32Array(4);
const OBJECT = objectBytes('', 'c');
const wake = (): void => {};

test('the addon and TypeScript speak one version of the border', (t) => {
  t.is(addon.abiVersion(), ABI_VERSION);
});

test('statistics of the process count what is open', (t) => {
  const stats = processStats(addon);
  t.true(stats.environmentsLive >= 1);
  t.true(stats.environmentsOpened >= stats.environmentsLive);
  for (const live of ['caches', 'attachments', 'roots', 'lists', 'watches', 'heaps'] as const) {
    t.true(stats[`${live}Live`] >= 1, live);
  }
});

/** Arguments that each export takes; where one is a handle, of which kind. */
const GOOD: { readonly [Name in keyof Addon]: readonly unknown[] } = {
  abiVersion: [],
  compareKeys: ['a', 'b', 'c', 'd'],
  duplicateListener: [0],
  closeListener: [0],
  processStats: [new Float64Array(20)],
  connect: [new ArrayBuffer(LIMIT.exchangeBytes), wake],
  takeReady: [border.connection],
  openCache: [border.connection, ['spec.node'], [], []],
  shareCache: [CACHE],
  attachCache: [border.connection, 1],
  closeCache: [CACHE],
  dropCache: [CACHE],
  state: [CACHE],
  stats: [CACHE, 0],
  awaitRevision: [CACHE],
  apply: [CACHE, 0, ['', 'c'], [OBJECT], BigUint64Array.of(3n)],
  write: [CACHE, 0, '', 'c', OBJECT, 0],
  replace: [CACHE, ['', 'c'], [OBJECT], BigUint64Array.of(3n)],
  progress: [CACHE],
  trim: [CACHE, 0],
  get: [CACHE, '', 'a', undefined, PAGE, 0],
  getAt: [ROOT, '', 'a', undefined, PAGE, 0],
  openRoot: [CACHE, false],
  closeRoot: [ROOT],
  openList: [CACHE, -1, ALL, ['', 'a'], 1, 1],
  settleList: [LIST],
  listLast: [LIST],
  readList: [LIST, PAGE, 100],
  readListObjects: [LIST, PAGE, 0, 1],
  closeList: [LIST],
  openWatch: [CACHE, 'key', ALL, true, 1],
  drainEvents: [WATCH, PAGE, 0, 1],
  drainFrames: [WATCH, PAGE, 0, 100, false],
  closeWatch: [WATCH],
  openHeap: [border.connection, 10, 100],
  shareHeap: [HEAP],
  attachHeap: [border.connection, 1],
  closeHeap: [HEAP],
  heapPush: [HEAP, 1, Infinity],
  heapPushAll: [HEAP, 4, LANES, LANES, SLOTS, LANES],
  heapPop: [HEAP],
  heapTake: [HEAP, 4, SLOTS, LANES],
  heapAdvance: [HEAP, 0, 0, 1],
  heapEndAhead: [HEAP],
  heapCollect: [HEAP, 4, SLOTS],
  heapRemove: [HEAP, 1],
  heapUpdate: [HEAP, 1, 2],
  heapExpire: [HEAP, 1, 4, SLOTS],
  heapClear: [HEAP],
  heapLoad: [HEAP, SLOTS, SLOTS, LANES, SLOTS, LANES],
  heapSize: [HEAP],
  heapPeek: [HEAP],
  heapHas: [HEAP, 1],
  heapNextDeadline: [HEAP],
  heapOrder: [HEAP, LANES, LANES],
};

type Name = keyof Addon;

const NAMES = Object.keys(GOOD) as Name[];

function call(name: Name, values: readonly unknown[]): unknown {
  return (addon[name] as (...values: readonly unknown[]) => unknown)(...values);
}

/** The call with another value at one place. */
function callWith(name: Name, index: number, value: unknown): unknown {
  return call(name, GOOD[name].with(index, value));
}

test('what ships has no assertions, and every build of the developers has them', (t) => {
  const hasAssertions = /__assert_fail|__assert_rtn|_wassert/.test(
    readFileSync(ADDON_FILE, 'latin1'),
  );
  t.is(hasAssertions, ADDON_FILE !== SHIPPED_FILE);
});

test('every export is in the table', (t) => {
  t.deepEqual(Object.keys(addon).sort(), [...NAMES].sort());
});

test('a call with an argument less is refused', (t) => {
  for (const name of NAMES) {
    if (GOOD[name].length === 0) continue;
    t.is(call(name, GOOD[name].slice(0, -1)), STATUS.invalidArgument, name);
    t.is(call(name, []), STATUS.invalidArgument, name);
  }
});

test('an argument of any other type is refused, at every place of every call', (t) => {
  const odd: unknown[] = [null, Symbol('odd'), 5n, {}, () => {}, new DataView(new ArrayBuffer(8))];
  for (const name of NAMES) {
    GOOD[name].forEach((good, index) => {
      for (const value of odd) {
        if (typeof good === typeof value && typeof good === 'function') continue;
        t.is(callWith(name, index, value), STATUS.invalidArgument, `${name} ${index}`);
      }
      if (!Array.isArray(good)) return;
      // What JavaScript throws goes on to the caller.
      const accessors = Object.defineProperty([...(good as unknown[])], 0, {
        get: () => {
          throw new Error('an accessor');
        },
      });
      t.throws(() => callWith(name, index, accessors), { message: 'an accessor' });
    });
  }
});

test('a number that is no number is refused', (t) => {
  for (const name of NAMES) {
    GOOD[name].forEach((good, index) => {
      if (typeof good !== 'number') return;
      t.is(callWith(name, index, NaN), STATUS.invalidArgument, `${name} ${index}`);
      t.is(callWith(name, index, '1'), STATUS.invalidArgument, `${name} ${index}`);
    });
  }
});

/** Exports whose first argument is a number, and no handle: it may be equal to one. */
const WITHOUT_HANDLES: ReadonlySet<Name> = new Set(['duplicateListener', 'closeListener']);

const usesOf = (handle: number): readonly Name[] =>
  NAMES.filter((name) => GOOD[name][0] === handle && !WITHOUT_HANDLES.has(name));

/** Exports whose first argument is a handle of the kind. */
const KINDS: readonly (readonly [kind: string, handle: number, exports: readonly Name[]])[] = [
  ['connection', border.connection, usesOf(border.connection)],
  ['cache', CACHE, usesOf(CACHE)],
  ['root', ROOT, usesOf(ROOT)],
  ['list', LIST, usesOf(LIST)],
  ['watch', WATCH, usesOf(WATCH)],
  ['heap', HEAP, usesOf(HEAP)],
];

test('a forged handle, and one of another kind, is none', (t) => {
  const handles = KINDS.map(([, handle]) => handle);
  for (const [kind, own, exports] of KINDS) {
    t.true(exports.length >= 2, kind);
    const forged = [...handles.filter((handle) => handle !== own), own + 1, own + 2 ** 24, 2 ** 52];
    for (const name of exports) {
      for (const handle of forged) {
        t.is(callWith(name, 0, handle), STATUS.invalidHandle, `${name} ${handle}`);
      }
      for (const handle of [-1, 0.5, Infinity, 2 ** 53]) {
        t.is(callWith(name, 0, handle), STATUS.invalidArgument, `${name} ${handle}`);
      }
    }
  }
});

test('a handle that was closed is none', (t) => {
  const cache = border.openCache();
  const closing: readonly (readonly [handle: number, close: Name, uses: readonly Name[]])[] = [
    [border.openRoot(cache), 'closeRoot', KINDS[2]![2]],
    [border.openList(cache), 'closeList', KINDS[3]![2]],
    [border.openWatch(cache), 'closeWatch', KINDS[4]![2]],
    [border.openHeap(), 'closeHeap', KINDS[5]![2]],
    [cache, 'dropCache', KINDS[1]![2]],
  ];
  for (const [handle, close, uses] of closing) {
    t.is(call(close, [handle]), 0, close);
    for (const name of uses) t.is(callWith(name, 0, handle), STATUS.invalidHandle, name);
  }
});

test("a handle of another thread's is none", async (t) => {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const addon = require(workerData.file);
     const { lanes, bytes } = workerData;
     const exchange = new ArrayBuffer(bytes);
     const connection = addon.connect(exchange, () => {});
     for (const [lane, value] of lanes) new Float64Array(exchange)[lane] = value;
     const cache = addon.openCache(connection, [], [], []);
     const all = [undefined, undefined, undefined, 0, 0];
     parentPort.postMessage({
       connection, cache,
       root: addon.openRoot(cache, false),
       list: addon.openList(cache, -1, all, undefined, 0, 0),
       watch: addon.openWatch(cache, '', all, true, 0),
       heap: addon.openHeap(connection, 10, 100),
     });
     parentPort.on('message', () => process.exit());`,
    {
      eval: true,
      workerData: {
        file: ADDON_FILE,
        bytes: LIMIT.exchangeBytes,
        lanes: [
          [HEAD_LANE.shardCount, 1],
          [HEAD_LANE.windowMs, 0],
          [HEAD_LANE.entriesMin, 0],
          [HEAD_LANE.entriesMax, 0],
          [HEAD_LANE.bytesMax, 0],
        ],
      },
    },
  );
  const [handles] = (await once(worker, 'message')) as [Record<string, number>];
  for (const [kind, , exports] of KINDS) {
    t.true(handles[kind]! >= 0);
    for (const name of exports) t.is(callWith(name, 0, handles[kind]), STATUS.invalidHandle, name);
  }
  worker.postMessage('end');
  await once(worker, 'exit');
});

test('memory that is gone is empty memory', (t) => {
  const detached = new Uint8Array(100);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  t.is(addon.get(CACHE, '', 'a', undefined, detached, 0), STATUS.tooSmall);
  t.true(border.number('needed') > 0);
  t.is(addon.getAt(ROOT, '', 'a', undefined, detached, 0), STATUS.tooSmall);
  t.is(addon.get(CACHE, '', 'a', undefined, detached, 1), STATUS.invalidArgument);
  const list = border.openList(CACHE);
  t.is(addon.readList(list, detached, 100), 0);
  t.true(border.number('needed') > 0);
  t.is(addon.readListObjects(list, detached, 0, 10), 0);
  t.true(border.number('needed') > 0);
  addon.closeList(list);
  const watch = border.openWatch(CACHE);
  t.is(addon.drainEvents(watch, detached, 0, 10), 0);
  t.true(border.number('needed') > 0);
  t.is(addon.drainFrames(watch, detached, 0, 10, false), 0);
  t.true(border.number('needed') > 0);
  addon.closeWatch(watch);
  // An empty object is no deletion.
  const revisions = BigUint64Array.of(9n);
  t.is(addon.apply(CACHE, 0, ['', 'a'], [detached], revisions), STATUS.invalidObject);
  t.is(addon.write(CACHE, 0, '', 'a', detached, 0), STATUS.invalidObject);
  structuredClone(revisions.buffer, { transfer: [revisions.buffer] });
  t.is(addon.apply(CACHE, 0, ['', 'a'], [OBJECT], revisions), STATUS.invalidArgument);
});

test('an accessor that detaches what was read before gets no memory that is gone', (t) => {
  const early = objectBytes('', 'a');
  const memory = new Uint8Array(4096);
  memory.set(early);
  const victim = memory.subarray(0, early.length);
  const objects = [victim, objectBytes('', 'b')];
  Object.defineProperty(objects, 1, {
    get: () => {
      structuredClone(memory.buffer, { transfer: [memory.buffer] });
      return undefined;
    },
  });
  const status = addon.apply(CACHE, 0, ['', 'a', '', 'b'], objects, BigUint64Array.of(50n, 51n));
  t.is(status, STATUS.invalidObject);
  t.is(border.number('faultIndex'), 0);
});

const SCOPES: readonly (readonly unknown[])[] = [
  [],
  [undefined, undefined, undefined],
  [undefined, undefined, undefined, 0],
  [undefined, undefined, undefined, 0, 0, 0],
  [undefined, undefined, undefined, 0, 0, 0, 0],
  [undefined, undefined, undefined, 0, 0, 1, 2, 0, 0, 0, 0],
  [undefined, undefined, undefined, 0, 0, 1, 0, 0, 0, 0],
  [undefined, undefined, undefined, 0, 0, 1, 0, 0, 0, 0, 2 ** 32],
  [undefined, undefined, undefined, 0, 0, 2, 0, 0, 0, 0, 0],
  [undefined, undefined, undefined, 1, 0],
  [undefined, undefined, undefined, 1, 'key', 6, 0, 0],
  [undefined, undefined, undefined, 1, 'key', 0, 2, 'one', 0],
  [undefined, undefined, undefined, 1, 'key', 0, 2 ** 31, 'one', 0],
  [undefined, undefined, undefined, 2 ** 31, 'key', 0, 1, 'one', 0],
  [undefined, undefined, undefined, 0, 1, 'spec.node', 2, 'value'],
  [undefined, undefined, undefined, 0, 1, 'spec.node', 0],
  [undefined, undefined, undefined, -1, 0],
  [undefined, undefined, undefined, 0.5, 0],
  [1, undefined, undefined, 0, 0],
  [undefined, {}, undefined, 0, 0],
  [undefined, undefined, null, 0, 0],
  // oxlint-disable-next-line no-sparse-arrays
  [undefined, undefined, undefined, 1, , 0, 0, 0],
];

test('a scope of another shape is refused', (t) => {
  for (const scope of SCOPES) {
    t.is(callWith('openList', 2, scope), STATUS.invalidArgument, JSON.stringify(scope));
    t.is(callWith('openWatch', 2, scope), STATUS.invalidArgument, JSON.stringify(scope));
  }
  for (const start of [[], ['a'], ['a', 'b', 'c'], [1, 2]]) {
    t.is(callWith('openList', 3, start), STATUS.invalidArgument, JSON.stringify(start));
  }
  const undeclared = [undefined, undefined, undefined, 0, 1, 'spec.other', 0, ''];
  t.is(callWith('openList', 2, undeclared), STATUS.undeclaredField);
  t.is(callWith('openWatch', 2, undeclared), STATUS.undeclaredField);
});

test('changes that do not fit each other are refused', (t) => {
  const one = BigUint64Array.of(70n);
  const wrong: readonly (readonly unknown[])[] = [
    [['', 'c'], [OBJECT], BigUint64Array.of(70n, 71n)],
    [['', 'c'], [OBJECT, OBJECT], one],
    [['', 'c', ''], [OBJECT], one],
    [['', 'c', '', 'd'], [OBJECT], one],
    [['', 1], [OBJECT], one],
    [['', 'c'], ['object'], one],
    [['', 'c'], [new Uint16Array(4)], one],
    [['', 'c'], [OBJECT], new BigInt64Array(1)],
    // oxlint-disable-next-line no-sparse-arrays
    [[, 'c'], [OBJECT], one],
  ];
  for (const values of wrong) {
    t.is(call('apply', [CACHE, 0, ...values]), STATUS.invalidArgument);
    t.is(call('replace', [CACHE, ...values]), STATUS.invalidArgument);
  }
  // A new state consists of objects.
  t.is(call('replace', [CACHE, ['', 'c'], [undefined], one]), STATUS.invalidArgument);
  t.is(callWith('write', 5, 2), STATUS.invalidArgument);
});

const LIMITS: readonly (readonly [lane: keyof typeof HEAD_LANE, value: number, status: number])[] =
  [
    ['shardCount', 0, STATUS.invalidArgument],
    ['shardCount', -1, STATUS.invalidArgument],
    ['shardCount', NaN, STATUS.invalidArgument],
    ['shardCount', Infinity, STATUS.tooLarge],
    ['windowMs', NaN, STATUS.invalidArgument],
    ['windowMs', -1, STATUS.invalidArgument],
    ['entriesMin', -1, STATUS.invalidArgument],
    ['entriesMax', NaN, STATUS.invalidArgument],
    ['bytesMax', -Infinity, STATUS.invalidArgument],
  ];

test('limits of a cache that are none are refused', (t) => {
  for (const [lane, value, status] of LIMITS) {
    border.setLimits({ [lane]: value });
    t.is(addon.openCache(border.connection, [], [], []), status, `${lane} ${value}`);
  }
  border.setLimits();
  t.is(
    addon.openCache(border.connection, [5] as unknown as string[], [], []),
    STATUS.invalidArgument,
  );
});

test('an exchange of another size is refused', (t) => {
  for (const bytes of [0, LIMIT.exchangeBytes - 8, LIMIT.exchangeBytes + 8]) {
    t.is(addon.connect(new ArrayBuffer(bytes), wake), STATUS.invalidArgument);
  }
  const detached = new ArrayBuffer(LIMIT.exchangeBytes);
  structuredClone(detached, { transfer: [detached] });
  t.is(addon.connect(detached, wake), STATUS.invalidArgument);
  const shared = new SharedArrayBuffer(LIMIT.exchangeBytes) as unknown as ArrayBuffer;
  t.is(addon.connect(shared, wake), STATUS.invalidArgument);
});

test('too few lanes, or lanes of 32 bits, are refused', (t) => {
  t.is(addon.processStats(new Float64Array(1)), STATUS.invalidArgument);
  t.is(callWith('processStats', 0, new Float32Array(20)), STATUS.invalidArgument);
});

test('keys order as in lib/object, whatever their length and alphabet', (t) => {
  const segment = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '0', 'é', '\uffee', '𐀀'), maxLength: 6 }),
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('/', '')),
    fc.nat({ max: 1200 }).map((length) => 'é'.repeat(length)),
  );
  fc.assert(
    fc.property(
      segment,
      segment,
      segment,
      segment,
      (leftNamespace, left, rightNamespace, right) => {
        const order = Math.sign(
          compareNamespaces(leftNamespace, rightNamespace) || compareUtf8(left, right),
        );
        const expected = [KEY_ORDER.before, KEY_ORDER.same, KEY_ORDER.after].at(order + 1);
        const actual = addon.compareKeys(leftNamespace, left, rightNamespace, right);
        t.true(actual === expected, `${leftNamespace}/${left} ${rightNamespace}/${right}`);
      },
    ),
    { numRuns: 2000 },
  );
});
