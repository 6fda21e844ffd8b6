/**
 * Building the native part, both ways: node-gyp for what ships, cmake-js for developers.
 *
 *  1. No compiler is no error: the JavaScript engine serves, and the reason is kept in
 *     `build/native-build.json` for whoever asks why.
 *  2. Nothing is downloaded where Node's headers are beside Node.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

import { ENTRY, inRoot, say } from './project.mjs';
import { run, runNode, tail } from './run.mjs';
import { fingerprint, readStamp, removeStamp, writeStamp } from './stamp.mjs';

const STAMP = 'native';

/** What an addon is built from, besides the machine. */
export const ADDON_SOURCES = ['native', 'binding.gyp', 'package-lock.json'];

const REPORT = 'build/native-build.json';

export const SHIPPED_ADDON = 'build/Release/shardwatch.node';

/** Where each developers' build goes. */
export const CMAKE_FOLDERS = { '': 'build-cmake', address: 'build-asan', thread: 'build-tsan' };

/** Where headers have to be fetched from afar, a build must not wait for ever. */
const BUILD_TIMEOUT_MS = 10 * 60_000;

const PROBE_TIMEOUT_MS = 30_000;

/** Why nothing native can be built here, or undefined. */
export async function toolchainProblem() {
  if (process.platform === 'win32') return undefined;
  const compiler = process.env.CXX ?? 'c++';
  const probe = (command, args, input) =>
    run(command, args, { input, timeoutMs: PROBE_TIMEOUT_MS });
  const compiled = await probe(
    compiler,
    ['-std=c++20', '-x', 'c++', '-fsyntax-only', '-'],
    '#include <compare>\n#include <span>\nint main() {}\n',
  );
  if (compiled.missing) return `there is no C++ compiler (${compiler})`;
  if (compiled.code !== 0) return `the C++ compiler (${compiler}) does not know C++20`;
  const make = process.env.MAKE ?? 'make';
  if ((await probe(make, ['--version'])).code !== 0) return `there is no ${make}`;
  const python = process.env.PYTHON ?? process.env.npm_config_python ?? 'python3';
  if ((await probe(python, ['--version'])).code !== 0) return `node-gyp needs Python (${python})`;
  return undefined;
}

/**
 * Builds what ships. Resolves to `{ built, reason }`; `reason` says why it was not built, and
 * `missing` that it is for want of tools.
 */
export async function buildAddon() {
  const sources = fingerprint(ADDON_SOURCES, `${process.platform} ${process.arch}`);
  if (readStamp(STAMP) === sources && existsSync(inRoot(SHIPPED_ADDON))) return { built: true };
  removeStamp(STAMP);
  const problem = await toolchainProblem();
  if (problem !== undefined) return keepReport({ built: false, missing: true, reason: problem });
  say('building the addon (node-gyp)');
  const { code, output } = await runNodeGyp();
  if (code !== 0 || !existsSync(inRoot(SHIPPED_ADDON))) {
    return keepReport({ built: false, reason: 'node-gyp failed', output: tail(output) });
  }
  writeStamp(STAMP, sources);
  return keepReport({ built: true });
}

/** node-gyp's build of binding.gyp in the folder `options.cwd`, this checkout's by default. */
export function runNodeGyp(more = [], options = {}) {
  const jobs = ['-j', String(availableParallelism())];
  return runNode(
    [ENTRY.nodeGyp, 'configure', 'build', '--release', ...jobs, ...headerArguments(), ...more],
    { timeoutMs: BUILD_TIMEOUT_MS, ...options },
  );
}

/** What the last `buildAddon` came to, or undefined. */
export function readReport() {
  try {
    return JSON.parse(readFileSync(inRoot(REPORT), 'utf8'));
  } catch {
    return undefined;
  }
}

function keepReport(report) {
  mkdirSync(dirname(inRoot(REPORT)), { recursive: true });
  writeFileSync(inRoot(REPORT), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

// Without these node-gyp downloads the headers, even where they are installed with Node.
function headerArguments() {
  if (process.env.npm_config_nodedir) return [];
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/common.gypi')) ? [`--nodedir=${prefix}`] : [];
}

/** Builds addon and tests of the core by cmake-js. Throws with the reason. */
export async function buildWithCmake(sanitizer = '') {
  if ((await run('cmake', ['--version'])).code !== 0) {
    const advice = 'CMake is not installed (Debian: apt-get install cmake)';
    throw new Error(`${advice}, so that the tests of the C++ core can't be built and run`);
  }
  await installGoogleTest();
  const folder = CMAKE_FOLDERS[sanitizer];
  say(`building core, addon and C++ tests (cmake-js, ${folder})`);
  const { code, output } = await runNode(
    [ENTRY.cmakeJs, 'build', '--out', folder, `--CDSHARDWATCH_SANITIZE=${sanitizer}`],
    { timeoutMs: BUILD_TIMEOUT_MS },
  );
  if (code !== 0) throw new Error(`cmake-js failed\n${tail(output, 80)}`);
  return inRoot(folder, 'Release/shardwatch.node');
}

async function installGoogleTest() {
  if (await hasGoogleTest()) return;
  const advice = 'GoogleTest is not installed (Debian: apt-get install libgtest-dev)';
  if (process.getuid?.() !== 0) throw new Error(advice);
  const install = () =>
    run('apt-get', ['install', '-y', '--no-install-recommends', 'libgtest-dev']);
  say('installing GoogleTest (apt-get install libgtest-dev)');
  let result = await install();
  if (result.missing) throw new Error(advice);
  if (result.code !== 0) {
    await run('apt-get', ['update']);
    result = await install();
  }
  if (result.code !== 0 || !(await hasGoogleTest())) {
    throw new Error(`${advice}; installing it failed\n${tail(result.output)}`);
  }
}

async function hasGoogleTest() {
  const { code } = await run(process.env.CXX ?? 'c++', ['-x', 'c++', '-fsyntax-only', '-'], {
    input: '#include <gtest/gtest.h>\n',
  });
  return code === 0;
}

/** Runs the tests of the core. Resolves to `{ passed, failed, output }`. */
export async function runCtest(sanitizer = '') {
  const { code, output } = await run('ctest', [
    '--test-dir',
    CMAKE_FOLDERS[sanitizer],
    '--output-on-failure',
    '--no-tests=error',
  ]);
  return { ...readCtest(output, code), output };
}

/** The totals of ctest's output; a run that tells none is one failure. */
export function readCtest(output, code) {
  const totals = /(\d+) tests failed out of (\d+)/.exec(output);
  const failed = Number(totals?.[1] ?? 0);
  const passed = Number(totals?.[2] ?? 0) - failed;
  return { passed, failed: code === 0 && passed > 0 ? failed : Math.max(failed, 1) };
}
