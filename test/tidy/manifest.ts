/**
 * package.json against the tree: every door of lib/ is a subpath that users can import, and every
 * subpath has a door.
 */

import { FOLDERS } from './imports.js';
import type { Finding } from './source.js';

export interface Manifest {
  readonly name: string;
  readonly exports: { readonly [subpath: string]: unknown };
  readonly bin: { readonly [command: string]: string };
  readonly dependencies: { readonly [name: string]: string };
  readonly files: readonly string[];
}

const PATH = 'package.json';

/** Doors that users know under another name than their folder's: what they use by itself. */
const SUBPATHS: { readonly [folder: string]: string } = { 'storage/etcd': 'etcd' };

/** `paths` are those of the tree. */
export function checkManifest(manifest: Manifest, paths: ReadonlySet<string>): readonly Finding[] {
  const doors = FOLDERS.filter((folder) => paths.has(`lib/${folder}/index.ts`));
  const expected = new Map<string, unknown>([
    ['.', target('index')],
    ...doors.map(
      (folder) => [`./${SUBPATHS[folder] ?? folder}`, target(`${folder}/index`)] as const,
    ),
    ['./package.json', './package.json'],
  ]);
  return [...checkExports(manifest.exports, expected), ...checkBin(manifest.bin, paths)];
}

function target(path: string): { types: string; default: string } {
  return { types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` };
}

function checkExports(
  actual: { readonly [subpath: string]: unknown },
  expected: ReadonlyMap<string, unknown>,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [subpath, value] of expected) {
    if (JSON.stringify(actual[subpath]) !== JSON.stringify(value)) {
      findings.push({
        path: PATH,
        message: `exports['${subpath}'] is not ${JSON.stringify(value)}`,
      });
    }
  }
  for (const subpath of Object.keys(actual)) {
    if (!expected.has(subpath)) {
      findings.push({ path: PATH, message: `exports['${subpath}'] has no door in lib/` });
    }
  }
  return findings;
}

function checkBin(
  bin: { readonly [command: string]: string },
  paths: ReadonlySet<string>,
): readonly Finding[] {
  return Object.entries(bin)
    .filter(([, path]) => !paths.has(path.replace('./dist/', 'lib/').replace(/\.js$/, '.ts')))
    .map(([command, path]) => ({
      path: PATH,
      message: `bin['${command}']: ${path} has no source`,
    }));
}

/** Dependencies that no file of lib/ imports. */
export function checkDependencies(
  dependencies: { readonly [name: string]: string },
  libraryText: string,
): readonly Finding[] {
  return Object.keys(dependencies)
    .filter((name) => !libraryText.includes(`'${name}'`) && !libraryText.includes(`'${name}/`))
    .map((name) => ({ path: PATH, message: `${name} is a dependency that nothing imports` }));
}
