/**
 * Where things are in this checkout, and how the scripts speak.
 *
 * The scripts use only what Node ships: they run before dependencies are installed.
 */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What scripts keep between runs: stamps, fetched tools, logs. Ignored by git, safe to delete. */
export const CACHE = join(ROOT, '.cache');

export const inRoot = (...segments) => join(ROOT, ...segments);

/** The JavaScript entry point of an installed package's command, run with this Node. */
export const entryOf = (path) => inRoot('node_modules', path);

export const ENTRY = {
  tsc: entryOf('typescript/bin/tsc'),
  attw: entryOf('@arethetypeswrong/cli/dist/index.js'),
  ava: entryOf('ava/entrypoints/cli.mjs'),
  nodeGyp: entryOf('node-gyp/bin/node-gyp.js'),
  cmakeJs: entryOf('cmake-js/bin/cmake-js'),
  clangFormat: entryOf('clang-format/index.js'),
};

export function say(text) {
  process.stdout.write(`${text}\n`);
}
