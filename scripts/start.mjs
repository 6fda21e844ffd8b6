/**
 * `npm start`: a server on lmdb with example types and objects, from a fresh clone or an old one,
 * and lines to try it with.
 *
 * Installs and builds what is missing or changed, then runs `shardwatch serve`; arguments after
 * `--` are passed on and win over the ones given here. The server runs in a process group of its
 * own, because Ctrl-C reaches every process of a terminal and npm passes the signal on once more:
 * the server is to get it once, and a second one only when somebody asks for a second time. (The
 * script in package.json begins with `exec`: what is sent to npm would otherwise end its shell and
 * leave the server behind. On Windows run `node scripts/start.mjs`.)
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

import { build } from './build.mjs';
import { hints, readyUrl } from './hints.mjs';
import { inRoot, say } from './project.mjs';

const FOLDER = '.shardwatch';
const KUBECONFIG = `${FOLDER}/kubeconfig`;

const SERVE = [
  'serve',
  ...['--bind-address', '127.0.0.1'],
  ...['--secure-port', '7443'],
  ...['--store', 'lmdb'],
  ...['--data-dir', FOLDER],
  ...['--write-kubeconfig', KUBECONFIG],
  ...['--crd', 'examples/crds'],
  ...['--load', 'examples/objects'],
];

/** Within this time the same signal again is the same key press, on another way. */
const SAME_SIGNAL_MS = 500;

try {
  await build();
  serve(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function serve(extra) {
  const args = [...SERVE, ...extra];
  const child = spawn(process.execPath, [inRoot('dist/server/command.js'), ...args], {
    cwd: inRoot(),
    stdio: ['inherit', 'pipe', 'inherit'],
    detached: process.platform !== 'win32',
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    say(line);
    const url = readyUrl(line);
    if (url !== undefined) say(hints(url, args).join('\n'));
  });
  const forwardedAtMs = new Map();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      const nowMs = performance.now();
      if (nowMs - (forwardedAtMs.get(signal) ?? -Infinity) < SAME_SIGNAL_MS) return;
      forwardedAtMs.set(signal, nowMs);
      child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
  child.on('close', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
