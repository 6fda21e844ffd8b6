/**
 * `npm run prebuild`: the addons that travel inside the package, into `build-prebuilds/`.
 *
 *  1. They are what node-gyp builds from binding.gyp: that of this machine is the one that the
 *     tests run, the other one is compiled for its processor with the same flags.
 *  2. They are not put where the loader looks: a checkout runs what was built last, not what was
 *     packed some time before. scripts/pack.mjs puts them into the package.
 *  3. None asks for a C library newer than GLIBC_MAX, or for a C++ library at all.
 */

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { aarch64Environment } from './aarch64.mjs';
import { compareVersions, newestVersion, readElf } from './elf.mjs';
import { installDependencies } from './install.mjs';
import { ADDON_SOURCES, buildAddon, runNodeGyp, SHIPPED_ADDON } from './native.mjs';
import { inRoot, say } from './project.mjs';
import { fingerprint, readStamp, removeStamp, writeStamp } from './stamp.mjs';

/** As docs/installing.md promises. Node 20 itself asks for 2.28. */
export const GLIBC_MAX = '2.17';

/** The platforms that the package has an addon for, as the loader names their files. */
export const PREBUILDS = ['linux-x64', 'linux-arm64'];

const FOLDER = 'build-prebuilds';

export const prebuildFile = (platform) => inRoot(FOLDER, `${platform}.node`);

/** Builds what changed. Throws with the reason where one can't be built or asks for too much. */
export async function buildPrebuilds() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`prebuilds are made on linux x64, not ${process.platform} ${process.arch}`);
  }
  mkdirSync(inRoot(FOLDER), { recursive: true });
  await buildHere();
  await buildForArm();
  for (const platform of PREBUILDS) {
    const problem = prebuildProblem(platform, readFileSync(prebuildFile(platform)));
    if (problem !== undefined) throw new Error(`${platform}.node: ${problem}`);
  }
}

/** What was built, as a line each: how large it is, and what it asks for. */
export function describePrebuilds() {
  return PREBUILDS.map((platform) => {
    const bytes = readFileSync(prebuildFile(platform));
    const glibc = newestVersion(readElf(bytes).needed, 'GLIBC');
    return `${platform}.node: ${bytes.length} bytes, asks for glibc ${glibc}`;
  });
}

/** What is wrong with the bytes of an addon for a platform such as `linux-x64`, or undefined. */
export function prebuildProblem(platform, bytes) {
  const { arch, sections, needed } = readElf(bytes);
  if (platform !== `linux-${arch}`) return `it is for ${arch}`;
  if (sections.some((name) => name.startsWith('.debug'))) return 'it carries debug sections';
  const glibc = newestVersion(needed, 'GLIBC');
  if (glibc === undefined) return 'it is not linked against glibc';
  if (compareVersions(glibc, GLIBC_MAX) > 0) {
    return `it asks for glibc ${glibc}; the documentation promises ${GLIBC_MAX}`;
  }
  if (newestVersion(needed, 'GLIBCXX') !== undefined) {
    return "it asks for the system's C++ library, which may be older";
  }
  return undefined;
}

async function buildHere() {
  const { built, reason, output = '' } = await buildAddon();
  if (!built) throw new Error(`linux-x64.node: ${reason}\n${output}`);
  copyFileSync(inRoot(SHIPPED_ADDON), prebuildFile('linux-x64'));
}

async function buildForArm() {
  const stamp = 'prebuild-linux-arm64';
  const sources = fingerprint([...ADDON_SOURCES, 'scripts/aarch64.mjs']);
  if (readStamp(stamp) === sources && existsSync(prebuildFile('linux-arm64'))) return;
  removeStamp(stamp);
  const env = await aarch64Environment();
  say('building the addon for linux arm64 (node-gyp)');
  const cwd = stage('linux-arm64');
  const { code, output } = await runNodeGyp(['--arch=arm64'], { cwd, env });
  const made = join(cwd, SHIPPED_ADDON);
  if (code !== 0 || !existsSync(made)) throw new Error(`linux-arm64.node: not built\n${output}`);
  copyFileSync(made, prebuildFile('linux-arm64'));
  writeStamp(stamp, sources);
}

// node-gyp builds in the folder of binding.gyp, where the addon of this machine already is.
function stage(platform) {
  const folder = inRoot(FOLDER, platform);
  mkdirSync(folder, { recursive: true });
  for (const name of ['binding.gyp', 'native', 'node_modules', 'package.json']) {
    rmSync(join(folder, name), { force: true });
    symlinkSync(inRoot(name), join(folder, name));
  }
  return folder;
}

if (process.argv[1] === import.meta.filename) {
  try {
    await installDependencies();
    await buildPrebuilds();
    for (const line of describePrebuilds()) say(line);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
