/**
 * The resident memory of this process, by what it is of (proc(5), `RssAnon` and `RssFile` of
 * `status`). Pages of files, as of the program and of lmdb's map, stay as long as the system likes:
 * they can be had again from the file, and say nothing of what the process keeps.
 */

import { readFileSync } from 'node:fs';

export interface ResidentMemory {
  /** Heap, stacks, what was allocated: only the process can give it back. */
  readonly anonymousBytes: number;
  /** Pages of files. */
  readonly fileBytes: number;
}

export function residentMemory(): ResidentMemory {
  const status = readFileSync('/proc/self/status', 'utf8');
  return { anonymousBytes: field(status, 'RssAnon'), fileBytes: field(status, 'RssFile') };
}

function field(status: string, name: string): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/self/status does not tell ${name}`);
  return Number(kibibytes) * 1024;
}
