import test from 'ava';

import type { Contender } from '../../bench/contender.js';
import { run, type RunOptions, type RunResult } from '../../bench/run.js';
import type { Trial } from '../../bench/trials/contract.js';

const SIZE = { objects: 10, objectBytes: 100, updates: 0 };

function trial(name: string): Trial {
  const effort = { size: SIZE, sets: 1, rounds: 10, budgetMs: 1 };
  const row = { operation: 'all', metric: 'wallUs', metricUnit: 'us', rival: 'objects' };
  return {
    name,
    full: effort,
    quick: effort,
    engine: () => ({}),
    rivals: { objects: () => ({}) },
    rows: [{ kind: 'ratio', case: name, against: 'objects', ...row }],
  };
}

function contender(wallUs: number): Contender {
  return {
    pid: 0,
    operations: ['all'],
    digest: async () => 'same',
    sample: async () => ({ wallUs }),
    close: () => {},
  };
}

function options(changes: Partial<RunOptions> = {}): RunOptions {
  return {
    trials: [trial('list/tiny'), trial('get/tiny')],
    names: [],
    quick: false,
    engine: 'javascript',
    othersMax: undefined,
    machine: 'a machine',
    launch: async (spec) => contender(spec.contender === 'engine' ? 2 : 6),
    readLoad: () => undefined,
    say: () => {},
    onRows: () => {},
    ...changes,
  };
}

test('a row is their median over ours', async (t) => {
  const { rows } = await run(options({ names: ['list/'] }));
  t.like(rows[0], { case: 'list/tiny', against: 'objects', engine: 'javascript', ratio: 3 });
});

test('what is known is told after every trial', async (t) => {
  const seen: (readonly [rows: number, samples: number])[] = [];
  const note = ({ rows, samples }: RunResult): void => {
    seen.push([rows.length, samples.length]);
  };
  const { rows, samples } = await run(options({ onResult: note }));
  // A row and its A/A row each.
  t.deepEqual(seen, [
    [2, 1],
    [4, 2],
  ]);
  t.deepEqual(seen.at(-1), [rows.length, samples.length]);
});
