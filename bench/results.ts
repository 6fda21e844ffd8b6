/** Results as files: made when asked for, read to be compared and drawn. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Machine, ROOT } from './machine.js';
import type { Round } from './measure.js';
import type { Row } from './row.js';

/** The samples of one operation of a trial, round by round. */
export interface RawSamples {
  readonly trial: string;
  readonly operation: string;
  readonly rounds: readonly Readonly<Record<string, Readonly<Record<string, number>>>>[];
}

export interface Results {
  /** ISO 8601, UTC. */
  readonly measuredAt: string;
  readonly machine: Machine;
  readonly quick: boolean;
  readonly rows: readonly Row[];
  readonly samples: readonly RawSamples[];
}

export const RESULTS_FOLDER: string = join(ROOT, 'bench', 'results');

export function rawSamples(trial: string, operation: string, rounds: readonly Round[]): RawSamples {
  return { trial, operation, rounds: rounds.map((round) => Object.fromEntries(round)) };
}

/** Writes the results to NAME.json in the folder, over what was there; tells the file's path. */
export function saveResults(
  name: string,
  results: Results,
  folder: string = RESULTS_FOLDER,
): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, formatResults(results));
  return path;
}

// A line for each row and each operation, so that a difference of two files can be read.
function formatResults({ rows, samples, ...run }: Results): string {
  const members = [
    ...Object.entries(run).map(
      ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
    ),
    `"rows": ${formatLines(rows)}`,
    `"samples": ${formatLines(samples)}`,
  ];
  return `{\n${members.join(',\n')}\n}\n`;
}

function formatLines(values: readonly unknown[]): string {
  return `[\n${values.map((value) => JSON.stringify(value)).join(',\n')}\n]`;
}

/** Throws an Error that names the file where it holds no results. */
export function readResults(path: string): Results {
  try {
    const results = JSON.parse(readFileSync(path, 'utf8')) as Partial<Results>;
    if (Array.isArray(results.rows)) return results as Results;
  } catch (cause) {
    throw new Error(`${path} holds no results`, { cause });
  }
  throw new Error(`${path} holds no results`);
}
