/**
 * A compiler for 64-bit ARM, and a processor to run what it made: out of Debian packages, unpacked
 * into `.cache/tools`. Only on Linux on x64, where the packages' programs run.
 */

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { unpackPackages } from './debian.mjs';
import { CACHE, say } from './project.mjs';
import { run, tail } from './run.mjs';

const TOOLCHAIN = join(CACHE, 'tools/aarch64-debian');
const EMULATOR = join(CACHE, 'tools/qemu-aarch64');
const COMPILER_PACKAGE = 'g++-12-aarch64-linux-gnu';
const EMULATOR_PACKAGE = 'qemu-user-static';

/** Resolves to the environment in which node-gyp compiles for it. Throws with the reason. */
export async function aarch64Environment() {
  if (!existsSync(TOOLCHAIN)) {
    say('fetching a compiler for aarch64 (Debian packages, into .cache/tools)');
    requireHost();
    await unpackPackages(() => [COMPILER_PACKAGE], TOOLCHAIN);
  }
  const program = (name) => join(TOOLCHAIN, 'usr/bin', `aarch64-linux-gnu-${name}`);
  const compiler = (name) => `${program(name)} --sysroot=${TOOLCHAIN}`;
  const env = {
    CC: compiler('gcc-12'),
    CXX: compiler('g++-12'),
    AR: program('ar'),
    // What the compiler's own programs are linked against.
    LD_LIBRARY_PATH: join(TOOLCHAIN, 'usr/lib/x86_64-linux-gnu'),
  };
  const probe = await run(program('g++-12'), ['-fsyntax-only', '-xc++', '-std=c++20', '-'], {
    env,
    input: 'int main() {}\n',
  });
  if (probe.code !== 0) throw new Error(`the compiler does not work\n${tail(probe.output)}`);
  return env;
}

/**
 * Resolves to a program and its first arguments that run a program of aarch64, with the C and C++
 * libraries of the toolchain. Throws with the reason.
 */
export async function aarch64Emulator() {
  await aarch64Environment();
  if (!existsSync(EMULATOR)) {
    say('fetching qemu (Debian package, into .cache/tools)');
    requireHost();
    await unpackEmulator();
  }
  return [EMULATOR, '-L', join(TOOLCHAIN, 'usr/aarch64-linux-gnu')];
}

// The package has a program for every processor; one of them is wanted.
async function unpackEmulator() {
  const folder = `${EMULATOR}-package`;
  await unpackPackages(() => [EMULATOR_PACKAGE], folder);
  mkdirSync(dirname(EMULATOR), { recursive: true });
  renameSync(join(folder, 'usr/bin/qemu-aarch64-static'), EMULATOR);
  rmSync(folder, { recursive: true, force: true });
}

function requireHost() {
  if (process.platform === 'linux' && process.arch === 'x64') return;
  throw new Error(
    `the tools for aarch64 run on linux x64, not ${process.platform} ${process.arch}`,
  );
}
