/**
 * Work that is counted, not timed: the block coverage of Node's engine tells how often each block
 * of `lib/object` ran. Counts are those of the whole thread, so tests that count run one by one.
 */

import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';

const session = new Session();

export function startCounting(): void {
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
}

export function stopCounting(): void {
  session.post('Profiler.stopPreciseCoverage');
  session.disconnect();
}

/** How often blocks of the code under test run during a call. */
export function workOf(call: () => unknown): number {
  takeCounts();
  call();
  return takeCounts();
}

function takeCounts(): number {
  let work = 0;
  session.post('Profiler.takePreciseCoverage', (error, result) => {
    if (error !== null) throw error;
    for (const script of result.result) {
      if (script.url.includes('/object/') && !script.url.includes('/test/')) work += blocks(script);
    }
  });
  return work;
}

function blocks(script: Profiler.ScriptCoverage): number {
  let work = 0;
  for (const { ranges } of script.functions) for (const { count } of ranges) work += count;
  return work;
}
