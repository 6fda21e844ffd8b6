/** Which Node is taken, and how a script notices that something changed. */

import test from 'ava';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { loadScript, ROOT } from './script.js';

const { nodeVersionProblem } = await loadScript<{
  nodeVersionProblem: (version?: string) => string | undefined;
}>('scripts/install.mjs');
const { fingerprint } = await loadScript<{
  fingerprint: (paths: readonly string[], extra?: string) => string;
}>('scripts/stamp.mjs');

for (const version of ['20.19.0', '20.20.2', '22.0.0', '24.1.0']) {
  test(`Node ${version} is taken`, (t) => {
    t.is(nodeVersionProblem(version), undefined);
  });
}

for (const version of ['18.20.0', '20.18.3']) {
  test(`Node ${version} is refused, with what is needed`, (t) => {
    t.regex(nodeVersionProblem(version) ?? '', new RegExp(`20\\.19.*${version}`));
  });
}

test('the version that is taken is the one that package.json promises', async (t) => {
  const { createRequire } = await import('node:module');
  const { engines } = createRequire(join(ROOT, 'index.js'))('./package.json') as {
    engines: { node: string };
  };
  t.is(engines.node, '>=20.19');
});

test('a fingerprint changes with names, sizes, times and what else went in, and with nothing else', async (t) => {
  const folder = await mkdtemp(join(ROOT, '.cache/fingerprint-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = `.cache/${basename(folder)}`;
  const file = join(folder, 'a');
  const seen = new Set<string>();
  const isNew = (): void => {
    const value = fingerprint([path]);
    t.is(fingerprint([path]), value);
    t.false(seen.has(value));
    seen.add(value);
  };
  isNew();
  await writeFile(file, '1');
  isNew();
  await writeFile(file, '12');
  isNew();
  await utimes(file, 1, 1);
  isNew();
  await writeFile(join(folder, 'b'), '');
  isNew();
  t.not(fingerprint([path], 'x'), fingerprint([path], 'y'));
  t.not(fingerprint([`${path}/none`]), fingerprint([path]));
});
