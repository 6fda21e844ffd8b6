/**
 * Who may use a store: one storage of one process at a time.
 *
 *  1. The owner is a row of the store, taken in a write transaction, which LMDB serialises between
 *     processes: two that open at once cannot both win.
 *  2. An owner is gone when its process is: no such process, another start time under its number,
 *     or another boot of the machine. Then the store is taken over.
 *  3. Every commit checks that the store is still its own, so that an owner that was taken over
 *     although it lives (processes that can't see each other, in two containers on one volume)
 *     stops at its next write instead of writing beside the new one.
 */

import { readFileSync } from 'node:fs';

export interface Owner {
  readonly pid: number;
  /** In clock ticks since boot; null where the system does not tell. */
  readonly processStart: string | null;
  readonly bootId: string | null;
  /** Different for every storage that was ever opened. */
  readonly instance: string;
}

/** An owner row for this process. */
export function createOwner(random: () => number): Owner {
  const part = (): string => Math.floor(random() * 2 ** 32).toString(16);
  return {
    pid: process.pid,
    processStart: processState(process.pid)?.start ?? null,
    bootId: readBootId(),
    instance: `${process.pid}-${part()}-${part()}-${part()}`,
  };
}

export function encodeOwner(owner: Owner): Buffer {
  return Buffer.from(JSON.stringify(owner));
}

/** `undefined` when the bytes are not an owner row. */
export function decodeOwner(bytes: Uint8Array): Owner | undefined {
  let row: unknown;
  try {
    row = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  return isOwner(row) ? row : undefined;
}

/** Whether the owner's process still runs. */
export function isAlive(owner: Owner): boolean {
  const bootId = readBootId();
  if (bootId !== null && owner.bootId !== null && bootId !== owner.bootId) return false;
  if (!processExists(owner.pid)) return false;
  const state = processState(owner.pid);
  if (state === undefined) return true;
  if (state.isDead) return false;
  return owner.processStart === null || owner.processStart === state.start;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Anything but "no such process" means that there is one, which is not ours to signal.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

// proc(5): "pid (name) state …", the name with any characters; the start time is field 22.
function processState(pid: number): { isDead: boolean; start: string } | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const start = fields[19];
  if (start === undefined) return undefined;
  return { isDead: fields[0] === 'Z' || fields[0] === 'X', start };
}

function readBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

function isOwner(row: unknown): row is Owner {
  if (typeof row !== 'object' || row === null) return false;
  const { pid, processStart, bootId, instance } = row as Record<string, unknown>;
  const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';
  return (
    Number.isSafeInteger(pid) &&
    (pid as number) > 0 &&
    typeof instance === 'string' &&
    isTextOrNull(processStart) &&
    isTextOrNull(bootId)
  );
}
