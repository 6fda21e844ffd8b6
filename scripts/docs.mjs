/**
 * `npm run docs`: writes the API reference to docs/api, one module for each subpath of the package,
 * with the pages of docs/ beside them.
 *
 *  1. Every warning fails it: a link that leads nowhere, and a type that users meet and can't name.
 *  2. typedoc works on the compiler API of TypeScript 6, which the TypeScript that builds this
 *     package does not have; both are installed in a folder of their own, and only here.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { installDependencies } from './install.mjs';
import { inRoot, say } from './project.mjs';
import { runNpm, tail } from './run.mjs';
import { readStamp, writeStamp } from './stamp.mjs';

const TOOL = 'scripts/typedoc';
const STAMP = 'typedoc';
const OUTPUT = 'docs/api';

try {
  await installDependencies();
  await installTypedoc();
  await writeReference();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function installTypedoc() {
  const lock = readFileSync(inRoot(TOOL, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (readStamp(STAMP) === wanted && existsSync(inRoot(TOOL, 'node_modules'))) return;
  say('installing typedoc (npm ci)');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
  const { code, output } = await runNpm(['ci', ...flags], { cwd: inRoot(TOOL) });
  if (code !== 0) throw new Error(`npm ci failed\n${tail(output)}`);
  writeStamp(STAMP, wanted);
}

async function writeReference() {
  const entry = inRoot(TOOL, 'node_modules/typedoc/dist/index.js');
  const { Application, OptionDefaults } = await import(pathToFileURL(entry).href);
  const doors = doorsOf(JSON.parse(readFileSync(inRoot('package.json'), 'utf8')));
  const app = await Application.bootstrap({
    name: 'Shardwatch',
    tsconfig: inRoot('tsconfig.json'),
    entryPoints: [...doors.values()].map((path) => inRoot(path)),
    basePath: inRoot('lib'),
    readme: inRoot('README.md'),
    projectDocuments: [inRoot('docs/*.md')],
    // Lines of a file move with every change; the names are what is looked for.
    disableSources: true,
    githubPages: false,
    excludeInternal: true,
    // What protoc-gen-es says of every message and field is nothing for readers.
    blockTags: [...OptionDefaults.blockTags, '@generated'],
    excludeTags: [...OptionDefaults.excludeTags, '@generated'],
    validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true },
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('the library could not be read');
  nameModules(project, doors);
  namePages(project);
  app.validate(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) {
    throw new Error('the reference has warnings; none was written');
  }
  await app.generateDocs(project, inRoot(OUTPUT));
  say(`${OUTPUT}/index.html`);
}

// What users import, and the file that is behind it.
function doorsOf({ name, exports }) {
  const doors = Object.entries(exports).filter(([subpath]) => !subpath.endsWith('.json'));
  const sourceOf = ({ types }) => types.replace(/^\.\/dist\/(.*)\.d\.ts$/, 'lib/$1.ts');
  return new Map(doors.map(([subpath, door]) => [name + subpath.slice(1), sourceOf(door)]));
}

// typedoc calls a module by the folder its file is in; users know it by what they import.
function nameModules(project, doors) {
  for (const [specifier, path] of doors) {
    const folder = path.slice('lib/'.length, -'/index.ts'.length) || 'index';
    const module = project.getChildByName([folder]);
    if (module === undefined) throw new Error(`there is no module of ${path}`);
    module.name = specifier;
  }
}

// A page goes by its heading, in the navigation as in its address.
function namePages(project) {
  for (const page of project.documents ?? []) {
    const text = page.content.map((part) => part.text).join('');
    const heading = /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '');
    if (heading === undefined) throw new Error(`${page.name} does not begin with a heading`);
    page.name = heading;
  }
}
