/**
 * The rules of the tree, shown to bite: each against texts that keep it and texts that break it.
 *
 * Words that a rule looks for are put together here, so that this file does not break the rule.
 */

import test from 'ava';

import { documentRule, withFolders } from './documents.js';
import { addonRule, importRule, includeRule } from './imports.js';
import { checkDependencies, checkManifest } from './manifest.js';
import type { Manifest } from './manifest.js';
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

interface Case {
  readonly path: string;
  readonly text: string;
  /** Lines that are found, or 0 for the file as a whole; empty where the rule is kept. */
  readonly found: readonly number[];
}

function registerCases(name: string, rule: Rule, cases: { readonly [about: string]: Case }): void {
  for (const [about, { path, text, found }] of Object.entries(cases)) {
    test(`${name}: ${about}`, (t) => {
      const findings = rule({ path, text });
      t.deepEqual(
        findings.map(({ line }) => line ?? 0),
        found,
        findings.map(({ message }) => message).join('\n'),
      );
      for (const finding of findings) t.is(finding.path, path);
    });
  }
}

const broken = (path: string, text: string, ...lines: number[]): Case => ({
  path,
  text,
  found: lines.length === 0 ? [1] : lines,
});
const kept = (path: string, text: string): Case => ({ path, text, found: [] });

registerCases('imports', importRule(new Set(['yaml', '@scope/name'])), {
  'a folder above, through its door': kept(
    'lib/cache/a.ts',
    "import { a } from '../watch/index.js';",
  ),
  'within one folder': kept('lib/cache/a.ts', "import { b } from './b.js';"),
  'within a folder, from a folder inside': kept(
    'lib/rest/store/a.ts',
    "import { b } from '../b.js';",
  ),
  'into a folder inside': kept('lib/engine/a.ts', "import { b } from './javascript/tree.js';"),
  'Node itself': kept('lib/object/a.ts', "import { b } from 'node:util';"),
  'a dependency': kept('lib/rest/a.ts', "import { parse } from 'yaml';"),
  'a scoped dependency': kept('lib/auth/a.ts', "import { parse } from '@scope/name/inside';"),
  'the main door imports doors': kept('lib/index.ts', "export * from './cache/index.js';"),
  'a folder within its parent': kept(
    'lib/storage/lmdb/a.ts',
    "import { b } from '../contract.js';",
  ),
  'a comment that shows an import': kept(
    'lib/object/a.ts',
    " * import { a } from '../server/index.js';",
  ),
  'a folder below': broken('lib/watch/a.ts', "\nimport { a } from '../cache/index.js';", 2),
  'a type of a folder below': broken(
    'lib/object/a.ts',
    "import type { A } from '../rest/index.js';",
  ),
  'an export of a folder below': broken('lib/object/a.ts', "export { a } from '../rest/index.js';"),
  'past a door': broken('lib/cache/a.ts', "import { a } from '../watch/stream.js';"),
  'past a door, from a folder inside': broken(
    'lib/rest/store/a.ts',
    "import { a } from '../../cache/b.js';",
  ),
  'past a door, over many lines': broken(
    'lib/cache/a.ts',
    "import {\n  a,\n  b,\n} from '../watch/b.js';",
    4,
  ),
  'past a door, when called': broken('lib/cache/a.ts', "const a = await import('../watch/b.js');"),
  'the main door past a door': broken('lib/index.ts', "export * from './cache/cache.js';"),
  'the main door from inside': broken('lib/rest/a.ts', "import { a } from '../index.js';"),
  'a parent its inner folder': broken('lib/storage/a.ts', "import { a } from './lmdb/index.js';"),
  'out of the library': broken('lib/rest/a.ts', "import { a } from '../../test/rest/a.js';"),
  'a package from the core': broken('lib/engine/a.ts', "import { parse } from 'yaml';"),
  'for its effects from the core': broken('lib/cache/a.ts', "import 'yaml';"),
  'a package that users do not get': broken('lib/rest/a.ts', "import test from 'ava';"),
  'Node without its prefix': broken('lib/rest/a.ts', "import { readFileSync } from 'fs';"),
  'a folder that is not in the list': { path: 'lib/extra/a.ts', text: '', found: [0] },
});

registerCases('addon', addonRule, {
  'in the engine': kept('lib/engine/native.ts', "load('build/Release/shardwatch.node')"),
  elsewhere: broken('lib/cache/a.ts', "load('build/Release/shardwatch.node')"),
});

registerCases('includes', includeRule, {
  'core of core': kept('native/core/bytes/a.cc', '#include "native/core/bytes/b.h"'),
  'core of the standard library': kept('native/core/bytes/a.cc', '#include <vector>'),
  'binding of everything': kept(
    'native/binding/a.cc',
    '#include <napi.h>\n#include "native/core/a.h"',
  ),
  'core of the binding': broken('native/core/a.h', '#include "native/binding/values.h"'),
  'core of Node': broken('native/core/a.h', '#include <node_api.h>'),
  'core of V8': broken('native/core/a.h', '#include <v8.h>'),
  'wire of anything': broken('native/wire/wire.h', '#include "native/core/a.h"'),
});

