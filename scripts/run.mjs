/**
 * Running a program to its end: output shown or kept, a time limit, no shell.
 */

import { spawn } from 'node:child_process';

import { ROOT } from './project.mjs';

/**
 * Resolves to `{ code, signal, output, missing }`. `show` lets the program print as it goes; what
 * it prints otherwise is in `output`. `missing` tells that there is no such program. A program that
 * exceeds `timeoutMs` is killed and answers with a signal.
 */
export function run(command, args, { cwd = ROOT, env, input, show = false, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const output = [];
    const child = spawn(command, args, {
      cwd,
      env: env === undefined ? process.env : { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const keep = (stream) => (chunk) => {
      output.push(chunk);
      if (show) stream.write(chunk);
    };
    child.stdout.on('data', keep(process.stdout));
    child.stderr.on('data', keep(process.stderr));
    if (input !== undefined) {
      // The program may end without having read it.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    }
    const text = () => Buffer.concat(output).toString();
    child.on('error', (error) => {
      if (error.code !== 'ENOENT') return reject(error);
      resolve({ code: 127, signal: null, output: `${command}: not found`, missing: true });
    });
    child.on('close', (code, signal) => {
      resolve({ code: code ?? 1, signal, output: text(), missing: false });
    });
  });
}

/** A Node program: an installed package's command. */
export function runNode(args, options) {
  return run(process.execPath, args, options);
}

/** npm as it was started, or the one on the PATH. */
export function runNpm(args, options) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('npm-cli.js') ? runNode([cli, ...args], options) : run('npm', args, options);
}

/** The last lines of a program's output, for a message. */
export function tail(output, lines = 40) {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}
