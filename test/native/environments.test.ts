/**
 * The addon in many environments: loaded by workers only, terminated at any moment, unloaded never.
 *
 * Every case runs in a child process of its own, because what is tested is the process: whether it
 * survives, and what it remembers.
 */

import test from 'ava';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { ADDON_FILE, ROOT } from './addon.js';

const CHILD = fileURLToPath(new URL('environments-child.js', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

function runCase(name: string, environment: Record<string, string>): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, name], {
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

// Node frees nothing of its own when it exits beside a running worker; under AddressSanitizer that
// would be reported as leaks.
const LEAKS_ALLOWED = { ASAN_OPTIONS: 'detect_leaks=0' };

const CASES: readonly (readonly [
  name: string,
  behaviour: string,
  environment?: Record<string, string>,
])[] = [
  ['remembers', 'what the process shares survives the last worker that loaded the addon'],
  ['releases', 'what a worker held is given up when it is terminated'],
  ['terminates', 'workers terminated during native calls do not take the process with them'],
  ['exits', 'a process that exits while blocks are open exits cleanly', LEAKS_ALLOWED],
  ['reloads', 'a worker that loads the addon twice gets one environment'],
];

for (const [name, behaviour, environment = {}] of CASES) {
  test(behaviour, async (t) => {
    const { code, signal, output } = await runCase(name, environment);
    t.is(signal, null, output);
    t.is(code, 0, output);
    t.true(output.endsWith(`${name}: done\n`), output);
  });
}
