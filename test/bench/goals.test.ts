import test from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { goalText, judge, parseGoals } from '../../bench/goals.js';
import { ROOT } from '../../bench/machine.js';
import type { Row } from '../../bench/row.js';

const HEADER = 'case\tagainst\tkind\tgoal\tunit\tstage\tprototype\tmeaning';

const REACHABLE = `${HEADER}
list/full-1k\tstringify\tratio\t>=30\tx\t1\t33-66\tLIST of 1 000
list/loop-delay-10k\tlimit\tvalue\t<=3\tms\t1\t1.7\tlongest delay
memory/churn-500k-delay-p99-fallback\tnative\tvalue\t<=1.5\tx\t1\t1.0\tover native
`;

test('goals are read from their file', (t) => {
  const [first, second] = parseGoals(REACHABLE);
  t.deepEqual(first, {
    case: 'list/full-1k',
    against: 'stringify',
    kind: 'ratio',
    comparison: '>=',
    bound: 30,
    unit: 'x',
    stage: 1,
    meaning: 'LIST of 1 000',
  });
  t.is(goalText(first!), '>= 30x');
  t.is(goalText(second!), '<= 3 ms');
});

test("the project's own goals can be read", (t) => {
  const goals = parseGoals(readFileSync(join(ROOT, 'bench', 'goals.tsv'), 'utf8'));
  t.true(goals.length > 50);
});

const BROKEN: readonly (readonly [about: string, text: string, message: RegExp])[] = [
  ['other columns', 'case\tgoal\n', /columns/],
  ['a goal that is none', `${HEADER}\na\tb\tratio\tabout 3\tx\t1\t\t`, /line 2: goal about 3/],
  ['a kind that is none', `${HEADER}\na\tb\tfast\t>=3\tx\t1\t\t`, /line 2: kind fast/],
  ['a stage that is none', `${HEADER}\na\tb\tratio\t>=3\tx\tsoon\t\t`, /line 2: stage soon/],
  ['no unit', `${HEADER}\na\tb\tratio\t>=3\t\t1\t\t`, /line 2: .*unit/],
  ['the same twice', `${HEADER}\na\tb\tratio\t>=3\tx\t1\t\t\na\tb\tratio\t>=4\tx\t1\t\t`, /twice/],
];

for (const [about, text, message] of BROKEN) {
  test(`goals with ${about} are refused`, (t) => {
    t.throws(() => parseGoals(text), { message });
  });
}

function row(changes: Partial<Row>): Row {
  return {
    case: 'list/full-1k',
    against: 'stringify',
    engine: 'native',
    machine: 'a machine',
    ratio: 35,
    unit: 'x',
    low: 34,
    high: 36,
    samples: 10,
    noise: 0.02,
    ours: 1,
    theirs: 35,
    figureUnit: 'us',
    others: 0,
    ...changes,
  } as Row;
}

const delay = (value: number): Row => {
  const { ratio: _, ...rest } = row({ case: 'list/loop-delay-10k', against: 'limit' }) as Row & {
    ratio: number;
  };
  return { ...rest, value, unit: 'ms' } as Row;
};

const JUDGED: readonly (readonly [about: string, goal: number, rows: Row[], result: string])[] = [
  ['a ratio above its goal', 0, [row({})], 'reached'],
  ['a ratio at its goal', 0, [row({ ratio: 30 })], 'reached'],
  ['a ratio below its goal', 0, [row({ ratio: 29 })], 'short'],
  ['a value below its limit', 1, [delay(2.9)], 'reached'],
  ['a value above its limit', 1, [delay(3.1)], 'short'],
  ['the figure of the other engine', 0, [row({ engine: 'javascript' })], 'short'],
  ['the figure against another', 0, [row({ against: 'buffers' })], 'short'],
  ['nothing', 0, [], 'short'],
  ['fewer objects than it is about', 0, [row({ scaledTo: 100 })], 'not judged'],
  [
    'an engine that is not there',
    0,
    [{ ...pick(row({})), status: 'not there yet', reason: 'not built' }],
    'short',
  ],
  ['a busy machine', 0, [{ ...pick(row({})), status: 'unmeasurable', reason: 'busy' }], 'short'],
];

function pick({
  case: name,
  against,
  engine,
  machine,
}: Row): Pick<Row, 'case' | 'against' | 'engine' | 'machine'> {
  return { case: name, against, engine, machine };
}

for (const [about, index, rows, result] of JUDGED) {
  test(`a goal and ${about}: ${result}`, (t) => {
    const goal = parseGoals(REACHABLE)[index]!;
    const [verdict] = judge([goal], rows);
    t.is(verdict?.result as string, result, verdict?.reason);
    t.not(verdict?.reason, '');
  });
}

test('a goal of the fallback is about the JavaScript engine', (t) => {
  const goal = parseGoals(REACHABLE)[2]!;
  const { ratio: _, ...rest } = row({ case: goal.case, against: 'native' }) as Row & {
    ratio: number;
  };
  const measured = { ...rest, engine: 'javascript', value: 1.2 } as Row;
  t.is(judge([goal], [measured])[0]?.result, 'reached');
});

test('who names an engine has all goals held against that one', (t) => {
  const goal = parseGoals(REACHABLE)[0]!;
  const rows = [row({ ratio: 5, engine: 'javascript' }), row({ ratio: 50 })];
  t.is(judge([goal], rows)[0]?.result, 'reached');
  t.is(judge([goal], rows, 'javascript')[0]?.result, 'short');
});
