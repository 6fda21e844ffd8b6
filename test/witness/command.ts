/** Runs a program to its end and tells what it printed. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly env?: { readonly [name: string]: string };
  readonly cwd?: string;
}

export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const running = start(program, args, options);
  await running.ended;
  return { code: running.child.exitCode, stdout: running.stdout(), stderr: running.stderr() };
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  stdout(): string;
  stderr(): string;
  /** Resolves when the output so far fulfils `condition`; rejects when the program ends first. */
  until(condition: (stdout: string) => boolean): Promise<void>;
}

export function start(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): RunningCommand {
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {
    // The program may end without having read its input.
  });
  child.stdin.end(options.input ?? '');
  const ended = once(child, 'close').then(() => undefined);
  return {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (condition(stdout)) resolve();
        };
        child.stdout.on('data', check);
        ended.then(() => reject(new Error(`ended early: ${stdout}${stderr}`)), reject);
        check();
      }),
  };
}
