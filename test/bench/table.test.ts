import test from 'ava';

import { type Change, compareResults, formatChanges } from '../../bench/compare.js';
import { parseGoals } from '../../bench/goals.js';
import { ITSELF } from '../../bench/measure.js';
import type { Results } from '../../bench/results.js';
import type { MeasuredRow, Row } from '../../bench/row.js';
import { comparisonOf, formatTable } from '../../bench/table.js';

const ROW: MeasuredRow = {
  case: 'get/bytes-2k',
  against: 'stringify',
  engine: 'javascript',
  machine: 'a machine',
  ratio: 7.123,
  unit: 'x',
  low: 6.9,
  high: 7.4,
  samples: 10,
  noise: 0.034,
  ours: 1.5,
  theirs: 12_345.6,
  figureUnit: 'us',
  cpuRatio: 6,
  others: 0,
};
const { ratio: _, theirs: __, cpuRatio: ___, ...VALUE_BASE } = ROW;
const VALUE: MeasuredRow = {
  ...VALUE_BASE,
  against: 'limit',
  value: 2,
  unit: 'ms',
  low: 1,
  high: 3,
};
const ABSENT: Row = {
  case: 'get/bytes-2k',
  against: 'stringify',
  engine: 'native',
  machine: 'a machine',
  status: 'not there yet',
  reason: 'it was not built',
};

const GOALS = parseGoals(
  'case\tagainst\tkind\tgoal\tunit\tstage\tprototype\tmeaning\n' +
    'get/bytes-2k\tstringify\tratio\t>=7\tx\t1\t\t\n',
);

const COMPARED: readonly (readonly [
  ratio: number,
  low: number,
  high: number,
  noise: number,
  expected: string,
])[] = [
  [1.2, 1.1, 1.3, 0.1, 'won'],
  [0.85, 0.8, 0.9, 0.1, 'lost'],
  [1.05, 0.9, 1.1, 0.01, 'even'],
  [0.95, 0.9, 1.1, 0.01, 'even'],
  [1.2, 1.1, 1.3, 0.25, 'even'],
  [0.85, 0.8, 0.9, 0.25, 'even'],
];

for (const [ratio, low, high, noise, expected] of COMPARED) {
  const percent = noise * 100;
  test(`${ratio}x, from ${low} to ${high} under ${percent} % of noise, is ${expected}`, (t) => {
    t.is(comparisonOf({ ...ROW, ratio, low, high, noise }), expected);
  });
}

test('the A/A row is neither won nor lost', (t) => {
  t.is(comparisonOf({ ...ROW, against: ITSELF }), '');
});

test('a table shows both sides, interval, noise and goal', (t) => {
  const [, line = ''] = formatTable([ROW], GOALS).split('\n');
  for (const text of ['7.12x', '6.9 to 7.4', 'won', '1.5 us', '12 346 us', '6x', '3 %', '>= 7x']) {
    t.true(line.includes(text), `${text} in ${line}`);
  }
});

test('what is lost is shown as well', (t) => {
  const lost = { ...ROW, ratio: 0.0641, low: 0.05, high: 0.07 };
  t.regex(formatTable([lost], []), /0\.0641x .* lost /);
});

test('a row without a figure says why and widens no column', (t) => {
  const reason = 'long '.repeat(30);
  const text = formatTable([ROW, { ...ABSENT, reason }], GOALS);
  t.regex(text, /native +not there yet: long long/);
  t.true((text.split('\n')[1] ?? '').length < 140);
});

test('fewer objects than the name says are shown', (t) => {
  t.regex(formatTable([{ ...ROW, scaledTo: 500 }], []), /get\/bytes-2k \(500 objects\)/);
});

function results(...rows: Row[]): Results {
  return { rows } as unknown as Results;
}

const faster = { ...ROW, ratio: 10, low: 9, high: 11 };
const slower = { ...ROW, ratio: 3, low: 2.5, high: 3.5 };
const close = { ...ROW, ratio: 7.3, low: 7, high: 7.6 };

const CHANGES: readonly (readonly [about: string, Row[], Row[], Change['verdict']])[] = [
  ['a higher ratio', [ROW], [faster], 'better'],
  ['a lower ratio', [ROW], [slower], 'worse'],
  ['intervals that overlap', [ROW], [close], 'same'],
  ['a lower value', [VALUE], [{ ...VALUE, value: 0.5, low: 0.4, high: 0.6 }], 'better'],
  ['a higher value', [VALUE], [{ ...VALUE, value: 5, low: 4, high: 6 }], 'worse'],
  ['a row that was not there', [], [ROW], 'not comparable'],
  ['a row that is gone', [ROW], [], 'not comparable'],
  ['a row without a figure', [ABSENT], [{ ...ROW, engine: 'native' }], 'not comparable'],
  ['another number of objects', [ROW], [{ ...ROW, scaledTo: 5 }], 'not comparable'],
];

for (const [about, before, after, verdict] of CHANGES) {
  test(`compared: ${about} is ${verdict}`, (t) => {
    const changes = compareResults(results(...before), results(...after));
    t.deepEqual(
      changes.map(({ verdict }) => verdict),
      [verdict],
    );
    t.true(formatChanges(changes).startsWith(`${verdict}: get/bytes-2k`));
  });
}

test('engines are compared each with itself, and A/A rows not at all', (t) => {
  const before = results(ROW, { ...ROW, engine: 'native', ratio: 20, low: 19, high: 21 });
  const after = results({ ...ROW, engine: 'native', ratio: 20, low: 19, high: 21 }, ROW, {
    ...ROW,
    against: ITSELF,
  });
  t.deepEqual(
    compareResults(before, after).map(({ engine, change }) => [engine, change]),
    [
      ['javascript', 1],
      ['native', 1],
    ],
  );
});
