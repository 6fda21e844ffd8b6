/**
 * A clang with libFuzzer: the one that is installed, or Debian's, unpacked into `.cache/tools`.
 */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { unpackPackages } from './debian.mjs';
import { CACHE, say } from './project.mjs';
import { run } from './run.mjs';

const FOLDER = join(CACHE, 'tools/clang-debian');

const PROBE = `#include <cstddef>
#include <cstdint>
extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }
`;

/** Resolves to `{ compiler, env }`: the program, and what it needs to run. Throws with the reason. */
export async function findClang() {
  const installed = { compiler: process.env.CLANGXX ?? 'clang++', env: {} };
  if (await hasLibFuzzer(installed)) return installed;
  if (!existsSync(FOLDER)) {
    say('fetching clang (Debian packages, into .cache/tools)');
    await unpackPackages(chooseClang, FOLDER);
  }
  const unpacked = unpackedClang();
  if (await hasLibFuzzer(unpacked)) return unpacked;
  throw new Error(`the clang in ${FOLDER} does not work`);
}

// `clang` is a name for the version that this Debian has.
async function chooseClang(dependsOf) {
  const version = /clang-(\d+)/.exec(await dependsOf('clang'))?.[1];
  if (version === undefined) throw new Error('Debian names no version of clang');
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
