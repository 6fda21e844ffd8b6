/** What runs without an engine reaches none. */

import test from 'ava';
import { posix } from 'node:path';

import { loadScript } from '../scripts/script.js';
import { specifiersOf } from './imports.js';
import { readTree } from './source.js';

/** What a test gets an engine by. */
const ENGINES = ['lib/engine/', 'lib/cache/'];

const files = new Map(readTree().map((file) => [file.path, file]));

test('tests that run once, without an engine, import none', async (t) => {
  const { ENGINE_FREE } = await loadScript<{ readonly ENGINE_FREE: readonly string[] }>(
    'scripts/engine-free.mjs',
  );
  for (const folder of ENGINE_FREE) {
    const tests = [...files.keys()].filter(
      (path) => path.startsWith(folder) && path.endsWith('.test.ts'),
    );
    t.not(tests.length, 0, folder);
    for (const path of tests) {
      const engine = [...reachedFrom(path)].find((reached) =>
        ENGINES.some((other) => reached.startsWith(other)),
      );
      t.is(engine, undefined, path);
    }
  }
  t.true([...reachedFrom('test/cache/fixture.ts')].some((path) => path.startsWith(ENGINES[0]!)));
});

/** The sources that a source imports, and those that these import. */
function reachedFrom(path: string): ReadonlySet<string> {
  const reached = new Set([path]);
  // A set's iterator goes on to what is added on the way.
  for (const importer of reached) {
    for (const specifier of specifiersOf(files.get(importer)!)) {
      const imported = posix.join(posix.dirname(importer), specifier).replace(/\.js$/, '.ts');
      if (files.has(imported)) reached.add(imported);
    }
  }
  return reached;
}
