/** `shardwatch types`, run as a user would. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { typeDeclarations } from '../../lib/openapi/index.js';
import { readResourceTypes } from '../../lib/rest/index.js';
import { run, type CommandResult } from '../witness/command.js';

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));
const CRDS = fileURLToPath(new URL('../../../examples/crds', import.meta.url));

const types = (...args: string[]): Promise<CommandResult> =>
  run(process.execPath, [COMMAND, 'types', ...args]);

test('declarations go to standard output, or into a file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-types-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const expected = typeDeclarations(await readResourceTypes([CRDS]));
  const printed = await types(CRDS);
  t.deepEqual([printed.code, printed.stdout, printed.stderr], [0, expected, '']);
  const out = join(folder, 'resources.ts');
  const files = ['apps.yaml', 'databases.yaml', 'teams.yaml'].map((file) => join(CRDS, file));
  const written = await types(...files.toReversed(), '--out', out);
  t.deepEqual([written.code, written.stdout, written.stderr], [0, '', '']);
  t.is(await readFile(out, 'utf8'), expected, 'in whatever order the files come');
});

test('what can not be used is told with its place, and nothing is written', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-types-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'bad.yaml');
  await writeFile(file, 'kind: Widget\napiVersion: v1\n');
  const out = join(folder, 'out.ts');
  const refused = await types(file, '--out', out);
  t.is(refused.code, 1);
  t.regex(refused.stderr, /^error: .*bad\.yaml, document 1: apiVersion: must be apiextensions/);
  await t.throwsAsync(readFile(out), { code: 'ENOENT' });
  const nowhere = await types(CRDS, '--out', join(folder, 'none', 'out.ts'));
  t.is(nowhere.code, 1);
  t.regex(nowhere.stderr, /^error: --out .*ENOENT/);
  t.not((await types()).code, 0);
});
