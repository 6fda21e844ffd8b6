/** What the figures were measured on. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { dirname, join } from 'node:path';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly architecture: string;
  readonly versions: {
    readonly shardwatch: string;
    readonly node: string;
    readonly v8: string;
    readonly uv: string;
  };
  /** The commit of the tree, `+` behind it where files were changed; absent outside of git. */
  readonly commit?: string;
}

const GIB = 1024 ** 3;

/** The folder that package.json is in, from wherever this was compiled to. */
export const ROOT: string = rootOf(import.meta.dirname);

export function describeMachine(): Machine {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const { node, v8, uv } = process.versions;
  const commit = readCommit();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / GIB),
    system: `${type()} ${release()}`,
    architecture: process.arch,
    versions: { shardwatch: manifest.version, node, v8, uv },
    ...(commit === undefined ? {} : { commit }),
  };
}

/** One line, as every row has it. */
export function machineText(machine: Machine): string {
  const { cpu, cores, memoryGiB, system, architecture, versions } = machine;
  const { shardwatch, node } = versions;
  const programs = `Node ${node}, shardwatch ${shardwatch}`;
  return `${cores} x ${cpu} (${architecture}), ${memoryGiB} GiB, ${system}, ${programs}`;
}

function readCommit(): string | undefined {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .trim();
    const isChanged = git('status', '--porcelain', '--', 'lib', 'native', 'bench') !== '';
    return git('rev-parse', '--short', 'HEAD') + (isChanged ? '+' : '');
  } catch {
    return undefined;
  }
}

function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootOf(dirname(folder));
}
