/**
 * `npm run fuzz`: builds the fuzz targets of the core with clang, AddressSanitizer and UBSan, and
 * runs each for a while.
 *
 *     npm run fuzz -- [--seconds N] [TARGET...]      600 seconds each
 *
 *  1. It begins at the corpus in test/native/fuzz/corpus and adds to it what reaches more code.
 *  2. What fails is kept in `.cache/fuzz/findings` and told; the corpus gets it once it passes.
 *  3. Without clang there is no fuzzing: the corpus alone is run, and that is said.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { findClang } from './clang.mjs';
import { buildWithCmake } from './native.mjs';
import { CACHE, inRoot, say } from './project.mjs';
import { run, tail } from './run.mjs';

/**
 * Longest inputs, in bytes: what a target makes of more is more of the same, and slower. To weigh
 * inputs by how rare is what they reach takes as long as to run those of `history`.
 */
const TARGETS = {
  directory: { bytesMax: 512, isWeighed: true },
  history: { bytesMax: 512, isWeighed: false },
  scan: { bytesMax: 1024, isWeighed: true },
  scope: { bytesMax: 256, isWeighed: true },
};

const SECONDS = 600;

/** Of one target's corpus; beyond, it is chosen anew, as few as reach the same. */
const INPUTS_MAX = 1000;

/** One input; the longest take milliseconds. */
const INPUT_TIMEOUT_SECONDS = 20;

/** Reading the corpus and merging, on top of the seconds asked for. */
const OVERHEAD_MS = 10 * 60_000;

const BUILD = 'build-fuzz';
const CORPUS = inRoot('test/native/fuzz/corpus');
const FOUND = join(CACHE, 'fuzz');
const FINDINGS = join(FOUND, 'findings');

/** Others may be working on this machine. */
const NICENESS = 10;

try {
  const { seconds, targets } = readArguments();
  setPriority(NICENESS);
  const clang = await findClang().catch((error) => error);
  const failed =
    clang instanceof Error ? await runCorpus(clang) : await fuzz(clang, targets, seconds);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function readArguments() {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: String(SECONDS) } },
    allowPositionals: true,
  });
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1) throw new Error('--seconds is not a whole number');
  const unknown = positionals.find((name) => !Object.hasOwn(TARGETS, name));
  if (unknown !== undefined) throw new Error(`no such target: ${unknown}`);
  return { seconds, targets: positionals.length > 0 ? positionals : Object.keys(TARGETS) };
}

async function runCorpus(reason) {
  say(`no fuzzing: ${reason.message}`);
  const addon = await buildWithCmake('address');
  const program = join(addon, '../../fuzz_corpus');
  const { code, output } = await run(program, [CORPUS]);
  say(code === 0 ? 'the corpus alone was run: nothing found' : tail(output));
  return code;
}

async function fuzz(clang, targets, seconds) {
  await build(clang);
  mkdirSync(FINDINGS, { recursive: true });
  const waiting = [...targets];
  let failed = 0;
  const work = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      if (!(await fuzzTarget(target, seconds))) failed++;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  say(`${targets.length - failed} passed, ${failed} failed`);
  return failed;
}

async function build({ compiler, env }) {
  say(`building the fuzz targets (${compiler}, ${BUILD})`);
  const options = ['FUZZ=ON', 'TESTS=OFF', 'SANITIZE=address'];
  const configure = [
    ...['-S', '.', '-B', BUILD, '-DCMAKE_BUILD_TYPE=RelWithDebInfo'],
    ...options.map((option) => `-DSHARDWATCH_${option}`),
    `-DCMAKE_CXX_COMPILER=${compiler}`,
  ];
  const configured = await run('cmake', configure, { env });
  if (configured.missing) throw new Error('there is no cmake');
  if (configured.code !== 0) {
    // Perhaps it was made with a compiler that is gone.
    rmSync(inRoot(BUILD), { recursive: true, force: true });
    await cmake(configure, env);
  }
  await cmake(['--build', BUILD, '--parallel', String(availableParallelism())], env);
}

async function cmake(args, env) {
  const { code, output } = await run('cmake', args, { env });
  if (code !== 0) throw new Error(`cmake failed\n${tail(output, 80)}`);
}

async function fuzzTarget(target, seconds) {
  const { bytesMax, isWeighed } = TARGETS[target];
  const found = join(FOUND, target);
  const corpus = join(CORPUS, target);
  for (const folder of [found, corpus]) mkdirSync(folder, { recursive: true });
  const dictionary = inRoot(`test/native/fuzz/${target}.dict`);
  say(`fuzzing ${target} for ${seconds} s, from ${readdirSync(corpus).length} inputs`);
  const { code, output } = await libFuzzer(target, seconds * 1000, [
    `-max_total_time=${seconds}`,
    `-max_len=${bytesMax}`,
    `-timeout=${INPUT_TIMEOUT_SECONDS}`,
    `-artifact_prefix=${FINDINGS}/${target}-`,
    `-entropic=${Number(isWeighed)}`,
    '-reload=0',
    '-print_final_stats=1',
    ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
    found,
    corpus,
  ]);
  if (code !== 0) {
    tellFinding(target, output);
    return false;
  }
  const runs = /stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? '0';
  await merge(target, found, corpus);
  say(`${target}: ${runs} inputs, nothing found; the corpus has ${readdirSync(corpus).length}`);
  return true;
}

function tellFinding(target, output) {
  say(tail(output, 60));
  const path = /Test unit written to (\S+)/.exec(output)?.[1];
  if (path === undefined || !existsSync(path)) return;
  say(`${target} fails for ${basename(path)} (${FINDINGS}):`);
  say(`  ${readFileSync(path).toString('base64')}`);
}

// What reaches code that the corpus does not; of a corpus that has grown too many, as few as do.
async function merge(target, found, corpus) {
  await must(target, ['-merge=1', corpus, found]);
  rmSync(found, { recursive: true });
  if (readdirSync(corpus).length <= INPUTS_MAX) return;
  mkdirSync(found);
  await must(target, ['-set_cover_merge=1', found, corpus]);
  rmSync(corpus, { recursive: true });
  cpSync(found, corpus, { recursive: true });
  rmSync(found, { recursive: true });
}

async function must(target, args) {
  const { code, output } = await libFuzzer(target, 0, args);
  if (code !== 0) throw new Error(`merging the corpus of ${target} failed\n${tail(output)}`);
}

function libFuzzer(target, timeMs, args) {
  return run(inRoot(BUILD, `fuzz_${target}`), args, { timeoutMs: timeMs + OVERHEAD_MS });
}
