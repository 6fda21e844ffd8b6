/**
 * What stands in the way of serving well, and what to do about it: from facts alone, so that each
 * case can be shown.
 */

import { ADDON_MISSING, ADDON_VARIABLE, ENGINE_VARIABLE } from '../engine/index.js';
import type { DoctorFacts, DoctorLimits, Limit } from './doctor-facts.js';

/** Something that keeps the native engine away, or that will be in short supply. */
export interface DoctorProblem {
  /** The line of the report that it is about. */
  readonly subject: string;
  readonly message: string;
  readonly advice: string;
}

/** The environment variables that choose engine and addon. */
export interface DoctorEnvironment {
  readonly [name: string]: string | undefined;
}

/** Every connection is an open file, and a client that watches keeps one. */
const OPEN_FILES_MIN = 4_096;

/** Node has about a dozen before the first thread of the server's own. */
const THREADS_MIN = 64;

/** A bare process takes a quarter of it; the rest is what objects and their history have. */
const MEMORY_BYTES_MIN = 256 * 1024 * 1024;

/** What Linux allows unless it is told otherwise. */
const MEMORY_MAPS_MIN = 65_530;

const BUILD =
  'build it: npm install --save-dev node-gyp@12 node-addon-api@8, ' +
  'then npx node-gyp rebuild --release -C node_modules/shardwatch';

/** Why an addon does not load, as the system says it, and what helps. */
const REMEDIES: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/ABI version/, 'it is of another version of this package: delete it, then install or build'],
  [/addons?\b.*\bdisabled|no-addons/i, 'start Node without --no-addons'],
  [/GLIBC|CXXABI|ld-linux|ld-musl|relocating/, `this system's C library is another one; ${BUILD}`],
  [
    /invalid ELF|wrong ELF|file too short|wrong architecture|no suitable image/i,
    `it is damaged, or for another processor: install the package again, or ${BUILD}`,
  ],
];

/** The problems, those of the engine first. */
export function findProblems(
  facts: DoctorFacts,
  environment: DoctorEnvironment,
): readonly DoctorProblem[] {
  return [...engineProblems(facts, environment), ...limitProblems(facts)];
}

function engineProblems(
  { engine, attempts, versions }: DoctorFacts,
  environment: DoctorEnvironment,
): readonly DoctorProblem[] {
  const problems: DoctorProblem[] = [];
  const named = environment[ENGINE_VARIABLE] ?? '';
  if (named !== '' && named !== 'auto' && named !== 'native') {
    problems.push({
      subject: 'engine',
      message: `${ENGINE_VARIABLE} is ${JSON.stringify(named)}`,
      advice: `unset ${ENGINE_VARIABLE}, or set it to auto or native`,
    });
  }
  if (engine.kind === 'native' || attempts.some(({ failure }) => failure === undefined)) {
    return problems;
  }
  const broken = attempts.filter(({ failure }) => failure !== ADDON_MISSING);
  if (broken.length === 0) {
    const addon = environment[ADDON_VARIABLE] ?? '';
    problems.push(addon === '' ? noAddon(versions) : noNamedAddon(addon));
  }
  for (const { file, failure = '' } of broken) {
    const [, advice] = REMEDIES.find(([pattern]) => pattern.test(failure)) ?? [];
    problems.push({ subject: 'tried', message: `${file}: ${failure}`, advice: advice ?? BUILD });
  }
  return problems;
}

function noAddon({ platform, glibc }: DoctorFacts['versions']): DoctorProblem {
  const system = platform.startsWith('linux') && glibc === null ? `${platform} (musl)` : platform;
  return {
    subject: 'tried',
    message: `the package has no addon for ${system}, and none was built here`,
    advice: BUILD,
  };
}

function noNamedAddon(file: string): DoctorProblem {
  return {
    subject: 'tried',
    message: `${ADDON_VARIABLE} names ${file}, which is not there; no other file is tried`,
    advice: `unset ${ADDON_VARIABLE}, or correct it`,
  };
}

function limitProblems({ limits, engine }: DoctorFacts): readonly DoctorProblem[] {
  const found: (DoctorProblem | undefined)[] = [
    tooFew(limits.openFiles, OPEN_FILES_MIN, {
      subject: 'open files',
      message: 'too few for many clients: every watch keeps a connection open',
      advice: 'raise it: ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of containers',
    }),
    tooFew(limits.threads, THREADS_MIN, {
      subject: 'threads',
      message: 'too few for worker threads beside those of Node',
      advice: 'raise it: ulimit -u, TasksMax= of systemd, --pids-limit of containers',
    }),
    tooFew(limits.memoryBytes, MEMORY_BYTES_MIN, {
      subject: 'memory',
      message: 'little is left for objects and their history',
      advice: 'give it more, or keep events for a shorter time (--event-window)',
    }),
    tooFew(limits.memoryMaps, MEMORY_MAPS_MIN, {
      subject: 'memory maps',
      message: 'fewer than usual: getting memory may fail while there is some',
      advice: `sysctl vm.max_map_count=${MEMORY_MAPS_MIN}`,
    }),
    hugePagesProblem(limits, engine.kind === 'native'),
  ];
  return found.filter((problem) => problem !== undefined);
}

function tooFew(limit: Limit, least: number, problem: DoctorProblem): DoctorProblem | undefined {
  return typeof limit === 'number' && limit < least ? problem : undefined;
}

function hugePagesProblem(
  { hugePages }: DoctorLimits,
  isNative: boolean,
): DoctorProblem | undefined {
  if (hugePages !== 'never' || !isNative) return undefined;
  return {
    subject: 'huge pages',
    message: 'lists over many objects wait for page tables that huge pages would spare them',
    advice: 'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled',
  };
}
