/** Every invariant has tests that run, and every test of an invariant is in the table. */

import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../../tidy/source.js';
import { type Ground, PROOFS } from './proofs.js';

const COUNT = 24;
const numbers = Array.from({ length: COUNT }, (_, index) => index + 1);

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Files that ava runs, and those that they import their declarations from, begin like this. */
const TEST_FILE = /^test\/.*\.test\.ts$/;

test('every invariant is told and has a proof', (t) => {
  const told = [...read('docs/invariants.md').matchAll(/^(\d+)\. /gm)].map(
    ([, digits]) => +digits!,
  );
  t.deepEqual(told, numbers);
  t.deepEqual([...PROOFS.keys()], numbers);
  for (const [number, proofs] of PROOFS) {
    const grounds = new Set<Ground>(proofs.flatMap(({ on }) => on));
    for (const ground of ['memory', 'lmdb'] as const) t.true(grounds.has(ground), `${number}`);
  }
});

for (const number of numbers) {
  test(`invariant ${number}: its tests are there`, (t) => {
    const proofs = PROOFS.get(number)!;
    t.true(proofs.length > 0);
    for (const { file, title } of proofs) {
      t.regex(file, TEST_FILE);
      t.true(
        declarations(read(file)).some((text) => text.includes(title)),
        `${file}: ${title}`,
      );
    }
  });
}

test('every test that names an invariant is a proof of it', (t) => {
  const folder = 'test/model/invariants';
  const files = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.test.ts'));
  let found = 0;
  for (const name of files) {
    const file = `${folder}/${name}`;
    for (const [, digits, title] of read(file).matchAll(
      /^invariantTest\(\s*(\d+),\s*'((?:[^'\\]|\\.)*)'/gm,
    )) {
      const proofs = PROOFS.get(Number(digits)) ?? [];
      t.true(
        proofs.some((proof) => proof.file === file && proof.title === title),
        `${digits}: ${title}`,
      );
      found++;
    }
  }
  t.true(found >= COUNT);
});

/** The beginnings of calls that declare tests, with their titles. */
function declarations(text: string): string[] {
  return text.match(/\b\w*[tT]est\(\s*(?:\d+,\s*)?['`"][^]*?['`"],/g) ?? [];
}
