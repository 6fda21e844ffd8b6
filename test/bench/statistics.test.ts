import test from 'ava';
import fc from 'fast-check';

import { estimate, median, pairedRatios, quantile, spread } from '../../bench/statistics.js';
import { seededRandom } from '../../bench/workload/random.js';

const QUANTILES: readonly (readonly [values: number[], share: number, expected: number])[] = [
  [[3], 0.5, 3],
  [[3, 1, 2], 0.5, 2],
  [[4, 1, 3, 2], 0.5, 2.5],
  [[10, 9, 1], 0.5, 9],
  [[0, 10], 0.25, 2.5],
  [[5, 1, 3], 0, 1],
  [[5, 1, 3], 1, 5],
];

for (const [values, share, expected] of QUANTILES) {
  test(`quantile ${share} of ${values.join(', ')} is ${expected}`, (t) => {
    t.is(quantile(values, share), expected);
  });
}

test('numbers are ordered as numbers', (t) => {
  t.is(median([100, 9, 20]), 20);
});

test('there is no quantile of nothing', (t) => {
  t.throws(() => quantile([], 0.5), { instanceOf: RangeError });
});

test('values that do not vary have an interval without width', (t) => {
  t.deepEqual(estimate([7, 7, 7, 7], seededRandom(1)), { median: 7, low: 7, high: 7 });
});

test('the interval of known values is the known one', (t) => {
  const { median, low, high } = estimate([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], seededRandom(1));
  t.is(median, 6);
  // The 95 % interval of a median of eleven goes from the second or third to the ninth or tenth.
  t.true(low >= 2 && low <= 4, String(low));
  t.true(high >= 8 && high <= 10, String(high));
});

test('one disturbed round moves the figure little', (t) => {
  const calm = [2, 2.1, 1.9, 2, 2.05, 1.95, 2, 2, 2.1, 1.9];
  const { median, high } = estimate([...calm, 400], seededRandom(1));
  t.true(median < 2.1 && high < 2.2);
});

test('the same random numbers give the same interval, others another', (t) => {
  const values = [1, 5, 2, 8, 3, 9, 4, 7, 6, 12];
  t.deepEqual(estimate(values, seededRandom(3)), estimate(values, seededRandom(3)));
  t.notDeepEqual(seededRandom(3)(), seededRandom(4)());
});

test('an interval holds its median and lies within the values', (t) => {
  const values = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(values, fc.nat(), (values, seed) => {
      const { median, low, high } = estimate(values, seededRandom(seed));
      t.true(low <= high);
      t.true(low >= Math.min(...values) && high <= Math.max(...values));
      t.true(median >= Math.min(...values) && median <= Math.max(...values));
    }),
    { numRuns: 20 },
  );
});

test('a ratio is their cost over ours, round by round', (t) => {
  t.deepEqual(pairedRatios([2, 4], [10, 4]), [5, 1]);
  t.throws(() => pairedRatios([1], [1, 2]), { instanceOf: RangeError });
});

const SPREADS: readonly (readonly [low: number, high: number, expected: number])[] = [
  [0.9, 1.05, 0.1],
  [0.99, 1.2, 0.2],
  [1, 1, 0],
  [1.1, 1.3, 0.3],
];

for (const [low, high, expected] of SPREADS) {
  test(`the noise of an A/A interval from ${low} to ${high} is ${expected}`, (t) => {
    t.is(spread({ median: 1, low, high }).toFixed(9), expected.toFixed(9));
  });
}

test('random numbers lie from 0 to below 1 and fill the range', (t) => {
  const random = seededRandom(5);
  const numbers = Array.from({ length: 10_000 }, random);
  t.true(numbers.every((number) => number >= 0 && number < 1));
  const inFirstTenth = numbers.filter((number) => number < 0.1).length;
  t.true(inFirstTenth > 850 && inFirstTenth < 1_150, String(inFirstTenth));
});
