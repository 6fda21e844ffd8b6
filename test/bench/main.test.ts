import test from 'ava';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describeMachine } from '../../bench/machine.js';
import { saveResults } from '../../bench/results.js';
import type { MeasuredRow } from '../../bench/row.js';
import { type CommandResult, run } from '../witness/command.js';

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

const ROW: MeasuredRow = {
  case: 'get/bytes-2k',
  against: 'stringify',
  engine: 'native',
  machine: 'a machine',
  ratio: 5,
  unit: 'x',
  low: 4,
  high: 6,
  samples: 10,
  noise: 0.03,
  ours: 1,
  theirs: 5,
  figureUnit: 'us',
  others: 0,
};

function bench(...args: string[]): Promise<CommandResult> {
  return run(process.execPath, [MAIN, ...args]);
}

test('saved runs are compared, in words or as JSON', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'compare-'));
  const base = { measuredAt: '2026-01-02T03:04:05Z', machine: describeMachine(), samples: [] };
  const save = (name: string, rows: readonly MeasuredRow[]): string =>
    saveResults(name, { ...base, quick: false, rows }, folder);
  const files = [save('before', [ROW]), save('after', [{ ...ROW, ratio: 9, low: 8, high: 10 }])];
  try {
    const words = await bench('compare', ...files);
    t.is(
      words.stdout,
      'better: get/bytes-2k against stringify, native: 5.00x -> 9.00x (1.80 times)\n',
    );
    const json = await bench('compare', ...files, '--json');
    t.like(JSON.parse(json.stdout), { case: 'get/bytes-2k', change: 1.8, verdict: 'better' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const args of [
  ['compare', 'missing.json', 'missing.json'],
  ['charts', 'bench/results/missing.json'],
]) {
  test(`${args[0]}: a file that is not there is one line, and exit code 1`, async (t) => {
    const { code, stdout, stderr } = await bench(...args);
    t.is(code, 1);
    t.is(stdout, '');
    t.regex(stderr, /^\S*missing\.json holds no results\n$/);
  });
}

test('a wrong command line is told with the usage, and exit code 2', async (t) => {
  const { code, stderr } = await bench('--save');
  t.is(code, 2);
  t.regex(stderr, /argument missing[^]*npm run bench/);
});

test('a name that no case has is exit code 2, before anything is measured', async (t) => {
  const { code, stderr } = await bench('nothing/');
  t.is(code, 2);
  t.is(stderr, 'no case begins with nothing/\n');
});
