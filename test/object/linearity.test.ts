/** Input twice as long takes about twice the work, however hostile it is. */

import test from 'ava';

import {
  formatLabelSelector,
  matchesLabels,
  ObjectError,
  parseFieldSelector,
  parseLabelSelector,
  scanObject,
} from '../../lib/object/index.js';
import { decodeJson, encodeJson, equalJson } from '../../lib/object/lossless/index.js';
import { startCounting, stopCounting, workOf } from './work.js';

/** Doubling may cost a little more than twice, because of sorting. */
const GROWTH_MAX = 2.5;

test.before(startCounting);
test.after.always(stopCounting);

const json = (text: string) => scanObject(Buffer.from(text), []);
const many = (count: number, part: (index: number) => string, separator = ',') => {
  return Array.from({ length: count }, (_, index) => part(index)).join(separator);
};
const nest = (depth: number, inner: string) =>
  `${'{"b":1,"a":'.repeat(depth)}${inner}${'}'.repeat(depth)}`;

// Sizes small enough that the code stays interpreted, whose counts are exact.
const cases: readonly (readonly [string, number, (size: number) => unknown])[] = [
  ['a long string', 300, (size) => json(`{"a":"${'x'.repeat(size)}"}`)],
  ['a long string of escapes', 300, (size) => json(`{"a":"${'\\u0041\\n'.repeat(size)}"}`)],
  ['a long key of escapes', 300, (size) => json(`{"${'\\u0041'.repeat(size)}":1,"A":2}`)],
  ['a long number', 300, (size) => json(`{"a":0.${'1'.repeat(size)}}`)],
  ['white space', 300, (size) => json(`{${' '.repeat(size)}}`)],
  ['many keys in order', 200, (size) => json(`{${many(size, (i) => `"${1e6 + i}":1`)}}`)],
  ['many keys in reverse', 200, (size) => json(`{${many(size, (i) => `"${1e6 - i}":1`)}}`)],
  [
    'many keys with escapes',
    200,
    (size) => json(`{${many(size, (i) => `"\\u0041${1e6 - i}":1`)}}`),
  ],
  ['many elements', 200, (size) => json(`{"a":[${many(size, () => ' 1')}]}`)],
  [
    'many objects out of order',
    100,
    (size) => json(`{"a":[${many(size, () => '{"b":1,"a":[]}')}]}`),
  ],
  ['deep objects out of order', 100, (size) => json(nest(size, '1'))],
  [
    'a long value deep below objects out of order',
    300,
    (size) => json(nest(900, `"${'\\u0041'.repeat(size)}"`)),
  ],
  [
    'many labels',
    100,
    (size) => json(`{"metadata":{"labels":{${many(size, (i) => `"k${1e6 - i}":"v"`)}}}}`),
  ],
  ['brackets without end', 500, (size) => refusal('{"a":' + '['.repeat(size))],
  ['duplicate keys', 200, (size) => refusal(`{"a":[${many(size, () => '1')}],"b":1,"b":2}`)],
  [
    'a label selector of many terms',
    100,
    (size) => parseLabelSelector(many(size, (i) => `k${i}=v`)),
  ],
  [
    'a label selector of many values',
    100,
    (size) => parseLabelSelector(`k in (${many(size, (i) => `v${i}`)})`),
  ],
  [
    'a label selector of many symbols',
    100,
    (size) => selectorFault('k=v,'.repeat(size) + '!'.repeat(size)),
  ],
  ['matching many terms', 100, (size) => matchesLabels(requirements(size), (key) => key.slice(1))],
  ['formatting many terms', 100, (size) => formatLabelSelector(requirements(size))],
  [
    'a field selector of many terms',
    100,
    (size) => parseFieldSelector(many(size, (i) => `f${i}=v`)),
  ],
  ['a field selector of escapes', 200, (size) => parseFieldSelector(`f=${'\\,'.repeat(size)}`)],
  ['decoding many numbers', 200, (size) => decodeJson(`[${many(size, () => '1.5')}]`)],
  ['decoding many numbers to keep', 100, (size) => decodeJson(`[${many(size, () => '1.0')}]`)],
  ['decoding duplicate keys', 100, (size) => decodeJson(`{${many(size, () => '"a":1.0')}}`)],
  ['encoding many keys', 100, (size) => encodeJson(keys(size))],
  ['comparing many keys', 100, (size) => equalJson(keys(size), keys(size))],
];

function refusal(text: string): void {
  try {
    json(text);
  } catch (error) {
    if (error instanceof ObjectError) return;
    throw error;
  }
  throw new Error('accepted');
}

function selectorFault(text: string): void {
  try {
    parseLabelSelector(text);
  } catch {
    return;
  }
  throw new Error('accepted');
}

function requirements(count: number) {
  return Array.from({ length: count }, (_, index) => {
    return { key: `k${index}`, operator: 'In' as const, values: [String(index)] };
  });
}

function keys(count: number): { [key: string]: number } {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${count - index}`, 1]));
}

for (const [name, size, call] of cases) {
  // In turn: the counts are those of the whole thread.
  test.serial(`work is linear: ${name}`, (t) => {
    call(size);
    const single = workOf(() => call(size));
    const double = workOf(() => call(size * 2));
    t.true(single > 0, 'the code under test is counted');
    t.true(double <= single * GROWTH_MAX, `${single} for ${size}, ${double} for ${size * 2}`);
  });
}
