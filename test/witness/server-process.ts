/**
 * Starts `shardwatch serve` as a user would, in a process of its own, and stops it by its pid.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface ServerProcess {
  readonly pid: number;
  readonly url: string;
  /** All addresses of the ready line. */
  readonly urls: readonly string[];
  readonly kubeconfig: string;
  /** A folder of the test's own, removed by `stop`. */
  readonly folder: string;
  /** What the server printed to standard error so far. */
  errors(): string;
  /** Sends the signal and resolves to the exit code, or the signal's name if that ended it. */
  signal(name: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  stop(): Promise<void>;
}

export const exampleFile = (path: string): string => join(ROOT, 'examples', path);

/**
 * Resolves when the server has printed its ready line; rejects with its output when it ends first.
 */
export async function startServer(args: readonly string[]): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-witness-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const child = spawn(
    process.execPath,
    [
      COMMAND,
      'serve',
      '--bind-address',
      '127.0.0.1',
      '--secure-port',
      '0',
      '--data-dir',
      join(folder, 'data'),
      '--write-kubeconfig',
      kubeconfig,
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const urls = await readyUrls(child, () => errors);
  return {
    pid: child.pid as number,
    url: urls[0] as string,
    urls,
    kubeconfig,
    folder,
    errors: () => errors,
    signal: (name) => endBy(child, name),
    stop: async () => {
      await endBy(child, 'SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function readyUrls(child: ChildProcess, errors: () => string): Promise<string[]> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    const urls = line.match(/https?:\/\/[^\s,]+/g);
    if (urls !== null) {
      child.stdout?.resume();
      return urls;
    }
  }
  throw new Error(`the server ended before it was ready: ${errors()}`);
}

async function endBy(child: ChildProcess, name: NodeJS.Signals): Promise<number | NodeJS.Signals> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(name);
    await exited;
  }
  return child.exitCode ?? (child.signalCode as NodeJS.Signals);
}
