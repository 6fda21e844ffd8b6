/** `npm start` as a terminal and npm use it. */

import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { ROOT } from './script.js';

test('it serves, says what to try, and stops cleanly on a Ctrl-C that comes twice', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-start-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'scripts/start.mjs'),
      ...['--secure-port', '0'],
      ...['--data-dir', folder],
      ...['--write-kubeconfig', kubeconfig],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.teardown(() => child.kill('SIGTERM'));
  const exited = once(child, 'exit');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const printed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    if (line.startsWith('Ctrl-C')) break;
  }
  const text = printed.join('\n');
  t.regex(text, /is ready on https:\/\/127\.0\.0\.1:\d+/, errors);
  t.true(text.includes(`kubectl --kubeconfig ${kubeconfig} get apps`), text);
  await t.notThrowsAsync(access(kubeconfig));
  // Once by the terminal, once by npm.
  child.kill('SIGINT');
  child.kill('SIGINT');
  t.deepEqual(await exited, [0, null], errors);
});
