/**
 * Instructions that a program of ours executes in some of its functions, counted by valgrind's
 * callgrind: repeatable where times are not.
 */

import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { ROOT } from './machine.js';

/** Where `npm run bench` puts one that the system does not have. */
const FETCHED = join(ROOT, '.cache', 'tools', 'valgrind-debian', 'usr');

const TIMEOUT_MS = 10 * 60_000;

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

const execute = promisify(execFile);

interface Valgrind {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

let found: Valgrind | undefined | null;

/** Why instructions can't be counted here, or undefined. */
export function valgrindProblem(): string | undefined {
  return find() === undefined ? 'valgrind is neither installed nor to be had' : undefined;
}

/**
 * Runs the script in a Node under callgrind and tells the instructions that ran while a function
 * was active whose name matches (`shardwatch::Writer::Apply*`). Throws where there is no valgrind,
 * and where the script fails or no such function ran.
 */
export async function countInstructions(
  functions: string,
  script: string,
  args: readonly string[],
): Promise<number> {
  const valgrind = find();
  if (valgrind === undefined) throw new Error(valgrindProblem());
  const options = ['--tool=callgrind', '--callgrind-out-file=/dev/null', '--collect-atstart=no'];
  const { stderr } = await execute(
    valgrind.program,
    [...options, `--toggle-collect=${functions}`, process.execPath, script, ...args],
    { env: valgrind.env, timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX },
  );
  const count = Number(/Collected : (\d+)/.exec(stderr)?.[1]);
  if (!(count > 0)) throw new Error(`callgrind has counted nothing in ${functions}\n${stderr}`);
  return count;
}

function find(): Valgrind | undefined {
  if (found === undefined) found = search() ?? null;
  return found ?? undefined;
}

function search(): Valgrind | undefined {
  const installed = spawnSync('valgrind', ['--version'], { stdio: 'ignore' });
  if (installed.status === 0) return { program: 'valgrind', env: process.env };
  const program = join(FETCHED, 'bin', 'valgrind');
  if (!existsSync(program)) return undefined;
  return { program, env: { ...process.env, VALGRIND_LIB: join(FETCHED, 'libexec', 'valgrind') } };
}
