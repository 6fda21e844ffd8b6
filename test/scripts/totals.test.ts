/**
 * What `npm test` counts: the totals of ava's and ctest's output, and that nothing that went wrong
 * is ever counted as passed.
 */

import test from 'ava';

import { loadScript } from './script.js';

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
  write(text: string): void;
  end(code: number | string): void;
}

const { TapTally } = await loadScript<{
  TapTally: new (onFailure?: (line: string) => void) => Tally;
}>('scripts/tap.mjs');
const { readCtest } = await loadScript<{
  readCtest: (output: string, code: number) => { passed: number; failed: number };
}>('scripts/native.mjs');

const PLAN = (tests: number): string => `\n1..${tests}\n# tests ${tests}\n`;

interface TapCase {
  readonly text: string;
  readonly code?: number | string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped?: readonly string[];
}

const TAP: { readonly [about: string]: TapCase } = {
  'all passed': { text: `TAP version 13\nok 1 - a\nok 2 - b › c${PLAN(2)}`, passed: 2, failed: 0 },
  'one failed': {
    text: `ok 1 - a\nnot ok 2 - b\n  ---\n    message: ok 3 - inside\n  ...${PLAN(2)}`,
    code: 1,
    passed: 1,
    failed: 1,
  },
  'a skipped test is in neither number': {
    text: `ok 1 - a\nok 2 - later # SKIP${PLAN(2)}`,
    passed: 1,
    failed: 0,
    skipped: ['later'],
  },
  'a to-do test is in neither number': {
    text: `ok 1 - a\nnot ok 2 - some day # TODO${PLAN(2)}`,
    passed: 1,
    failed: 0,
    skipped: ['some day'],
  },
  'a crash reports beyond the plan': {
    text: `ok 1 - a\nnot ok 2 - boom${PLAN(1)}`,
    code: 1,
    passed: 1,
    failed: 1,
  },
  'a test that never reported': { text: `ok 1 - a${PLAN(3)}`, code: 1, passed: 1, failed: 2 },
  'no test at all': { text: `TAP version 13\n${PLAN(0)}`, passed: 0, failed: 1 },
  'no output at all': { text: '', code: 'SIGKILL', passed: 0, failed: 1 },
  'killed in the middle': { text: 'ok 1 - a\nok 2 - b\n', code: 'SIGKILL', passed: 2, failed: 1 },
  'a bad exit that no test explains': { text: `ok 1 - a${PLAN(1)}`, code: 1, passed: 1, failed: 1 },
  'output of tests that looks like results': {
    text: `#   ok 7 - logged\n    ok 8 - indented\nok 1 - a${PLAN(1)}`,
    passed: 1,
    failed: 0,
  },
};

for (const [about, { text, code = 0, passed, failed, skipped = [] }] of Object.entries(TAP)) {
  test(`TAP: ${about}`, (t) => {
    // However the output is cut into pieces.
    for (const size of [text.length + 1, 7, 1]) {
      const tally = new TapTally();
      for (let at = 0; at < text.length; at += size) tally.write(text.slice(at, at + size));
      tally.end(code);
      t.deepEqual([tally.passed, tally.failed, tally.skipped], [passed, failed, skipped]);
    }
  });
}

test('TAP: a failure is told with its details, a pass is not', (t) => {
  const told: string[] = [];
  const tally = new TapTally((line) => told.push(line));
  tally.write(`ok 1 - a\nnot ok 2 - b\n  ---\n    message: why\n  ...\nok 3 - c${PLAN(3)}`);
  tally.end(1);
  t.deepEqual(told, ['not ok 2 - b', '  ---', '    message: why', '  ...']);
});

const CTEST: { readonly [about: string]: readonly [string, number, number, number] } = {
  'all passed': ['100% tests passed, 0 tests failed out of 21\n', 0, 21, 0],
  'some failed': ['90% tests passed, 2 tests failed out of 21\n', 8, 19, 2],
  'no totals': ['No tests were found!!!\n', 1, 0, 1],
  'no totals and no complaint': ['', 0, 0, 1],
  'a bad exit that no test explains': ['100% tests passed, 0 tests failed out of 21\n', 1, 21, 1],
};

for (const [about, [output, code, passed, failed]] of Object.entries(CTEST)) {
  test(`ctest: ${about}`, (t) => {
    t.deepEqual(readCtest(output, code), { passed, failed });
  });
}
