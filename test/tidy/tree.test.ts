/** The rules of the tree, held against the tree itself. */

import test from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { documentRule, withFolders } from './documents.js';
import { addonRule, importRule, includeRule } from './imports.js';
import { checkDependencies, checkManifest } from './manifest.js';
import type { Manifest } from './manifest.js';
import { describe, readTree, ROOT } from './source.js';
import type { Rule } from './source.js';
import {
  anyRule,
  checkNativeSources,
  fileLengthRule,
  headerRule,
  lineLengthRule,
  nameRule,
  placeRule,
  testModifierRule,
  unfinishedRule,
} from './text.js';

const files = readTree();
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

const RULES: readonly (readonly [behaviour: string, rule: Rule])[] = [
  [
    'folders import from above, through doors, and only dependencies',
    importRule(new Set(Object.keys(manifest.dependencies))),
  ],
  ['only the engine touches the addon', addonRule],
  ['the C++ core is plain C++', includeRule],
  ['every name says something', nameRule],
  ['every source opens with a comment', headerRule],
  ['no file is too long', fileLengthRule],
  ['no line is too long', lineLengthRule],
  ['every test runs', testModifierRule],
  ["nothing is of type 'any'", anyRule],
  ['nothing is left for later', unfinishedRule],
  ['nothing tells where it was written', placeRule],
  ['what documents link to and name is there', documentRule(withFolders(files))],
];

for (const [behaviour, rule] of RULES) {
  test(behaviour, (t) => {
    t.is(describe(files.flatMap(rule)), '');
  });
}

test('the list of C++ sources is what is there', (t) => {
  t.is(describe(checkNativeSources(files)), '');
});

test('every door is a subpath of the package, and every subpath a door', (t) => {
  t.is(describe(checkManifest(manifest, new Set(files.map((file) => file.path)))), '');
});

test('every dependency is used', (t) => {
  const library = files.filter((file) => /^lib\/.*\.ts$/.test(file.path));
  const text = library.map((file) => file.text).join('\n');
  t.is(describe(checkDependencies(manifest.dependencies, text)), '');
});

for (const subpath of Object.keys(manifest.exports).filter((path) => !path.endsWith('.json'))) {
  const name = manifest.name + subpath.slice(1);
  test(`users can import ${name}`, async (t) => {
    const door = (await import(name)) as object;
    t.true(Object.keys(door).length > 0);
  });
}
