/**
 * Child processes: where it is tested whether a process survives, and how it ends, each test has
 * one of its own.
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

/**
 * For a process that exits beside a running thread: Node frees nothing of its own then, which
 * AddressSanitizer would report as leaks.
 */
export const LEAKS_ALLOWED: Readonly<Record<string, string>> = {
  ASAN_OPTIONS: 'detect_leaks=0',
};

/** Runs a compiled file to its end. */
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
