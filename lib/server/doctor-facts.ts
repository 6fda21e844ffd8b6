/**
 * What `shardwatch doctor` looks at: the engine and how it came about, versions, and the limits
 * that the system sets. What the system does not tell is null.
 */

import { availableParallelism, release, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import {
  ABI_VERSION,
  addonAttempts,
  EngineError,
  engineReport,
  glibcVersion,
  type AddonAttempt,
  type EngineKind,
} from '../engine/index.js';
import { packageVersion } from './version.js';

/** A number that the system bounds something by. */
export type Limit = number | 'unlimited' | null;

/** Everything that the doctor knows. */
export interface DoctorFacts {
  /** What `auto` means in this environment. `none`: the engine that is named can't be had. */
  readonly engine: {
    readonly kind: EngineKind | 'none';
    readonly reason: string;
    readonly file?: string;
  };
  /** The files that were tried as the addon, in order. */
  readonly attempts: readonly AddonAttempt[];
  readonly versions: DoctorVersions;
  readonly limits: DoctorLimits;
}

export interface DoctorVersions {
  readonly package: string;
  readonly node: string;
  readonly nodeApi: string;
  readonly v8: string;
  /** Of the border between TypeScript and the addon; an addon of another one is not taken. */
  readonly abi: number;
  /** As Node names them: `linux x64`. */
  readonly platform: string;
  readonly kernel: string;
  readonly glibc: string | null;
}

export interface DoctorLimits {
  readonly processors: number;
  readonly openFiles: Limit;
  readonly threads: Limit;
  /** What this process may take, in bytes. */
  readonly memoryBytes: number;
  /** What V8's heap may take of it, in bytes. */
  readonly heapBytes: number;
  readonly memoryMaps: Limit;
  /** When the system gives huge pages: `always`, `madvise` (to who asks) or `never`. */
  readonly hugePages: string | null;
}

/** Reads a file of the system; undefined where there is none. */
export type ReadFile = (path: string) => string | undefined;

/** The facts of this process. */
export function gatherFacts(): DoctorFacts {
  const engine = chosenEngine();
  return {
    engine,
    attempts: addonAttempts(),
    versions: {
      package: packageVersion,
      node: process.versions.node,
      nodeApi: process.versions['napi'] ?? '',
      v8: process.versions.v8,
      abi: ABI_VERSION,
      platform: `${process.platform} ${process.arch}`,
      kernel: release(),
      glibc: process.platform === 'linux' ? (glibcVersion() ?? null) : null,
    },
    limits: readLimits(readSystemFile),
  };
}

/** The limits of this process, as the files of a Linux tell them. */
export function readLimits(read: ReadFile): DoctorLimits {
  const ofProcess = read('/proc/self/limits') ?? '';
  const hugePages = /\[(\w+)\]/.exec(read('/sys/kernel/mm/transparent_hugepage/enabled') ?? '');
  return {
    processors: availableParallelism(),
    openFiles: limitOf(softLimit(ofProcess, 'Max open files')),
    threads: smallest([
      limitOf(softLimit(ofProcess, 'Max processes')),
      limitOf(read('/proc/sys/kernel/threads-max')),
      limitOf(read('/sys/fs/cgroup/pids.max')),
    ]),
    memoryBytes: memoryBytes(process.constrainedMemory(), totalmem()),
    heapBytes: getHeapStatistics().heap_size_limit,
    memoryMaps: limitOf(read('/proc/sys/vm/max_map_count')),
    hugePages: hugePages?.[1] ?? null,
  };
}

/** What may be used where a control group allows so much (0 or beyond all there is: no bound). */
export function memoryBytes(constrained: number, total: number): number {
  return constrained > 0 ? Math.min(constrained, total) : total;
}

function chosenEngine(): DoctorFacts['engine'] {
  try {
    return engineReport();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { kind: 'none', reason: error.message };
  }
}

// A line is the name, the soft limit, the hard limit, the unit.
function softLimit(limits: string, name: string): string | undefined {
  const line = limits.split('\n').find((text) => text.startsWith(name));
  return line?.slice(name.length).trim().split(/\s+/)[0];
}

function limitOf(text: string | undefined): Limit {
  const word = text?.trim();
  if (word === 'unlimited' || word === 'max') return 'unlimited';
  return word !== undefined && /^\d+$/.test(word) ? Number(word) : null;
}

function smallest(limits: readonly Limit[]): Limit {
  const numbers = limits.filter((limit) => typeof limit === 'number');
  if (numbers.length > 0) return Math.min(...numbers);
  return limits.includes('unlimited') ? 'unlimited' : null;
}

function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
