/**
 * Child processes: what is tested here is whether a process survives, and how it ends, so that each
 * test has one of its own.
 */

import { spawn } from 'node:child_process';

import { ADDON_FILE, ROOT } from '../native/addon.js';

/** How a process has ended. */
export interface Outcome {
  readonly code: number | null;
  /** Of what killed it: SIGSEGV and SIGABRT are crashes. */
  readonly signal: string | null;
  readonly output: string;
}

/** Runs a compiled file of this folder to its end. */
export function runChild(
  file: URL,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file.pathname, ...args], {
      cwd: ROOT,
      env: { ...process.env, SHARDWATCH_ADDON: ADDON_FILE, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
}
