/**
 * One real etcd, or a cluster of them, for all contenders of a set: whoever comes first starts it,
 * the others find it. It ends with the process that started it, and contenders of a set end
 * together; where several are in one process, with the last of them.
 */

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import { freePort } from '../../test/witness/free-port.js';
import { etcds } from '../../test/witness/tools/index.js';
import type { Setup } from '../trials/contract.js';
import { endWithProcess } from './end-with-process.js';

/** Fills an etcd that has just been started. */
export type Fill = (endpoint: string) => Promise<void>;

const LOOK_MS = 20;
const START_MAX_MS = 60_000;

interface Use {
  readonly endpoints: Promise<readonly string[]>;
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
export async function sharedEtcd(name: string, setup: Setup, fill: Fill): Promise<string> {
  return (await sharedCluster(name, setup, 1, fill))[0]!;
}

/** The endpoints of all its members. */
export function sharedCluster(
  name: string,
  setup: Setup,
  size: number,
  fill: Fill,
): Promise<readonly string[]> {
  // Contenders are children of one process.
  const title = `shardwatch-bench-${process.ppid}-${name.replaceAll('/', '-')}-${setup.seed}`;
  const folder = join(tmpdir(), title);
  let use = inThisProcess.get(folder);
  if (use === undefined) {
    let end = (): void => undefined;
    const endpoints = startOrFind(folder, size, fill, (how) => (end = how));
    use = { endpoints, users: 0, end: () => end() };
    inThisProcess.set(folder, use);
  }
  use.users++;
  setup.onEnd?.(() => {
    if (--use.users > 0) return;
    inThisProcess.delete(folder);
    use.end();
  });
  return use.endpoints;
}

async function startOrFind(
  folder: string,
  size: number,
  fill: Fill,
  endsBy: (end: () => void) => void,
): Promise<readonly string[]> {
  const file = join(folder, 'endpoints');
  try {
    mkdirSync(folder);
  } catch {
    return find(file);
  }
  const endpoints = await start(folder, size, endsBy);
  await fill(endpoints[0]!);
  writeFileSync(`${file}.new`, endpoints.join('\n'));
  renameSync(`${file}.new`, file);
  return endpoints;
}

async function find(file: string): Promise<readonly string[]> {
  const deadline = performance.now() + START_MAX_MS;
  while (performance.now() < deadline) {
    try {
      return readFileSync(file, 'utf8').split('\n');
    } catch {
      await pause(LOOK_MS);
    }
  }
  throw new Error(`nobody has started the etcd of ${file}`);
}

async function start(
  folder: string,
  size: number,
  endsBy: (end: () => void) => void,
): Promise<readonly string[]> {
  const url = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`;
  const names = Array.from({ length: size }, (_, index) => `bench${index}`);
  const members = await Promise.all(
    names.map(async (name) => ({ name, endpoint: await url(), peer: await url() })),
  );
  const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
  const children = members.map((member) => spawnMember(folder, cluster, member));
  const end = (): void => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  endsBy(end);
  endWithProcess(end);
  await Promise.all(children.map(serving));
  return members.map(({ endpoint }) => endpoint);
}

interface Member {
  readonly name: string;
  readonly endpoint: string;
  readonly peer: string;
}

type MemberProcess = ChildProcessByStdio<null, null, Readable>;

function spawnMember(folder: string, cluster: string, member: Member): MemberProcess {
  const { name, endpoint, peer } = member;
  return spawn(
    etcds().at(-1)!.path,
    [
      ...['--name', name, '--data-dir', join(folder, name), '--logger', 'zap'],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', cluster],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
}

function serving(child: MemberProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('serving client traffic')) resolve();
    });
    child.once('exit', () => reject(new Error('etcd has ended before it was ready')));
  });
}
