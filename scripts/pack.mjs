/**
 * `npm run pack`: the tarball to publish, `shardwatch-VERSION.tgz`, with everything built.
 *
 *  1. It is packed in a folder beside the checkout's: the addons of other machines are put where a
 *     loader would take them, and a checkout must run what it has built itself.
 *  2. It holds what `files` in package.json names and the texts, and no more than ALLOWED.
 *  3. It is not larger than TARBALL_BYTES_MAX.
 */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { installDependencies } from './install.mjs';
import { buildPrebuilds, PREBUILDS, prebuildFile } from './prebuild.mjs';
import { inRoot, ROOT, say } from './project.mjs';
import { runNpm, tail } from './run.mjs';
import { buildLibrary } from './typescript.mjs';

const ALLOWED = /^(dist\/|native\/|prebuilds\/|binding\.gyp$|package\.json$|[A-Z]+(\.md)?$)/;
const FORBIDDEN = /\.test\.|(^|\/)test\/|(?<!\.d)\.ts$|\.tsbuildinfo$/;

/** Texts that npm packs without being told. */
const TEXTS = ['package.json', 'README.md', 'LICENSE'];

/** What a package with addons for two platforms may take. Beyond, something does not belong. */
const TARBALL_BYTES_MAX = 3 * 1024 * 1024;

const NEEDED = [
  'dist/index.js',
  'dist/index.d.ts',
  'dist/index.js.map',
  'dist/server/command.js',
  'binding.gyp',
  'native/sources.json',
  'LICENSE',
  'README.md',
  ...PREBUILDS.map((platform) => `prebuilds/${platform}.node`),
];

/**
 * Builds what changed and packs it into `folder`. Resolves to `{ file, files, bytes }`: the
 * tarball, the paths in it, and its size. Throws with the reason.
 */
export async function packPackage(folder) {
  await buildLibrary();
  await buildPrebuilds();
  const stage = mkdtempSync(join(tmpdir(), 'shardwatch-pack-'));
  try {
    fill(stage);
    const args = ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', folder];
    const { code, output } = await runNpm(args, { cwd: stage });
    if (code !== 0) throw new Error(`npm pack failed\n${tail(output)}`);
    const [packed] = JSON.parse(output.slice(output.indexOf('[\n')));
    const files = packed.files.map(({ path }) => path);
    const problem = tarballProblem(files, packed.size);
    if (problem !== undefined) throw new Error(problem);
    return { file: join(folder, packed.filename), files, bytes: packed.size };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** What is wrong with a tarball of these files and that size, or undefined. */
export function tarballProblem(files, bytes) {
  const wrong = files.filter((path) => !ALLOWED.test(path) || FORBIDDEN.test(path));
  if (wrong.length > 0) return `must not be published: ${wrong.join(', ')}`;
  const missing = NEEDED.filter((path) => !files.includes(path));
  if (missing.length > 0) return `missing: ${missing.join(', ')}`;
  if (bytes <= TARBALL_BYTES_MAX) return undefined;
  return `the tarball has ${bytes} bytes; ${TARBALL_BYTES_MAX} are the limit`;
}

function fill(stage) {
  const { files } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const folders = files.filter((name) => name !== 'prebuilds');
  for (const name of [...TEXTS, ...folders]) {
    cpSync(inRoot(name), join(stage, name), { recursive: true });
  }
  mkdirSync(join(stage, 'prebuilds'));
  for (const platform of PREBUILDS) {
    cpSync(prebuildFile(platform), join(stage, 'prebuilds', basename(prebuildFile(platform))));
  }
}

if (process.argv[1] === import.meta.filename) {
  try {
    await installDependencies();
    const { file, files, bytes } = await packPackage(ROOT);
    say(`${file}: ${files.length} files, ${bytes} bytes`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
