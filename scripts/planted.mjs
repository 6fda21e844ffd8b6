/**
 * Sees to it that a sanitizer sees: each fault of test/native/planted is made, in a program and in
 * an addon that Node loads as it loads the real one, and has to be reported.
 *
 *  1. A report counts if it is of the fault's kind and names the function that made it, and if the
 *     process ends with an error.
 *  2. `none` makes no fault, and then nothing may be reported: the report comes of the fault.
 */

import { join } from 'node:path';

import { say } from './project.mjs';
import { run, runNode, tail } from './run.mjs';

const FAULTS = {
  address: {
    none: undefined,
    overflow: /AddressSanitizer: heap-buffer-overflow[^]*PlantOverflow/,
    leak: /LeakSanitizer: detected memory leaks[^]*PlantLeak/,
    undefined: /runtime error: signed integer overflow[^]*PlantUndefined/,
  },
  thread: {
    none: undefined,
    race: /ThreadSanitizer: data race[^]*PlantRace/,
  },
};

const REPORT = /Sanitizer|runtime error:/;

const TIMEOUT_MS = 60_000;

/** Loads the addon (the first argument) and makes the fault (the second). */
const LOAD = 'if (!require(process.argv[1]).plant(process.argv[2])) process.exit(2);';

/**
 * `programEnv` is what programs run with under that sanitizer, `addonEnv` what Node does that loads
 * an addon. Resolves to `{ passed, failed }`.
 */
export async function checkPlanted(sanitizer, { folder, programEnv, addonEnv }) {
  const places = {
    'a program': (fault) =>
      run(join(folder, 'planted_faults'), [fault], { env: programEnv, timeoutMs: TIMEOUT_MS }),
    'an addon': (fault) =>
      runNode(['-e', LOAD, join(folder, 'Release/planted_addon.node'), fault], {
        env: addonEnv,
        timeoutMs: TIMEOUT_MS,
      }),
  };
  const totals = { passed: 0, failed: 0 };
  for (const [place, make] of Object.entries(places)) {
    for (const [fault, report] of Object.entries(FAULTS[sanitizer])) {
      const result = await make(fault);
      if (isAsExpected(result, report)) {
        totals.passed++;
        continue;
      }
      totals.failed++;
      const problem =
        report === undefined ? 'something is reported without a fault' : 'not reported';
      say(`not ok - the planted fault '${fault}' in ${place}: ${problem} (exit ${result.code})`);
      say(tail(result.output, 60));
    }
  }
  return totals;
}

/** Whether a program that made a fault told it as `report`; without, that it told nothing. */
export function isAsExpected({ code, output }, report) {
  if (report === undefined) return code === 0 && !REPORT.test(output);
  return code !== 0 && report.test(output);
}
