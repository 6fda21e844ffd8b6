/**
 * Random calls with random arguments, good ones and any others, in any order: what is answered is a
 * number, or what JavaScript throws on its own; and the cache that is used beside them stays whole.
 */

import test from 'ava';
import fc from 'fast-check';

import type { Addon } from './addon.js';
import { ALL, Border, objectBytes } from './border.js';

const border = new Border();
const { addon } = border;

type Name = keyof Addon;

/** Kinds of arguments, and good ones of each. */
function goodValues(): Readonly<Record<string, readonly unknown[]>> {
  const cache = border.openCache();
  border.apply(cache, 1n, '', 'a');
  border.apply(cache, 2n, 'team', 'b', { pad: 'x'.repeat(500) });
  return {
    connection: [border.connection],
    cache: [cache],
    root: [border.openRoot(cache), border.openRoot(cache, 1n)],
    rootOrNone: [-1, border.openRoot(cache)],
    list: [border.openList(cache), border.openList(cache, ALL, 1)],
    watch: [border.openWatch(cache), border.openWatch(cache, ALL, 0n)],
    heap: [border.openHeap(), border.openHeap()],
    text: ['', 'a', 'team', 'b', 'x'.repeat(3000)],
    apiVersion: [undefined, 'v2'],
    page: [border.page, new Uint8Array(100), new Uint8Array(0)],
    number: [0, 1, 2, 100, Infinity],
    flag: [true, false],
    scope: [
      ALL,
      ['team', 'b', 'v2', 1, 'k', 2, 0, 1, 'spec.node', 0, ''],
      [undefined, undefined, undefined, 0, 0, 1, 1, 0, 0, 2 ** 31, 7],
    ],
    start: [undefined, ['', 'a']],
    keys: [
      ['', 'a'],
      ['', 'a', 'team', 'b'],
    ],
    objects: [
      [objectBytes('', 'a')],
      [objectBytes('', 'a'), undefined],
      [objectBytes('', 'a'), objectBytes('team', 'b')],
    ],
    object: [undefined, objectBytes('', 'a'), objectBytes('team', 'b')],
    revisions: [BigUint64Array.of(3n), BigUint64Array.of(4n, 5n)],
    lanes: [new Float64Array(20)],
    lanesOrNone: [undefined, new Float64Array(20)],
    slots: [new Uint32Array(20), Uint32Array.of(0, 1), new Uint32Array(0)],
    slotsOrNone: [undefined, new Uint32Array(20), Uint32Array.of(0, 1)],
    exchange: [new ArrayBuffer(65_536)],
    wake: [(): void => {}],
    fields: [[], ['spec.node']],
    indexFields: [[], ['spec.node']],
    indexLabels: [[], ['app']],
  };
}

/** What kind of argument each export takes where. */
const KINDS: { readonly [Each in Name]: string } = {
  abiVersion: '',
  compareKeys: 'text text text text',
  duplicateListener: 'number',
  closeListener: 'number',
  processStats: 'lanes',
  connect: 'exchange wake',
  takeReady: 'connection',
  openCache: 'connection fields indexFields indexLabels',
  shareCache: 'cache',
  attachCache: 'connection number',
  closeCache: 'cache',
  dropCache: 'cache',
  state: 'cache',
  stats: 'cache number',
  awaitRevision: 'cache',
  apply: 'cache number keys objects revisions',
  write: 'cache number text text object number',
  replace: 'cache keys objects revisions',
  progress: 'cache',
  trim: 'cache number',
  get: 'cache text text apiVersion page number',
  getAt: 'root text text apiVersion page number',
  openRoot: 'cache flag',
  closeRoot: 'root',
  openList: 'cache rootOrNone scope start number number',
  settleList: 'list',
  listLast: 'list',
  readList: 'list page number',
  readListObjects: 'list page number number',
  closeList: 'list',
  openWatch: 'cache text scope flag number',
  drainEvents: 'watch page number number',
  drainFrames: 'watch page number number flag',
  closeWatch: 'watch',
  openHeap: 'connection number number',
  shareHeap: 'heap',
  attachHeap: 'connection number',
  closeHeap: 'heap',
  heapPush: 'heap number number',
  heapPushAll: 'heap number lanesOrNone lanesOrNone slotsOrNone lanesOrNone',
  heapPop: 'heap',
  heapTake: 'heap number slotsOrNone lanesOrNone',
  heapAdvance: 'heap number number number',
  heapEndAhead: 'heap',
  heapCollect: 'heap number slots',
  heapRemove: 'heap number',
  heapUpdate: 'heap number number',
  heapExpire: 'heap number number slots',
  heapClear: 'heap',
  heapLoad: 'heap slots slots lanes slots lanes',
  heapSize: 'heap',
  heapPeek: 'heap',
  heapHas: 'heap number',
  heapNextDeadline: 'heap',
  heapOrder: 'heap lanes lanes',
};

/** A good argument of the kind by its place, or any other thing. */
type Choice = { readonly place: number } | { readonly other: unknown };

const choice: fc.Arbitrary<Choice> = fc.oneof(
  { weight: 15, arbitrary: fc.record({ place: fc.nat({ max: 20 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ other: fc.anything({ withBigInt: true, withTypedArray: true }) }),
  },
);

const call = fc.constantFrom(...(Object.keys(KINDS) as Name[])).chain((name) => {
  const kinds = KINDS[name].split(' ').filter((kind) => kind !== '');
  const choices = fc.tuple(...kinds.map(() => choice));
  return fc.record({ name: fc.constant(name), kinds: fc.constant(kinds), choices });
});

test('no call is an accident, whatever it is made with', (t) => {
  const kept = border.openCache();
  border.apply(kept, 1n, '', 'kept');
  const watch = border.openWatch(kept, ALL, 0n);
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 60 }), fc.bigInt(), (calls, seed) => {
      const good = goodValues();
      for (const { name, kinds, choices } of calls) {
        const values = choices.map((chosen, index) => {
          const values = good[kinds[index]!]!;
          return 'place' in chosen ? values[chosen.place % values.length] : chosen.other;
        });
        // What the head has of an earlier call, or anything.
        border.revisions[calls.length % 8] = BigInt.asUintN(64, seed);
        const answer = answerOf(name, values);
        t.true(typeof answer === 'number' || Array.isArray(answer), `${name}: ${String(answer)}`);
      }
      addon.dropCache(good['cache']![0] as number);
      t.regex(String(border.get(kept, '', 'kept')), /"kept"/);
    }),
    { numRuns: 150 },
  );
  t.deepEqual(border.drainEvents(watch), ['ADDED /kept@1']);
});

function answerOf(name: Name, values: readonly unknown[]): unknown {
  return (addon[name] as (...values: readonly unknown[]) => unknown)(...values);
}
