import test from 'ava';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describeMachine } from '../../bench/machine.js';
import { readResults, type Results, saveResults } from '../../bench/results.js';
import type { Row } from '../../bench/row.js';

const ROW: Row = {
  case: 'get/bytes-2k',
  against: 'stringify',
  engine: 'native',
  machine: 'a machine',
  status: 'not there yet',
  reason: 'it was not built',
};

const RESULTS: Results = {
  measuredAt: '2026-01-02T03:04:05.678Z',
  machine: describeMachine(),
  quick: true,
  rows: [ROW, { ...ROW, engine: 'javascript' }],
  samples: [
    { trial: 'get', operation: 'get', rounds: [{ native: { wallUs: 1.5 } }, { native: {} }] },
  ],
};

let folder: string;

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'results-'));
});

test.afterEach.always(() => {
  rmSync(folder, { recursive: true });
});

test.serial('results are read as they were saved, machine and versions with them', (t) => {
  const path = saveResults('before', RESULTS, join(folder, 'new'));
  t.is(path, join(folder, 'new', 'before.json'));
  t.deepEqual(readResults(path), RESULTS);
  t.is(readResults(path).machine.versions.node, process.versions.node);
});

test.serial('a later save of the same name replaces the earlier one', (t) => {
  saveResults('before', RESULTS, folder);
  t.deepEqual(readResults(saveResults('before', { ...RESULTS, rows: [] }, folder)).rows, []);
});

test.serial('each row is a line of its own', (t) => {
  const lines = readFileSync(saveResults('before', RESULTS, folder), 'utf8').split('\n');
  t.is(lines.filter((line) => line.startsWith('{"case":')).length, 2);
});

for (const [about, text] of [
  ['no JSON', 'rows'],
  ['JSON without rows', '{}'],
] as const) {
  test.serial(`refused, with the file's name: ${about}`, (t) => {
    const path = join(folder, 'a.json');
    writeFileSync(path, text);
    t.throws(() => readResults(path), { message: `${path} holds no results` });
  });
}
