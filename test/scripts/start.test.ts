/** `npm start` as a terminal, npm and a supervisor use it. One at a time: each may build. */

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { ROOT } from './script.js';

/** Starts, reads to the last line to try, sends the signals and resolves to how it ended. */
async function startAndStop(
  t: ExecutionContext,
  command: readonly [string, ...string[]],
  signals: readonly NodeJS.Signals[],
): Promise<{ text: string; folder: string; end: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-start-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const [program, ...first] = command;
  const args = [
    ...first,
    ...['--secure-port', '0'],
    ...['--data-dir', folder],
    ...['--write-kubeconfig', join(folder, 'kubeconfig')],
  ];
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGTERM'));
  const exited = once(child, 'exit');
  const printed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    if (!line.startsWith('Ctrl-C')) continue;
    await t.notThrowsAsync(access(join(folder, 'kubeconfig')));
    for (const signal of signals) child.kill(signal);
  }
  return { text: printed.join('\n'), folder, end: await exited };
}

test.serial(
  'it serves, says what to try, and stops cleanly on a Ctrl-C that comes twice',
  async (t) => {
    // Once by the terminal, once by npm.
    const command = [process.execPath, join(ROOT, 'scripts/start.mjs')] as const;
    const { text, folder, end } = await startAndStop(t, command, ['SIGINT', 'SIGINT']);
    t.regex(text, /is ready on https:\/\/127\.0\.0\.1:\d+/);
    t.true(text.includes(`kubectl --kubeconfig ${join(folder, 'kubeconfig')} get apps`), text);
    t.deepEqual(end, [0, null]);
  },
);

test.serial('what is sent to npm alone stops the server, not only its shell', async (t) => {
  const { end } = await startAndStop(t, ['npm', 'start', '--'], ['SIGTERM']);
  t.deepEqual(end, [0, null]);
});