const DOCUMENTED = withFolders([
  { path: 'docs/a.md', text: '' },
  { path: 'lib/cache/feed.ts', text: '' },
]);

registerCases('documents', documentRule(DOCUMENTED), {
  'a page beside it': kept('docs/b.md', '[a](a.md), [b](a.md#there), [c](#here)'),
  'a file and a folder elsewhere': kept(
    'docs/b.md',
    '[a](../lib/cache/feed.ts) [b](../lib/cache/)',
  ),
  'an address': kept('docs/b.md', '[a](https://example.com/a.md)'),
  'a source by the end of its path': kept('README.md', '`lib/cache/feed.ts` and `feed.ts`'),
  'a block of code': kept('docs/b.md', '```\n[a](gone.md) `gone.ts`\n```\n'),
  'a page that is gone': broken('docs/b.md', '\n[a](gone.md)', 2),
  'a page of another folder': broken('b.md', '[a](a.md)'),
  'a source that is gone': broken('docs/b.md', '```\n```\n`cache/gone.ts`', 3),
  'the end of a name': broken('docs/b.md', '`eed.ts`'),
});

registerCases('names', nameRule, {
  'a noun': kept('lib/cache/freshness.ts', ''),
  'a noun that contains one of the words': kept('lib/object/utility-bill/commonwealth.ts', ''),
  ...Object.fromEntries(
    ['lib/utils/a.ts', 'lib/cache/util.ts', 'test/helpers.test.ts', 'native/core/common/a.h']
      .concat(['lib/misc.ts', 'lib/shared/a.ts', 'lib/cache/string-utils.ts', 'lib/helper/a.ts'])
      .map((path) => [path, { path, text: '', found: [0] }]),
  ),
});

registerCases('opening comment', headerRule, {
  TypeScript: kept('lib/cache/a.ts', '/**\n * What it is.\n */\nexport {};\n'),
  'in one line': kept('lib/cache/a.ts', '/** What it is. */\n'),
  'after the line that starts a program': kept(
    'lib/server/a.ts',
    '#!/usr/bin/env node\n\n/** It. */\n',
  ),
  'C++ with its thread rule': kept('native/core/a.h', '// A tree.\n// Thread rule: any thread.\n'),
  'a script': kept('scripts/a.mjs', '/** Builds. */\n'),
  'none is needed in tests': kept('test/cache/a.ts', "import test from 'ava';\n"),
  'TypeScript without': { path: 'lib/cache/a.ts', text: 'export {};\n/** Late. */\n', found: [0] },
  'C++ without': { path: 'native/core/a.cc', text: '#include <a>\n', found: [0] },
  'C++ without a thread rule': { path: 'native/core/a.h', text: '// A tree.\n', found: [0] },
});

const lines = (count: number): string => 'x\n'.repeat(count);

registerCases('length of files', fileLengthRule, {
  'TypeScript at its limit': kept('lib/cache/a.ts', lines(400)),
  'C++ at its limit': kept('native/core/a.cc', lines(500)),
  'a test at its limit': kept('test/cache/a.test.ts', lines(600)),
  'no code': kept('package-lock.json', lines(5000)),
  TypeScript: { path: 'lib/cache/a.ts', text: lines(401), found: [0] },
  'C++': { path: 'native/core/a.cc', text: lines(501), found: [0] },
  'a test': { path: 'test/cache/a.test.ts', text: lines(601), found: [0] },
});

registerCases('length of lines', lineLengthRule, {
  'at the limit': kept('lib/a.ts', `${'é'.repeat(100)}\n`),
  'a long text': kept('lib/a.ts', `  fail('${'word '.repeat(30)}');`),
  'a long pattern': kept('lib/a.ts', `  /^${'[a-z]'.repeat(30)}$/.test(text);`),
  'an address': kept('lib/a.ts', `// https://kubernetes.io/${'docs/'.repeat(30)}`),
  'no code': kept('docs/a.md', 'x'.repeat(300)),
  code: broken('lib/a.ts', `short;\n${'x'.repeat(101)}\n`, 2),
  'a comment with a text in it': broken('lib/a.ts', `// 'one' ${'word '.repeat(20)}'two'`),
});

const modified = (modifier: string): string => `${['test', modifier].join('.')}('name', () => {});`;

registerCases('tests that do not run', testModifierRule, {
  'that run': kept('test/a.test.ts', "test('name', () => {});\ntest.serial('other', () => {});"),
  'that know a platform': kept(
    'test/a.test.ts',
    `process.platform === 'win32' ? ${modified('skip')}`,
  ),
  'outside the tests': kept('lib/a.ts', modified('only')),
  ...Object.fromEntries(
    ['skip', 'only', 'todo', 'failing', 'serial.skip', 'serial.only'].map((modifier) => [
      modifier,
      broken('test/a.test.ts', `\n${modified(modifier)}`, 2),
    ]),
  ),
  'in C++': broken('test/native/a_test.cc', `TEST(A, ${['DISABLED', 'B'].join('_')}) {}`),
});

