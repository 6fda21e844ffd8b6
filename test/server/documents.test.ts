/**
 * The examples in the documents run as they stand: every block of JavaScript is a program of its
 * own, against the built package, and prints what its comments say.
 */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { run } from '../witness/command.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DOCUMENTS = [
  'README.md',
  'docs/embedding.md',
  'docs/queue.md',
  'docs/virtual-resources.md',
  'docs/resources.md',
  'docs/storage.md',
  'docs/testing.md',
];

/** Comments of this form behind `console.log(…);` say what the line prints. */
const PRINTS = /console\.log\(.*\); \/\/ (.+)$/gm;

for (const document of DOCUMENTS) {
  test(`${document}: every example runs and prints what it says`, async (t) => {
    const text = await readFile(join(ROOT, document), 'utf8');
    const programs = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
    t.true(programs.length > 0);
    // Within the package, so that its own name resolves.
    const folder = join(ROOT, 'build', `examples-${process.pid}-${DOCUMENTS.indexOf(document)}`);
    await mkdir(folder, { recursive: true });
    try {
      for (const [index, program] of programs.entries()) {
        const file = join(folder, `example-${index}.mjs`);
        await writeFile(file, program);
        const { code, stdout, stderr } = await run(process.execPath, [file]);
        t.is(code, 0, `${program}\n${stderr}`);
        const expected = [...program.matchAll(PRINTS)].map((match) => match[1] ?? '');
        t.true(expected.length > 0, `an example that shows nothing:\n${program}`);
        t.deepEqual(stdout.trimEnd().split('\n'), expected);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
