import test from 'ava';

import { ITSELF, type Outcome, type Round } from '../../bench/measure.js';
import { isMeasured, makeNoiseRow, makeRow, type Row, type RowContext } from '../../bench/row.js';
import type { RowPlan, Sample } from '../../bench/trials/contract.js';

const CONTEXT: RowContext = {
  machine: 'a machine',
  engines: ['native', 'javascript'],
  missing: new Map(),
};

const RATIO: RowPlan = {
  kind: 'ratio',
  case: 'list/full-1k',
  against: 'stringify',
  rival: 'objects',
  operation: 'full',
  metric: 'wallUs',
  metricUnit: 'us',
};
const { rival: _, ...BASE } = RATIO;
const VALUE: RowPlan = { ...BASE, kind: 'value', against: 'limit', metricUnit: 'ms' };
const ENGINES: RowPlan = { ...BASE, kind: 'engines', against: 'native' };

function outcome(samples: Readonly<Record<string, Sample>>, others = 0.1): Outcome {
  const rounds: Round[] = Array.from({ length: 10 }, () => new Map(Object.entries(samples)));
  return { type: 'measured', rounds, others };
}

const MEASURED = outcome({
  native: { wallUs: 10, cpuUs: 20 },
  javascript: { wallUs: 40, cpuUs: 80 },
  objects: { wallUs: 100, cpuUs: 100 },
  [ITSELF]: { wallUs: 11, cpuUs: 20 },
});

test('a ratio row has every field of the JSON form', (t) => {
  t.deepEqual(JSON.parse(JSON.stringify(makeRow(RATIO, MEASURED, 'native', CONTEXT))), {
    case: 'list/full-1k',
    against: 'stringify',
    engine: 'native',
    machine: 'a machine',
    ratio: 10,
    unit: 'x',
    low: 10,
    high: 10,
    samples: 10,
    noise: 0.10000000000000009,
    ours: 10,
    theirs: 100,
    figureUnit: 'us',
    cpuRatio: 5,
    others: 0.1,
  });
});

test('each engine has its own figures', (t) => {
  const row = makeRow(RATIO, MEASURED, 'javascript', CONTEXT);
  t.true(isMeasured(row));
  if (!isMeasured(row)) return;
  t.is(row.ratio, 2.5);
  t.is(row.cpuRatio, 1.25);
});

test('a ratio is paired: what slows a whole round down does not show', (t) => {
  const rounds: Round[] = Array.from({ length: 10 }, (_, round) => {
    const slow = round % 2 === 0 ? 7 : 1;
    return new Map([
      ['native', { wallUs: 10 * slow }],
      ['javascript', { wallUs: 10 * slow }],
      ['objects', { wallUs: 30 * slow }],
      [ITSELF, { wallUs: 10 * slow }],
    ]);
  });
  const row = makeRow(RATIO, { type: 'measured', rounds, others: 0 }, 'native', CONTEXT);
  t.true(isMeasured(row) && row.ratio === 3 && row.low === 3 && row.high === 3);
});

test('a value row has a value with its unit and no ratio', (t) => {
  const row = makeRow(VALUE, MEASURED, 'native', CONTEXT);
  t.true(isMeasured(row));
  if (!isMeasured(row)) return;
  t.is(row.value, 10);
  t.is(row.unit, 'ms');
  t.false('ratio' in row);
  t.false('theirs' in row);
});

test('a row about both engines is one over the other', (t) => {
  const row = makeRow(ENGINES, MEASURED, 'javascript', CONTEXT);
  t.true(isMeasured(row) && row.value === 4 && row.unit === 'x');
});

test('where there is no CPU time to compare there is no CPU ratio', (t) => {
  const measured = outcome({
    native: { wallUs: 1 },
    objects: { wallUs: 1 },
    [ITSELF]: { wallUs: 1 },
  });
  t.false('cpuRatio' in makeRow(RATIO, measured, 'native', CONTEXT));
});

test('a ratio to 0 is unmeasurable, not endless', (t) => {
  const contenders = { objects: { wallUs: 1 }, [ITSELF]: { wallUs: 1 } };
  const measured = outcome({ native: { wallUs: 0 }, ...contenders });
  t.like(makeRow(RATIO, measured, 'native', CONTEXT), { status: 'unmeasurable' });
  t.like(makeNoiseRow(RATIO, measured, CONTEXT), { status: 'unmeasurable' });
  const without = outcome({ native: {}, ...contenders });
  t.like(makeRow(RATIO, without, 'native', CONTEXT), { status: 'unmeasurable' });
});

test('noise comes from the metric that is never 0, where there is one', (t) => {
  const measured = outcome({
    native: { delayMs: 0, busyMs: 2 },
    [ITSELF]: { delayMs: 0, busyMs: 3 },
  });
  const plan: RowPlan = { ...VALUE, metric: 'delayMs', noiseMetric: 'busyMs' };
  const row = makeRow(plan, measured, 'native', CONTEXT);
  t.true(isMeasured(row) && row.value === 0 && row.noise === 0.5);
});

test('the A/A row compares the default engine with itself', (t) => {
  const row = makeNoiseRow(RATIO, MEASURED, CONTEXT);
  t.true(row !== undefined && isMeasured(row) && row.against === ITSELF && row.ratio === 1.1);
  t.is(row?.engine, 'native');
});

const ONE_ENGINE: RowContext = {
  machine: 'a machine',
  engines: ['javascript'],
  missing: new Map([['native', 'it was not built']]),
};

const NO_RIVAL = new Map([['objects', 'no compiler']]);

const ABSENT: readonly (readonly [about: string, () => Row, status: string, reason: RegExp])[] = [
  [
    'an engine that is not there',
    () => makeRow(RATIO, MEASURED, 'native', ONE_ENGINE),
    'not there yet',
    /it was not built/,
  ],
  [
    'a rival that is not there',
    () => makeRow(RATIO, MEASURED, 'native', { ...CONTEXT, missing: NO_RIVAL }),
    'not there yet',
    /no compiler/,
  ],
  [
    'a row about both engines where one is not there',
    () => makeRow(ENGINES, MEASURED, 'javascript', ONE_ENGINE),
    'not there yet',
    /it was not built/,
  ],
  [
    'a busy machine',
    () => makeRow(RATIO, { type: 'unmeasurable', reason: 'busy' }, 'native', CONTEXT),
    'unmeasurable',
    /busy/,
  ],
  [
    'results that differ',
    () => makeRow(RATIO, { type: 'refused', reason: 'differ' }, 'native', CONTEXT),
    'refused',
    /differ/,
  ],
];

for (const [about, make, status, reason] of ABSENT) {
  test(`${about}: no number, and why`, (t) => {
    const row = make();
    t.false(isMeasured(row));
    if (isMeasured(row)) return;
    t.is(row.status as string, status);
    t.regex(row.reason, reason);
    t.deepEqual(Object.keys(row).sort(), [
      'against',
      'case',
      'engine',
      'machine',
      'reason',
      'status',
    ]);
  });
}

test('fewer objects than the name says are told', (t) => {
  const row = makeRow(RATIO, MEASURED, 'native', { ...CONTEXT, scaledTo: 500 });
  t.true(isMeasured(row) && row.scaledTo === 500);
});