registerCases('any', anyRule, {
  'the word': kept('lib/a.ts', "// any version\nconst any1 = 'any';\nfail('of any kind');"),
  'as the type of a parameter': broken('lib/a.ts', 'export function f(a: any, b: number): void {}'),
  'as a result': broken('lib/a.ts', 'export function f(): any {}'),
  'as an argument': broken('lib/a.ts', 'export const a: Map<string, any> = new Map();'),
  'as a cast': broken('lib/a.ts', 'const a = b as any;'),
  'as an array': broken('lib/a.ts', 'readonly a: any[];'),
  'in a union': broken('lib/a.ts', 'type A =\n  | any;', 2),
});

registerCases('unfinished work', unfinishedRule, {
  none: kept('lib/a.ts', '// Nothing to do.'),
  left: broken('native/core/a.cc', `// ${['TO', 'DO'].join('')}: the rest`),
  'known to be wrong': broken('lib/a.ts', `// ${['FIX', 'ME'].join('')}`),
});

registerCases('places', placeRule, {
  'within the tree': kept('docs/a.md', 'see lib/work/queue.ts and ../work/queue.ts'),
  'of a container': kept('lib/a.ts', "'/var/run/secrets/token'"),
  'of a machine': broken('docs/a.md', `cd ${['', 'work', 'main'].join('/')}`),
  'of somebody': broken('lib/a.ts', `const path = '${['', 'home', 'somebody', 'x'].join('/')}';`),
  'of root': broken('docs/a.md', `(${['', 'root', '.cache'].join('/')})`),
  'a registry': broken('docs/a.md', `https://${['registry', 'npmjs', 'org'].join('.')}/x`),
  'an address in the lock': broken('package-lock.json', `      ${JSON.stringify('resolved')}: "x"`),
});

const MANIFEST: Manifest = {
  name: 'shardwatch',
  exports: {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './cache': { types: './dist/cache/index.d.ts', default: './dist/cache/index.js' },
    './package.json': './package.json',
  },
  bin: { shardwatch: './dist/server/command.js' },
  dependencies: {},
  files: [],
};
const TREE: ReadonlySet<string> = new Set([
  'lib/index.ts',
  'lib/cache/index.ts',
  'lib/server/command.ts',
]);
const without = (path: string): ReadonlySet<string> => new Set([...TREE].filter((p) => p !== path));

const MANIFESTS: readonly (readonly [about: string, Manifest, ReadonlySet<string>, string[]])[] = [
  ['all doors are exported', MANIFEST, TREE, []],
  ['a door is not exported', MANIFEST, new Set([...TREE, 'lib/watch/index.ts']), ['watch']],
  [
    'a door has a name of its own',
    MANIFEST,
    new Set([...TREE, 'lib/storage/etcd/index.ts']),
    ["exports['./etcd']"],
  ],
  ['an export has no door', MANIFEST, without('lib/cache/index.ts'), ['cache']],
  ['a program has no source', MANIFEST, without('lib/server/command.ts'), ['bin']],
  [
    'types are not first',
    {
      ...MANIFEST,
      exports: {
        ...MANIFEST.exports,
        '.': { default: './dist/index.js', types: './dist/index.d.ts' },
      },
    },
    TREE,
    ["exports['.']"],
  ],
];

for (const [about, manifest, tree, found] of MANIFESTS) {
  test(`package.json: ${about}`, (t) => {
    const messages = checkManifest(manifest, tree).map(({ message }) => message);
    t.is(messages.length, found.length, messages.join('\n'));
    for (const [index, word] of found.entries()) t.true(messages[index]?.includes(word));
  });
}

test('package.json: a dependency that nothing imports is found', (t) => {
  const text = "import { a } from 'used';\nimport b from '@scope/used/inside';\n// unused";
  const dependencies = { used: '1', '@scope/used': '1', unused: '1' };
  const messages = checkDependencies(dependencies, text).map(({ message }) => message);
  t.deepEqual(messages, ['unused is a dependency that nothing imports']);
});

test('C++ sources: what is not listed and what is not there is found', (t) => {
  const list = JSON.stringify({ core: ['native/core/a.cc', 'native/core/gone.cc'] });
  const files = [
    { path: 'native/sources.json', text: list },
    { path: 'native/core/a.cc', text: '' },
    { path: 'test/native/new_test.cc', text: '' },
  ];
  const messages = checkNativeSources(files).map(({ message }) => message);
  t.deepEqual(messages, [
    'test/native/new_test.cc is not listed',
    'native/core/gone.cc is not there',
  ]);
});
