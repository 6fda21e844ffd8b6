/** What passes for a planted fault that was reported: a blind sanitizer must not. */

import test from 'ava';

import { loadScript } from './script.js';

interface Ending {
  readonly code: number;
  readonly output: string;
}

const { isAsExpected } = await loadScript<{
  isAsExpected: (ending: Ending, report: RegExp | undefined) => boolean;
}>('scripts/planted.mjs');

const RACE = /ThreadSanitizer: data race[^]*PlantRace/;
const TOLD = 'WARNING: ThreadSanitizer: data race (pid=1)\n  #0 shardwatch::planted::PlantRace()';

const CASES: readonly (readonly [
  about: string,
  ending: Ending,
  report: RegExp | undefined,
  isGood: boolean,
])[] = [
  ['the fault is reported', { code: 66, output: TOLD }, RACE, true],
  ['nothing is reported', { code: 0, output: '' }, RACE, false],
  ['the program fails without a report', { code: 1, output: 'no such file' }, RACE, false],
  ['a report does not fail the program', { code: 0, output: TOLD }, RACE, false],
  ['a race elsewhere', { code: 66, output: 'ThreadSanitizer: data race #0 Other()' }, RACE, false],
  ['another fault', { code: 66, output: 'ThreadSanitizer: SEGV PlantRace' }, RACE, false],
  ['no fault and no report', { code: 0, output: 'done' }, undefined, true],
  ['a report without a fault', { code: 0, output: TOLD }, undefined, false],
  ['no fault, but the program fails', { code: 1, output: '' }, undefined, false],
];

for (const [about, ending, report, isGood] of CASES) {
  test(`planted faults: ${about}`, (t) => {
    t.is(isAsExpected(ending, report), isGood);
  });
}
