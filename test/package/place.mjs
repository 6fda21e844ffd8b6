/**
 * A folder in which somebody has installed the package, and running things in it.
 */

import { cpSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { entryOf } from '../../scripts/project.mjs';
import { run, runNode, tail } from '../../scripts/run.mjs';

const CONSUMER = join(import.meta.dirname, 'consumer');

/** What npm needs on a system that can compile nothing. */
const BARE_PROGRAMS = ['node', 'npm', 'sh', 'env'];

/** The environment of a user: nothing of ours decides which engine there is. */
const USER_ENVIRONMENT = { SHARDWATCH_ENGINE: '', SHARDWATCH_ADDON: '', NODE_OPTIONS: '' };

const INSTALL_TIMEOUT_MS = 5 * 60_000;
const RUN_TIMEOUT_MS = 2 * 60_000;

/** Makes `folder` an empty project with what `consumer/` holds. Returns it. */
export function emptyPlace(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  for (const name of readdirSync(CONSUMER)) cpSync(join(CONSUMER, name), join(folder, name));
  return folder;
}

/** Installs the tarball in an empty project. `env` may hold a PATH. Returns the folder. */
export async function install(tarball, folder, { scripts = true, env = {} } = {}) {
  emptyPlace(folder);
  const args = ['install', tarball, `--ignore-scripts=${!scripts}`, '--no-audit', '--no-fund'];
  const { code, output } = await run('npm', [...args, '--prefer-offline'], {
    cwd: folder,
    env: { ...USER_ENVIRONMENT, ...env },
    timeoutMs: INSTALL_TIMEOUT_MS,
  });
  if (code !== 0) throw new Error(`npm install failed\n${tail(output)}`);
  return folder;
}

/** A PATH with npm and what it runs, and nothing that compiles; its programs are in `folder`. */
export function barePath(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of BARE_PROGRAMS) {
    symlinkSync(name === 'node' ? process.execPath : programOnPath(name), join(folder, name));
  }
  return folder;
}

function programOnPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      return realpathSync(join(folder, name));
    } catch {
      // It may be in the next one.
    }
  }
  throw new Error(`there is no ${name} on the PATH`);
}

/**
 * Runs a file of the project by Node and resolves to the JSON that it prints last. `program` is the
 * command in front of the file: another Node, or one behind an emulator.
 */
export async function runFile(folder, file, { program = [process.execPath], args = [], env } = {}) {
  const [command, ...first] = program;
  const { code, output } = await run(command, [...first, join(folder, file), ...args], {
    cwd: folder,
    env: { ...USER_ENVIRONMENT, ...env },
    timeoutMs: RUN_TIMEOUT_MS,
  });
  if (code !== 0) throw new Error(`${file} ended with ${code}\n${tail(output)}`);
  return JSON.parse(output.trimEnd().split('\n').at(-1));
}

/** Runs the installed command as a script of the project would. */
export function runCommand(folder, args, env = {}) {
  return run('npx', ['--no-install', 'shardwatch', ...args], {
    cwd: folder,
    env: { ...USER_ENVIRONMENT, ...env },
    timeoutMs: RUN_TIMEOUT_MS,
  });
}

/** Copies a project as it is, the links in it too. Returns the copy. */
export function copyPlace(place, folder) {
  cpSync(place, folder, { recursive: true, verbatimSymlinks: true });
  return folder;
}

/** Types that a project on Node in TypeScript has of its own. */
export function addNodeTypes(folder) {
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(entryOf(name), join(folder, 'node_modules', name), { recursive: true });
  }
}

/** Compiles a file as a user does, with these options. Throws what is wrong. */
export async function compile(folder, file, options) {
  const args = ['--strict', '--noEmit', '--target', 'es2023', '--types', 'node', ...options, file];
  const { code, output } = await runNode([entryOf('typescript/bin/tsc'), ...args], {
    cwd: folder,
    timeoutMs: RUN_TIMEOUT_MS,
  });
  if (code !== 0) throw new Error(`${file} does not compile\n${tail(output)}`);
}
