/**
 * Timing inside a contender's process: wall time and CPU time of one call.
 *
 * Short operations are timed by `benchmark` in loops of calls, long ones call by call. CPU time is
 * that of the whole process, garbage collector and compiler threads included: what a server pays.
 */

import Benchmark from 'benchmark';

import { median } from './statistics.js';
import type { Sample } from './trials/contract.js';

/** An operation that takes longer than this share of the budget is timed call by call. */
const LONG_SHARE = 0.02;

const SAMPLES_MIN = 5;

/** `wallUs`, the median, and `cpuUs`, the mean, of one call. The operation's errors are thrown. */
export function timeCalls(operation: () => void, budgetMs: number): Sample {
  const startedMs = performance.now();
  operation();
  const isLong = performance.now() - startedMs > LONG_SHARE * budgetMs;
  return isLong ? timeLong(operation, budgetMs) : timeShort(operation, budgetMs);
}

function timeShort(operation: () => void, budgetMs: number): Sample {
  const seconds = budgetMs / 1_000;
  let calls = 0;
  const benchmark = new Benchmark({
    fn: () => {
      calls++;
      operation();
    },
    maxTime: seconds,
    minTime: seconds / (2 * SAMPLES_MIN),
    minSamples: SAMPLES_MIN,
  });
  const before = process.cpuUsage();
  benchmark.run({ async: false });
  const cpuUs = cpuSince(before);
  if (benchmark.error !== undefined && benchmark.error !== null) throw benchmark.error;
  return { wallUs: median(benchmark.stats.sample) * 1e6, cpuUs: cpuUs / calls };
}

function timeLong(operation: () => void, budgetMs: number): Sample {
  const wallsMs: number[] = [];
  const before = process.cpuUsage();
  const deadlineMs = performance.now() + budgetMs;
  do {
    const startedMs = performance.now();
    operation();
    wallsMs.push(performance.now() - startedMs);
  } while (performance.now() < deadlineMs);
  return { wallUs: median(wallsMs) * 1e3, cpuUs: cpuSince(before) / wallsMs.length };
}

/** CPU time of the process since then, in microseconds, all its threads included. */
export function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
