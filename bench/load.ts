/**
 * How much of the machine other programs used while something was measured.
 *
 * Everything that ran (/proc/stat) less what our own processes and those that they have started
 * ran (/proc/PID/stat), in cores. Time that the host took away (steal) counts as others'. Where
 * there is no /proc, nothing is known.
 */

import { readdirSync, readFileSync } from 'node:fs';

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
      ownTicks: readProcesses(pids),
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

/** User and system time of a process with all its threads, and of its children that have ended. */
export function processTicks(stat: string): number {
  // The name before it is in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
}

function readProcesses(pids: readonly number[]): number {
  const seen = new Set<number>();
  const add = (pid: number): number => {
    if (seen.has(pid)) return 0;
    seen.add(pid);
    const own = processTicks(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return childrenOf(pid).reduce((sum, child) => sum + addChild(child), own);
  };
  // One that has ended meanwhile is in its parent's time, as soon as that has noticed.
  const addChild = (pid: number): number => {
    try {
      return add(pid);
    } catch {
      return 0;
    }
  };
  return pids.reduce((sum, pid) => sum + add(pid), 0);
}

// Each thread has the children that it has started.
function childrenOf(pid: number): readonly number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.flatMap((thread) => {
    try {
      const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1');
      return children.split(' ').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
}
