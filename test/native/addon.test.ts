/**
 * The addon's exports: what they answer, to good and to bad arguments, and that the order of keys
 * is the same on both sides of the border.
 */

import test from 'ava';
import fc from 'fast-check';

import { ABI_VERSION, KEY_ORDER, STATUS } from '../../lib/engine/wire.js';
import { compareNamespaces, compareUtf8 } from '../../lib/object/key.js';
import { loadAddon, processStats } from './addon.js';
import type { Addon } from './addon.js';

const addon = loadAddon();

test('the addon and TypeScript speak one version of the border', (t) => {
  t.is(addon.abiVersion(), ABI_VERSION);
});

test('a block keeps a copy of its bytes until it is closed', (t) => {
  for (const size of [0, 1, 16, 1000, 32_768, 70_000]) {
    const bytes = Uint8Array.from({ length: size }, (_, index) => index * 7);
    const expected = Buffer.from(bytes);
    const handle = addon.openBlock(bytes);
    bytes.fill(0);
    t.deepEqual(addon.readBlock(handle), expected);
    t.is(addon.closeBlock(handle), 0);
    t.is(addon.readBlock(handle), STATUS.invalidHandle);
  }
});

test('a view into a larger buffer is taken as it is', (t) => {
  const whole = new TextEncoder().encode('before|block|after');
  const handle = addon.openBlock(whole.subarray(7, 12));
  t.is(Buffer.from(addon.readBlock(handle) as Uint8Array).toString(), 'block');
  addon.closeBlock(handle);
});

test('a closed handle is never that of another block', (t) => {
  const first = addon.openBlock(Buffer.from('first'));
  addon.closeBlock(first);
  const second = addon.openBlock(Buffer.from('second'));
  t.not(second, first);
  t.is(addon.readBlock(first), STATUS.invalidHandle);
  t.is(addon.closeBlock(first), STATUS.invalidHandle);
  t.deepEqual(addon.readBlock(second), Buffer.from('second'));
  addon.closeBlock(second);
});

test('statistics follow the blocks', (t) => {
  const before = processStats(addon);
  const handle = addon.openBlock(new Uint8Array(100_000));
  // Other test files may run on other threads of this process.
  t.true(processStats(addon).blocksLive >= 1);
  t.true(processStats(addon).bytesLive >= 100_000);
  t.true(processStats(addon).bytesReserved >= processStats(addon).bytesLive);
  t.true(before.environmentsLive >= 1);
  addon.closeBlock(handle);
});

const MISUSES: readonly (readonly [
  name: string,
  call: (addon: Addon) => unknown,
  status: number,
])[] = [
  ['openBlock without bytes', (a) => call(a.openBlock), STATUS.invalidArgument],
  ['openBlock of a string', (a) => call(a.openBlock, 'text'), STATUS.invalidArgument],
  [
    'openBlock of other lanes',
    (a) => call(a.openBlock, new Uint16Array(2)),
    STATUS.invalidArgument,
  ],
  ['openBlock of null', (a) => call(a.openBlock, null), STATUS.invalidArgument],
  ['readBlock of no number', (a) => call(a.readBlock, '1'), STATUS.invalidArgument],
  ['readBlock of a fraction', (a) => call(a.readBlock, 0.5), STATUS.invalidArgument],
  ['readBlock of NaN', (a) => call(a.readBlock, NaN), STATUS.invalidArgument],
  ['readBlock below zero', (a) => call(a.readBlock, -1), STATUS.invalidArgument],
  ['readBlock of infinity', (a) => call(a.readBlock, Infinity), STATUS.invalidArgument],
  ['readBlock of no handle', (a) => call(a.readBlock, 2 ** 52), STATUS.invalidHandle],
  ['closeBlock of no handle', (a) => call(a.closeBlock, 2 ** 53 - 1), STATUS.invalidHandle],
  ['closeBlock without a handle', (a) => call(a.closeBlock), STATUS.invalidArgument],
  ['compareKeys of three', (a) => call(a.compareKeys, 'a', 'b', 'c'), STATUS.invalidArgument],
  ['compareKeys of numbers', (a) => call(a.compareKeys, 1, 2, 3, 4), STATUS.invalidArgument],
  ['too few lanes', (a) => call(a.processStats, new Float64Array(1)), STATUS.invalidArgument],
  ['lanes of 32 bits', (a) => call(a.processStats, new Float32Array(9)), STATUS.invalidArgument],
];

for (const [name, misuse, status] of MISUSES) {
  test(`a wrong argument is answered with a status: ${name}`, (t) => {
    t.is(misuse(addon), status);
  });
}

function call(method: (...values: never[]) => unknown, ...values: unknown[]): unknown {
  return method(...(values as never[]));
}

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
