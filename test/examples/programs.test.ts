/** The programs in examples/ run as they stand, on every engine, and print what they say. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

import { run } from '../witness/command.js';

const FOLDER = fileURLToPath(new URL('../../../examples/', import.meta.url));

/** The indented lines behind `Prints:` in the opening comment. */
const PRINTS = /^\/\*\*[^]*? \* Prints:\n((?: \* {3}.*\n)+) \*\/$/m;

/** Those of the folder itself, and of folders in it those that say what they print. */
const PROGRAMS = readdirSync(FOLDER, { recursive: true })
  .map((name) => String(name))
  .filter((name) => name.endsWith('.mjs'))
  .filter((name) => !name.includes('/') || PRINTS.test(readFileSync(join(FOLDER, name), 'utf8')));

for (const program of PROGRAMS) {
  test(`${program} prints what it says`, async (t) => {
    const [, block = ''] = PRINTS.exec(readFileSync(join(FOLDER, program), 'utf8')) ?? [];
    t.not(block, '', 'its opening comment does not say what it prints');
    const { code, stdout, stderr } = await run(process.execPath, [join(FOLDER, program)]);
    t.is(code, 0, stderr);
    t.is(stdout, block.replaceAll(/^ \* {3}/gm, ''));
  });
}

test('the list of examples names each of them', (t) => {
  const list = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  const named = new Set([...list.matchAll(/^\| \[.*?\]\((.+?\.mjs)\)/gm)].map(([, name]) => name));
  t.deepEqual(
    PROGRAMS.filter((program) => !named.has(program)),
    [],
  );
});
