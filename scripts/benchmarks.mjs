/**
 * What `npm run bench` and `npm run profile` have in common: everything is installed and built that
 * is missing, then one of the compiled programs runs.
 *
 *  1. Standard output is the program's own (`--json` is read by programs): what is said here goes
 *     to standard error.
 *  2. The library is compiled together with the benchmarks, beside `out/`, which tests may be
 *     using.
 *  3. The real kube-apiserver is built for who asks for the rows against it by name; who asks for
 *     all has them if it is there.
 *  4. Without a C++ compiler there are no rows of the native engine; the benchmarks say so.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';

import { buildBaseline } from './baseline.mjs';
import { installDependencies, nodeVersionProblem } from './install.mjs';
import { builtKubeApiserver, kubeApiserverPath } from './kube-apiserver.mjs';
import { buildLoadClient } from './load-client.mjs';
import { buildAddon } from './native.mjs';
import { ENTRY, inRoot, ROOT } from './project.mjs';
import { runNode, tail } from './run.mjs';
import { fingerprint, readStamp, removeStamp, writeStamp } from './stamp.mjs';
import { provideValgrind } from './valgrind.mjs';

const OUTPUT = 'build-bench';
const STAMP = 'bench';
const SOURCES = ['lib', 'bench', 'tsconfig.json', 'tsconfig.tests.json', 'package-lock.json'];

/** Prepares, runs `bench/PROGRAM` with the command line's arguments, and sets the exit code. */
export async function runBenchmarks(program, nodeArguments = []) {
  const write = process.stdout.write;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  try {
    await prepare();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
  process.stdout.write = write;
  const main = inRoot(OUTPUT, 'bench', program);
  const kubeApiserver = builtKubeApiserver();
  const env = { ...process.env };
  if (kubeApiserver !== undefined) env.SHARDWATCH_KUBE_APISERVER = kubeApiserver;
  const { status } = spawnSync(
    process.execPath,
    [...nodeArguments, main, ...process.argv.slice(2)],
    { cwd: ROOT, stdio: 'inherit', env },
  );
  process.exitCode = status ?? 1;
}

async function prepare() {
  const problem = nodeVersionProblem();
  if (problem !== undefined) throw new Error(problem);
  await installDependencies();
  const { built, reason } = await buildAddon();
  if (!built) console.error(`no native engine: ${reason}`);
  const baselineReason = await buildBaseline();
  if (baselineReason !== undefined) console.error(`no baseline: ${baselineReason}`);
  const clientReason = await buildLoadClient();
  if (clientReason !== undefined) console.error(`no client over sockets: ${clientReason}`);
  const valgrindReason = await provideValgrind();
  if (valgrindReason !== undefined) console.error(`no valgrind: ${valgrindReason}`);
  if (process.argv.slice(2).some((name) => name.startsWith('peer'))) {
    const reason = await kubeApiserverPath().then(
      () => undefined,
      (error) => error.message,
    );
    if (reason !== undefined) console.error(`no kube-apiserver: ${reason}`);
  }
  await compile();
}

async function compile() {
  const sources = fingerprint(SOURCES);
  if (readStamp(STAMP) === sources && existsSync(inRoot(OUTPUT))) return;
  console.error('compiling the benchmarks');
  removeStamp(STAMP);
  rmSync(inRoot(OUTPUT), { recursive: true, force: true });
  const { code, output } = await runNode([ENTRY.tsc, '-p', 'bench/tsconfig.json']);
  if (code !== 0) throw new Error(`the benchmarks do not compile\n${tail(output)}`);
  writeStamp(STAMP, sources);
}
