import test from 'ava';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseGoals } from '../../bench/goals.js';
import { describeMachine, ROOT } from '../../bench/machine.js';
import { ITSELF } from '../../bench/measure.js';
import {
  makeReport,
  readSection,
  readSources,
  replaceSection,
  sectionOf,
  type Sources,
  sourcesOf,
  UNMEASURED,
  writeReport,
} from '../../bench/report.js';
import type { Results } from '../../bench/results.js';
import type { MeasuredRow, Row } from '../../bench/row.js';

const GOALS = parseGoals(readFileSync(join(ROOT, 'bench', 'goals.tsv'), 'utf8'));

const SOURCE = 'bench/results/a.json';

const LOST: MeasuredRow = {
  case: 'list/full-10k',
  against: 'memcpy',
  engine: 'native',
  machine: 'a machine',
  ratio: 0.4,
  unit: 'x',
  low: 0.3,
  high: 0.5,
  samples: 10,
  noise: 0.03,
  ours: 100,
  theirs: 40,
  figureUnit: 'us',
  others: 0,
};
const WON: MeasuredRow = { ...LOST, against: 'stringify', ratio: 400, low: 390, high: 410 };
const ABSENT: Row = {
  case: 'get/bytes-2k',
  against: 'stringify',
  engine: 'native',
  machine: 'a machine',
  status: 'unmeasurable',
  reason: 'a | b',
};

function results(...rows: Row[]): Results {
  const machine = { ...describeMachine(), commit: 'abc1234' };
  return { measuredAt: '2026-01-02T03:04:05.678Z', machine, quick: false, rows, samples: [] };
}

function sources(...rows: Row[]): Sources {
  return new Map([[SOURCE, results(...rows)]]);
}

async function sections(...rows: Row[]): Promise<{ page: string; readme: string }> {
  const report = await makeReport(sources(...rows), GOALS);
  const page = report.sections.get('docs/benchmarks.md') ?? '';
  return { page, readme: report.sections.get('README.md') ?? '' };
}

test('a table has every row: won, lost, short of its goal, and without a figure', async (t) => {
  const { page } = await sections(WON, LOST, ABSENT);
  t.regex(
    page,
    /^\| list\/full-10k \| stringify \| native \| 400x \| 390 to 410 \| won \|.*>= \d+x \|$/m,
  );
  t.regex(page, /^\| list\/full-10k \| memcpy \| native \| 0.4x .* lost .* >= 0.5x, short \|$/m);
  t.regex(page, /^\| get\/bytes-2k \| stringify \| native \| unmeasurable: a \\\| b \|/m);
});

test('all lines of a table have as many cells', async (t) => {
  const { page } = await sections(WON, LOST, ABSENT);
  const lines = page.split('\n').filter((line) => line.startsWith('|'));
  t.is(lines.length, 2 * 2 + 3);
  t.is(new Set(lines.map((line) => line.split(/(?<!\\)\|/).length)).size, 1);
});

test('machine, date, commit, file and the count of what was won and lost are told', async (t) => {
  const { page, readme } = await sections(WON, LOST, ABSENT);
  const texts = [
    '2026-01-02',
    'abc1234',
    process.version.slice(1),
    'won 1, even 0, lost 1; no figure 1',
    'bench/results/a.json',
  ];
  for (const text of texts) {
    t.true(page.includes(text), text);
    t.true(readme.includes(text), text);
  }
});

test('a quick run is called one', async (t) => {
  const report = await makeReport(new Map([[SOURCE, { ...results(WON), quick: true }]]), GOALS);
  t.regex(report.sections.get('README.md') ?? '', /with `--quick`/);
});

test('a picture is linked where there is one, and drawn where it is linked', async (t) => {
  const report = await makeReport(sources(WON, ABSENT), GOALS);
  t.deepEqual([...report.figures.keys()], ['docs/figures/overview.svg', 'docs/figures/list.svg']);
  const page = report.sections.get('docs/benchmarks.md') ?? '';
  t.deepEqual(
    [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path),
    ['figures/list.svg'],
  );
  t.true((report.sections.get('README.md') ?? '').includes('](docs/figures/overview.svg)'));
});

test('the overview has every ratio of the native engine', async (t) => {
  const rows = [WON, LOST, { ...WON, engine: 'javascript' as const, ratio: 20 }];
  const svg = (await makeReport(sources(...rows), GOALS)).figures.get('docs/figures/overview.svg');
  t.regex(svg ?? '', /against stringify, native: 400x, won/);
  t.regex(svg ?? '', /against memcpy, native: 0.4x, lost/);
  t.notRegex(svg ?? '', /javascript/);
});

test('A/A rows are in no table', async (t) => {
  t.deepEqual(await sections(WON, { ...WON, against: ITSELF }), await sections(WON));
});

test('of two files the later one counts, and both are named', async (t) => {
  const [before, after] = [results(WON, LOST), results({ ...LOST, ratio: 2, low: 2, high: 2 })];
  const other = { ...after, measuredAt: '2026-02-03T03:04:05.678Z' };
  const both = new Map([
    [SOURCE, before],
    ['bench/results/b.json', other],
  ]);
  const page = (await makeReport(both, GOALS)).sections.get('docs/benchmarks.md') ?? '';
  t.regex(page, /^\| list\/full-10k \| memcpy \| native \| 2x /m);
  t.notRegex(page, /lost \|/);
  t.is(page.split('\n').filter((line) => line.startsWith('| list/')).length, 2);
  t.true(page.includes('2026-01-02') && page.includes('2026-02-03'));
  t.deepEqual(sourcesOf(page), [...both.keys()]);
});

test('a section takes the place of the one before, and nothing else changes', async (t) => {
  const { page } = await sections(WON);
  const before = `# A\n\n${sectionOf([], ['old'])}\n\n## B\n`;
  const after = replaceSection(before, page);
  t.is(after, `# A\n\n${page}\n\n## B\n`);
  t.deepEqual(sourcesOf(after), [SOURCE]);
  t.deepEqual(sourcesOf(before), []);
  t.throws(() => replaceSection('# A\n', page), { message: /no markers/ });
});

test('results from outside of bench/results are refused', async (t) => {
  await t.throwsAsync(writeReport([join(ROOT, 'package.json')], GOALS), {
    message: /is not in bench\/results/,
  });
});

// What is committed: no figure is written by hand, and none is left behind.
const DOCUMENTS = ['docs/benchmarks.md', 'README.md'];

for (const document of DOCUMENTS) {
  test(`${document} and its pictures are what the results it names give`, async (t) => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    const sources = sourcesOf(text);
    if (sources.length === 0) {
      t.is(readSection(text), UNMEASURED);
      t.false(existsSync(join(ROOT, 'docs', 'figures')));
      return;
    }
    const { sections, figures } = await makeReport(readSources(sources), GOALS);
    t.is(readSection(text), sections.get(document) ?? '');
    const names = readdirSync(join(ROOT, 'docs', 'figures')).map((name) => `docs/figures/${name}`);
    t.deepEqual(names.toSorted(), [...figures.keys()].toSorted());
    for (const [path, svg] of figures) t.is(readFileSync(join(ROOT, path), 'utf8'), svg, path);
  });
}
