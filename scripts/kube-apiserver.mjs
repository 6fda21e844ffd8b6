/**
 * The real kube-apiserver, built out of its Go modules into `.cache/tools/`, once. It takes some
 * minutes, and Go.
 *
 *  1. The modules that Kubernetes develops in one repository are named by its go.mod as folders of
 *     it; as modules they have versions of their own, which are put in their place.
 *  2. Go checks every module against its checksum database.
 *  3. A program that is there is whole: it is written under another name and renamed.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findGo, runGo } from './go.mjs';
import { CACHE, say } from './project.mjs';

/** Kubernetes v1.N.P is the modules v0.N.P. */
const MINOR_AND_PATCH = '36.3';

const VERSION = `v1.${MINOR_AND_PATCH}`;
const FOLDER = join(CACHE, `tools/kube-apiserver-${VERSION}`);
const PROGRAM = join(FOLDER, 'kube-apiserver');

const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;
const BUILD_TIMEOUT_MS = 60 * 60_000;
/** Compilers at once: each takes up to a gigabyte. */
const PARALLEL = 2;

/** Resolves to the program's path. Throws with the reason where it can't be built. */
export async function kubeApiserverPath() {
  if (existsSync(PROGRAM)) return PROGRAM;
  const go = await findGo('kube-apiserver');
  say(`building kube-apiserver ${VERSION} (some minutes)`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'go.mod'), moduleFile(await upstreamModuleFile(go)));
  const flags = Object.entries({ gitVersion: VERSION, gitMajor: '1', gitMinor: minor() })
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
  const options = ['-mod=mod', '-trimpath', '-p', String(PARALLEL), '-ldflags', `-s -w ${flags}`];
  const target = ['-o', `${PROGRAM}.part`, 'k8s.io/kubernetes/cmd/kube-apiserver'];
  await runGo(go, ['build', ...options, ...target], { cwd: FOLDER, timeoutMs: BUILD_TIMEOUT_MS });
  renameSync(`${PROGRAM}.part`, PROGRAM);
  return PROGRAM;
}

/** The program's path if it has been built; undefined if not. */
export function builtKubeApiserver() {
  return existsSync(PROGRAM) ? PROGRAM : undefined;
}

async function upstreamModuleFile(go) {
  rmSync(join(FOLDER, 'go.mod'), { force: true });
  const module = `k8s.io/kubernetes@${VERSION}`;
  const download = ['mod', 'download', '-json', module];
  const text = await runGo(go, download, { cwd: FOLDER, timeoutMs: DOWNLOAD_TIMEOUT_MS });
  // What Go says beside it comes before.
  return readFileSync(JSON.parse(text.slice(text.indexOf('{'))).GoMod, 'utf8');
}

function moduleFile(upstream) {
  const [, goVersion] = /^go (\S+)$/m.exec(upstream);
  const staged = [...upstream.matchAll(/^\s*(\S+) => \.\/staging\//gm)].map(([, name]) => name);
  if (staged.length === 0) throw new Error('the go.mod of Kubernetes names no staged modules');
  return [
    'module shardwatch.example/kube-apiserver',
    `go ${goVersion}`,
    `require k8s.io/kubernetes ${VERSION}`,
    ...staged.map((name) => `replace ${name} => ${name} v0.${MINOR_AND_PATCH}`),
    '',
  ].join('\n');
}

const minor = () => MINOR_AND_PATCH.split('.')[0];
