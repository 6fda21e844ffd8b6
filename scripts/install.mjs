/**
 * Dependencies as the lock file names them, installed only when they are not there.
 *
 *  1. Never with lifecycle scripts: nothing that we depend on needs one.
 *  2. A folder that already holds what the lock names is taken as it is, however it came about.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { inRoot, say } from './project.mjs';
import { runNpm, tail } from './run.mjs';
import { readStamp, writeStamp } from './stamp.mjs';

/** The oldest Node that is supported, as `engines` in package.json has it. */
const NODE_MINIMUM = [20, 19];

const STAMP = 'install';
const ATTEMPTS = 2;

export function nodeVersionProblem(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  const [needMajor, needMinor] = NODE_MINIMUM;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return undefined;
  return `Node ${NODE_MINIMUM.join('.')} or newer is needed; this is ${version}`;
}

/** Throws with npm's own words where the installation fails. */
export async function installDependencies() {
  const lock = readFileSync(inRoot('package-lock.json'), 'utf8');
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (readStamp(STAMP) === wanted && existsSync(inRoot('node_modules'))) return;
  if (!holdsWhatIsLocked(JSON.parse(lock))) await installFromLock();
  writeStamp(STAMP, wanted);
}

async function installFromLock() {
  say('installing dependencies (npm ci)');
  for (let attempt = 1; ; attempt++) {
    const { code, output } = await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
    if (code === 0) return;
    if (attempt === ATTEMPTS) throw new Error(`npm ci failed\n${tail(output)}`);
    say('npm ci failed; once more');
  }
}

// npm keeps a copy of the lock of what it installed.
function holdsWhatIsLocked(lock) {
  let installed;
  try {
    installed = JSON.parse(readFileSync(inRoot('node_modules/.package-lock.json'), 'utf8'));
  } catch {
    return false;
  }
  return Object.entries(lock.packages).every(([path, { version, optional }]) => {
    if (path === '') return true;
    const there = installed.packages[path];
    return there === undefined ? optional === true : there.version === version;
  });
}
