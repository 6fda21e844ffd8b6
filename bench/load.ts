/**
 * How much of the machine other programs used while something was measured.
 *
 * Everything that ran (/proc/stat) less what our own processes ran (/proc/PID/stat), in cores. Time
 * that the host took away (steal) counts as others'. Where there is no /proc, nothing is known.
 */

import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

/**
 * Above this a round is not counted: the contender may have shared its core, its cache, its memory.
 */
export const OTHERS_CORES_MAX = 0.25;

/** CPU time up to a moment, in ticks. */
export interface LoadReading {
  readonly atMs: number;
  readonly allTicks: number;
  readonly ownTicks: number;
}

/** `undefined` where the system doesn't tell. */
export function readLoad(pids: readonly number[]): LoadReading | undefined {
  try {
    return {
      atMs: performance.now(),
      allTicks: busyTicks(readFileSync('/proc/stat', 'latin1')),
      ownTicks: pids.reduce((sum, pid) => sum + readProcess(pid), 0),
    };
  } catch {
    return undefined;
  }
}

/** Cores that others used between two readings of the same processes; 0 where it is not known. */
export function othersCores(from: LoadReading | undefined, to: LoadReading | undefined): number {
  if (from === undefined || to === undefined) return 0;
  const ticks = to.allTicks - from.allTicks - (to.ownTicks - from.ownTicks);
  const seconds = (to.atMs - from.atMs) / 1_000;
  return Math.max(0, ticks / TICKS_PER_SECOND / seconds);
}

/** User, nice, system, irq, softirq and steal of all cores; guests are in user already. */
export function busyTicks(stat: string): number {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1] ?? '';
  const [user, nice, system, , , irq, softirq, steal] = line.split(' ').map(Number);
  const ticks = [user, nice, system, irq, softirq, steal];
  return ticks.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

/** User and system time of a process with all its threads. */
export function processTicks(stat: string): number {
  // The name before it is in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function readProcess(pid: number): number {
  return processTicks(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}
