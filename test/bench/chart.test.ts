import test from 'ava';

import { drawChart } from '../../bench/chart.js';
import { parseGoals } from '../../bench/goals.js';
import { ITSELF } from '../../bench/measure.js';
import type { MeasuredRow, Row } from '../../bench/row.js';

const GOALS = parseGoals(
  'case\tagainst\tkind\tgoal\tunit\tstage\tprototype\tmeaning\n' +
    'list/full-10k\tstringify\tratio\t>=30\tx\t1\t\t\n',
);

function ratioRow(against: string, ratio: number, low: number, high: number): MeasuredRow {
  return {
    case: 'list/full-10k',
    against,
    engine: 'native',
    machine: 'a machine',
    ratio,
    unit: 'x',
    low,
    high,
    samples: 10,
    noise: 0.03,
    ours: 1,
    theirs: ratio,
    figureUnit: 'us',
    others: 0,
  };
}

const WON = ratioRow('stringify', 45, 42, 48);
const LOST = ratioRow('memcpy', 0.66, 0.6, 0.7);
const EVEN = ratioRow('buffers', 1, 0.9, 1.1);

/** Where on the axis a mark of that description is, in pixels. */
function positionOf(svg: string, description: string): number {
  const label = `<path aria-label="${description}" [^>]*? transform="translate\\(([\\d.-]+),`;
  return Number(new RegExp(label).exec(svg)?.[1]);
}

/** Where the line at 1 is: the only line as high as the plot. */
function positionOfOne(svg: string): number {
  return Number(/<line transform="translate\(([\d.]+),0\)" x2="0" y2="\d+" /.exec(rules(svg))?.[1]);
}

function rules(svg: string): string {
  return svg.slice(svg.indexOf('mark-rule role-mark'));
}

test('the same rows make the same text', async (t) => {
  const rows = [WON, LOST, EVEN];
  const svg = await drawChart('LIST', rows, GOALS);
  t.is(await drawChart('LIST', rows, GOALS), svg);
  t.true(svg.startsWith('<svg '));
  t.notRegex(svg, /\d\.\d{3}/);
});

test('what is lost stands left of the line at 1, what is won right of it', async (t) => {
  const svg = await drawChart('LIST', [WON, LOST, EVEN], GOALS);
  const one = positionOfOne(svg);
  t.true(positionOf(svg, 'list/full-10k against memcpy, native: 0.66x, lost') < one);
  t.true(positionOf(svg, 'list/full-10k against stringify, native: 45x, won') > one);
  t.is(positionOf(svg, 'list/full-10k against buffers, native: 1x, even'), one);
});

test('the axis is logarithmic', async (t) => {
  const rows = [0.1, 1, 10].map((ratio) => ratioRow(`rival-${ratio}`, ratio, ratio, ratio));
  const svg = await drawChart('LIST', rows, []);
  const [left = NaN, middle = NaN, right = NaN] = rows.map(({ against, ratio }) => {
    const result = ratio === 1 ? 'even' : (ratio ?? 0) > 1 ? 'won' : 'lost';
    return positionOf(svg, `list/full-10k against ${against}, native: ${ratio}x, ${result}`);
  });
  t.true(middle > left);
  t.true(Math.abs(right - middle - (middle - left)) < 0.1);
});

test('an interval is drawn from its low to its high end', async (t) => {
  const ends = [ratioRow('low', 2, 2, 2), ratioRow('high', 8, 8, 8)];
  const svg = await drawChart('LIST', [...ends, ratioRow('memcpy', 4, 2, 8)], []);
  const low = positionOf(svg, 'list/full-10k against low, native: 2x, won');
  const high = positionOf(svg, 'list/full-10k against high, native: 8x, won');
  const lengths = [
    ...rules(svg).matchAll(/<line transform="translate\(([\d.]+),[\d.]+\)" x2="(-?[\d.]+)"/g),
  ];
  t.true(
    lengths.some(([, x, length]) => {
      const [from, to] = [Number(x), Number(x) + Number(length)].toSorted((a, b) => a - b);
      return Math.abs((from ?? NaN) - low) < 0.1 && Math.abs((to ?? NaN) - high) < 0.1;
    }),
  );
});

test('a goal is a tick of the engine that it is about', async (t) => {
  const goal = 'goal of list/full-10k against stringify: 30x';
  t.true((await drawChart('LIST', [WON], GOALS)).includes(goal));
  const javascript: Row = { ...WON, engine: 'javascript' };
  t.false((await drawChart('LIST', [javascript], GOALS)).includes(goal));
});

test('a goal right behind an interval does not cross its text', async (t) => {
  const textAt = async (high: number): Promise<number> => {
    const svg = await drawChart('LIST', [{ ...WON, ratio: 20, low: 20, high }], GOALS);
    return Number(/translate\(([\d.]+),[\d.]+\)"[^>]*>20x</.exec(svg)?.[1]);
  };
  const goal = await textAt(30);
  t.is(await textAt(25), goal);
  t.not(await textAt(15), goal);
});

test('rows that are no ratio are not drawn', async (t) => {
  const { ratio: _, ...base } = WON;
  const absent = { status: 'unmeasurable', reason: 'others' } as const;
  const others: Row[] = [
    { ...base, against: 'limit', value: 2, unit: 'ms' },
    { case: 'list/full-1k', against: 'stringify', engine: 'native', machine: '', ...absent },
    { ...WON, against: ITSELF },
  ];
  t.is(await drawChart('LIST', [WON, ...others], GOALS), await drawChart('LIST', [WON], GOALS));
});
