/** The planted bugs of `npm run mutants`: each can still be made, and has a test that must fail. */

import test from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { PROOFS } from '../model/invariants/proofs.js';
import { ROOT } from './source.js';

interface Mutation {
  readonly invariant: number;
  readonly bug: string;
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
  readonly test: readonly [file: string, title: string];
}

const module = pathToFileURL(join(ROOT, 'scripts/mutations.mjs')).href;
const { MUTATIONS } = (await import(module)) as { MUTATIONS: readonly Mutation[] };

for (const { invariant, bug, file, text, replacement, test: proof } of MUTATIONS) {
  test(`invariant ${invariant}: ${bug}, in ${file}`, (t) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    t.is(source.split(text).length - 1, 1, `${file} has it once: ${text}`);
    t.not(text, replacement);
    const [proofFile, title] = proof;
    const proofs = PROOFS.get(invariant) ?? [];
    t.true(proofs.some((one) => one.file === proofFile && one.title === title));
  });
}

test('every invariant has a planted bug, and some are in C++', (t) => {
  const planted = new Set(MUTATIONS.map(({ invariant }) => invariant));
  t.deepEqual(
    [...PROOFS.keys()].filter((invariant) => !planted.has(invariant)),
    [],
  );
  t.true(MUTATIONS.some(({ file }) => file.startsWith('native/')));
});
