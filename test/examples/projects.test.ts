/**
 * The projects in examples/ pass their own tests, by the script of their package.json: each in a
 * folder of its own, where the package is installed as users have it.
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

import { run } from '../witness/command.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EXAMPLES = join(ROOT, 'examples');
const PROJECTS = readdirSync(EXAMPLES).filter((name) =>
  existsSync(join(EXAMPLES, name, 'package.json')),
);

interface Manifest {
  readonly scripts?: { readonly test: string };
  readonly dependencies?: { readonly [name: string]: string };
  readonly devDependencies?: { readonly [name: string]: string };
}

/** What each runner says of tests that passed, and how many there have to be. */
const PASSED: { readonly [project: string]: RegExp } = {
  'testing-an-operator': /^[#ℹ] pass 6$/m,
  'testing-with-ava': /^\s*3 tests passed$/m,
  'testing-with-jest': /^Tests:\s+3 passed, 3 total$/m,
  'testing-with-node': /^[#ℹ] pass 3$/m,
  'testing-with-vitest': /^\s*Tests\s+3 passed \(3\)$/m,
};

test('every project is known, and in the list of examples', (t) => {
  t.deepEqual(PROJECTS.toSorted(), Object.keys(PASSED).toSorted());
  const list = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
  for (const project of PROJECTS) t.true(list.includes(`| [${project}](${project}/`), project);
});

for (const project of PROJECTS) {
  test.serial(`${project} passes its tests`, async (t) => {
    t.timeout(120_000);
    const folder = await install(t, project);
    const [program = '', ...args] = commandOf(folder);
    const env = { NO_COLOR: '1', FORCE_COLOR: '0', CI: '1' };
    const { code, stdout, stderr } = await run(program, args, { env, cwd: folder });
    t.is(code, 0, `${stdout}${stderr}`);
    t.regex(`${stdout}\n${stderr}`, PASSED[project] as RegExp);
  });
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

// As npm does it, but out of what is here: the package as it is built, the others by links.
async function install(t: ExecutionContext, project: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `shardwatch-${project}-`));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  cpSync(join(EXAMPLES, project), folder, { recursive: true });
  const installed = join(folder, 'node_modules', 'shardwatch');
  for (const part of ['package.json', 'dist', 'build/Release/shardwatch.node', 'prebuilds']) {
    if (!existsSync(join(ROOT, part))) continue;
    cpSync(join(ROOT, part), join(installed, part), { recursive: true });
  }
  const { dependencies, devDependencies } = manifestOf(folder);
  const needed = { ...dependencies, ...devDependencies, ...manifestOf(ROOT).dependencies };
  for (const name of Object.keys(needed)) {
    if (name === 'shardwatch') continue;
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), link);
  }
  return folder;
}

// npm would look the runner up in node_modules/.bin; a script that names node needs no look.
function commandOf(folder: string): readonly string[] {
  const [name = '', ...args] = manifestOf(folder).scripts?.test.split(' ') ?? [];
  if (name === 'node') return [process.execPath, ...args];
  const manifest = JSON.parse(
    readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'),
  ) as { readonly bin: string | { readonly [name: string]: string } };
  const bin = typeof manifest.bin === 'string' ? manifest.bin : (manifest.bin[name] as string);
  return [process.execPath, join(folder, 'node_modules', name, bin), ...args];
}
