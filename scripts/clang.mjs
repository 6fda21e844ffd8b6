/**
 * A clang with libFuzzer that knows the C++20 of the core: the one that is installed, or one of
 * Debian's, unpacked into `.cache/tools`.
 */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { unpackPackages } from './debian.mjs';
import { CACHE, say } from './project.mjs';
import { run } from './run.mjs';

const FOLDER = join(CACHE, 'tools/clang-debian');

/** The first that initialises aggregates with parentheses, as the standard library does for us. */
const VERSION_MIN = 16;

const PROBE = `#include <cstddef>
#include <cstdint>
struct Aggregate { int member; };
Aggregate aggregate(1);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }
`;

/** Resolves to `{ compiler, env }`, a program and what it runs with. Throws with the reason. */
export async function findClang() {
  const installed = { compiler: process.env.CLANGXX ?? 'clang++', env: {} };
  if (await hasLibFuzzer(installed)) return installed;
  if (existsSync(FOLDER) && (await hasLibFuzzer(unpackedClang()))) return unpackedClang();
  say('fetching clang (Debian packages, into .cache/tools)');
  await unpackPackages(chooseClang, FOLDER);
  if (await hasLibFuzzer(unpackedClang())) return unpackedClang();
  throw new Error(`the clang in ${FOLDER} does not work`);
}

// The oldest that will do: the newer, the larger.
async function chooseClang(namesLike) {
  const versionsOf = async (pattern) =>
    (await namesLike('libclang-rt-', 'clang-')).flatMap((name) => {
      const version = Number(pattern.exec(name)?.[1] ?? 0);
      return version >= VERSION_MIN ? [version] : [];
    });
  const runtimes = await versionsOf(/^libclang-rt-(\d+)-dev$/);
  const compilers = await versionsOf(/^clang-(\d+)$/);
  const both = compilers.filter((version) => runtimes.includes(version));
  if (both.length === 0) throw new Error(`Debian has no clang from ${VERSION_MIN} on here`);
  const version = Math.min(...both);
  return [`clang-${version}`, `libclang-common-${version}-dev`, `libclang-rt-${version}-dev`];
}

function unpackedClang() {
  const libraries = join(FOLDER, 'usr/lib');
  const folders = readdirSync(libraries);
  const llvm = folders.find((name) => /^llvm-\d+$/.test(name)) ?? 'llvm';
  const paths = folders.filter((name) => name.endsWith('-linux-gnu'));
  const search = [...paths, `${llvm}/lib`].map((name) => join(libraries, name)).join(':');
  return {
    compiler: join(libraries, llvm, 'bin/clang++'),
    env: { LD_LIBRARY_PATH: [search, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':') },
  };
}

async function hasLibFuzzer({ compiler, env }) {
  mkdirSync(CACHE, { recursive: true });
  const program = join(CACHE, `libfuzzer-probe-${process.pid}`);
  try {
    const { code } = await run(
      compiler,
      ['-std=c++20', '-fsanitize=fuzzer,address,undefined', '-x', 'c++', '-', '-o', program],
      { env, input: PROBE },
    );
    return code === 0;
  } finally {
    rmSync(program, { force: true });
  }
}
