/**
 * One real etcd for all contenders of a set: whoever comes first starts it, the others find it. It
 * ends with the process that started it, and contenders of a set end together; where several are in
 * one process, with the last of them.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { freePort } from '../../test/witness/free-port.js';
import { etcds } from '../../test/witness/tools/index.js';
import type { Setup } from '../trials/contract.js';

/** Fills an etcd that has just been started. */
export type Fill = (endpoint: string) => Promise<void>;

const LOOK_MS = 20;
const START_MAX_MS = 60_000;

interface Use {
  readonly endpoint: Promise<string>;
  users: number;
  end: () => void;
}

const inThisProcess = new Map<string, Use>();

/** Why there is no etcd; undefined where there is. */
export function etcdProblem(): string | undefined {
  try {
    etcds();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Its endpoint. `name` is the trial's: each has an etcd of its own. */
export function sharedEtcd(name: string, setup: Setup, fill: Fill): Promise<string> {
  // Contenders are children of one process.
  const title = `shardwatch-bench-${process.ppid}-${name.replaceAll('/', '-')}-${setup.seed}`;
  const folder = join(tmpdir(), title);
  let use = inThisProcess.get(folder);
  if (use === undefined) {
    let end = (): void => undefined;
    const endpoint = startOrFind(folder, fill, (how) => (end = how));
    use = { endpoint, users: 0, end: () => end() };
    inThisProcess.set(folder, use);
  }
  use.users++;
  setup.onEnd?.(() => {
    if (--use.users > 0) return;
    inThisProcess.delete(folder);
    use.end();
  });
  return use.endpoint;
}

async function startOrFind(
  folder: string,
  fill: Fill,
  endsBy: (end: () => void) => void,
): Promise<string> {
  const file = join(folder, 'endpoint');
  try {
    mkdirSync(folder);
  } catch {
    return find(file);
  }
  const endpoint = await start(folder, endsBy);
  await fill(endpoint);
  writeFileSync(`${file}.new`, endpoint);
  renameSync(`${file}.new`, file);
  return endpoint;
}

async function find(file: string): Promise<string> {
  const deadline = performance.now() + START_MAX_MS;
  while (performance.now() < deadline) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      await pause(LOOK_MS);
    }
  }
  throw new Error(`nobody has started the etcd of ${file}`);
}

async function start(folder: string, endsBy: (end: () => void) => void): Promise<string> {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    etcds().at(-1)!.path,
    [
      ...['--name', 'bench', '--data-dir', join(folder, 'data'), '--logger', 'zap'],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `bench=${peer}`],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const end = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  endsBy(end);
  endWithProcess(end);
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('serving client traffic')) resolve();
    });
    child.once('exit', () => reject(new Error('etcd has ended before it was ready')));
  });
  return endpoint;
}

const ends = new Set<() => void>();

function endWithProcess(end: () => void): void {
  if (ends.size === 0) {
    process.once('exit', () => ends.forEach((each) => each()));
    // Its default ends the process without `exit`.
    process.once('SIGTERM', () => process.exit());
  }
  ends.add(end);
}
