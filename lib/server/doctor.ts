/**
 * `shardwatch doctor`: which engine serves here and why, and what to do where it is not the native
 * one.
 */

import { gatherFacts, type DoctorFacts, type Limit } from './doctor-facts.js';
import { findProblems, type DoctorProblem } from './doctor-problems.js';

/** What the exit code says. */
export const DOCTOR_EXIT = { native: 0, javascript: 2, none: 3 } as const;

const LABEL_COLUMNS = 13;
const GIB = 1024 ** 3;

/** Prints the report, as JSON on request, and returns the exit code (DOCTOR_EXIT). */
export function doctor({ json = false }: { readonly json?: boolean }): number {
  const facts = gatherFacts();
  const problems = findProblems(facts, process.env);
  const text = json ? JSON.stringify({ ...facts, problems }, null, 2) : reportText(facts, problems);
  process.stdout.write(`${text}\n`);
  return DOCTOR_EXIT[facts.engine.kind];
}

/** The report for a reader: a line for each fact, then the problems. */
export function reportText(facts: DoctorFacts, problems: readonly DoctorProblem[]): string {
  const { engine, attempts, versions, limits } = facts;
  const files = attempts.map(({ file, failure }) => `${file}: ${failure ?? 'it loads'}`);
  const glibc = versions.glibc === null ? '' : `, glibc ${versions.glibc}`;
  return [
    line('engine', engine.kind === 'none' ? engine.reason : `${engine.kind}: ${engine.reason}`),
    ...files.map((file, index) => line(index === 0 ? 'tried' : '', file)),
    line('package', `${versions.package}, ABI of the addon ${versions.abi}`),
    line('node', `${versions.node}, Node-API ${versions.nodeApi}, V8 ${versions.v8}`),
    line('system', `${versions.platform}, kernel ${versions.kernel}${glibc}`),
    line('processors', String(limits.processors)),
    line('open files', limitText(limits.openFiles)),
    line('threads', limitText(limits.threads)),
    line('memory', `${gib(limits.memoryBytes)}, V8's heap up to ${gib(limits.heapBytes)}`),
    line('memory maps', limitText(limits.memoryMaps)),
    line('huge pages', limits.hugePages ?? 'not told'),
    '',
    problems.length === 0 ? 'no problems' : `problems: ${problems.length}`,
    ...problems.flatMap(({ subject, message, advice }) => [
      `- ${subject}: ${message}`,
      `  to do: ${advice}`,
    ]),
  ].join('\n');
}

function line(label: string, text: string): string {
  return `${label.padEnd(LABEL_COLUMNS)}${text}`;
}

function limitText(limit: Limit): string {
  return limit === null ? 'not told' : String(limit);
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
