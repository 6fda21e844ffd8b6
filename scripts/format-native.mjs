/**
 * `clang-format` over the C++ sources: in place, or with `--check` as a test that changes nothing.
 */

import { readdirSync } from 'node:fs';

import { ENTRY, inRoot } from './project.mjs';
import { runNode } from './run.mjs';

const FOLDERS = ['native', 'test/native'];

const files = FOLDERS.flatMap((folder) =>
  readdirSync(inRoot(folder), { recursive: true })
    .filter((file) => /\.(cc|h)$/.test(file))
    .map((file) => `${folder}/${file}`),
);
const mode = process.argv.includes('--check') ? ['--dry-run', '-Werror'] : ['-i'];
const { code } = await runNode([ENTRY.clangFormat, ...mode, ...files], { show: true });
process.exitCode = code;
