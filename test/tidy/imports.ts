/**
 * Who may import whom.
 *
 *  1. A folder of lib/ imports only from folders above it in FOLDERS.
 *  2. It does so through their door, `index.js`; within itself it imports what it likes.
 *  3. A folder with a door of its own inside another belongs to it: it may import its parent's
 *     files, never the other way round.
 *  4. The core needs no npm package; the others only the package's dependencies.
 *  5. Only lib/engine loads an addon.
 *  6. native/core knows neither Node nor the binding; native/wire knows nobody.
 */

import { posix } from 'node:path';

import { findLines } from './source.js';
import type { Rule, SourceFile } from './source.js';

/** In the order in which they may import: each only from those before it. */
export const FOLDERS: readonly string[] = [
  'object',
  'object/lossless',
  'metrics',
  'request',
  'engine',
  'storage',
  'storage/encryption',
  'storage/lmdb',
  'storage/etcd',
  'watch',
  'cache',
  'queue',
  'patch',
  'client',
  'openapi',
  'discovery',
  'auth',
  'flowcontrol',
  'admission',
  'transport',
  'rest',
  'server',
  'testing',
];

/** Folders that promise to need nothing but Node. */
const CORE: ReadonlySet<string> = new Set([
  'object',
  'request',
  'engine',
  'storage',
  'watch',
  'cache',
  'queue',
]);

/** Above every folder: the package's main door, which imports doors only. */
const MAIN = '';

interface Import {
  readonly line: number;
  readonly specifier: string;
}

/** `dependencies` are the names in package.json that users install with the package. */
export function importRule(dependencies: ReadonlySet<string>): Rule {
  return (file) => {
    if (!/^lib\/.*\.ts$/.test(file.path)) return [];
    const folder = folderOf(file.path);
    if (folder === undefined) {
      return [{ path: file.path, message: 'is in no folder of the list (test/tidy/imports.ts)' }];
    }
    return importsOf(file).flatMap(({ line, specifier }) => {
      const message = specifier.startsWith('.')
        ? checkRelative(file.path, folder, specifier)
        : checkPackage(folder, specifier, dependencies);
      return message === undefined ? [] : [{ path: file.path, line, message }];
    });
  };
}

function checkRelative(path: string, folder: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  const targetFolder = folderOf(target);
  if (!target.startsWith('lib/') || targetFolder === undefined) {
    return `imports ${specifier}, which is in no folder of lib/`;
  }
  if (targetFolder === folder && folder !== MAIN) return undefined;
  if (folder.startsWith(`${targetFolder}/`)) return undefined;
  if (targetFolder === MAIN) return `imports the main door from inside`;
  if (target !== `lib/${targetFolder}/index.js`) {
    return `imports ${specifier} past the door of lib/${targetFolder}`;
  }
  if (folder !== MAIN && FOLDERS.indexOf(targetFolder) > FOLDERS.indexOf(folder)) {
    return `lib/${folder} may not import lib/${targetFolder}, which stands below it`;
  }
  return undefined;
}

function checkPackage(
  folder: string,
  specifier: string,
  dependencies: ReadonlySet<string>,
): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (CORE.has(folder)) return `lib/${folder} is core and may not import ${specifier}`;
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (dependencies.has(name)) return undefined;
  return `imports ${specifier}, which is no dependency (and what Node has is spelled node:...)`;
}

// The longest folder of the list that the path is in; '' for lib/index.ts.
function folderOf(path: string): string | undefined {
  const segments = path.split('/').slice(1, -1);
  if (segments.length === 0) return MAIN;
  return [segments.slice(0, 2).join('/'), segments[0] ?? ''].find((name) => FOLDERS.includes(name));
}

const IMPORTS: readonly RegExp[] = [
  // Formatted as the tree is, a statement begins its line and its specifier has single quotes.
  /^(?:import|export)\b[^;'"]*?\bfrom '([^']+)'/gm,
  /^import '([^']+)'/gm,
  /^(?!\s*(?:\*|\/\/)).*?\bimport\('([^']+)'\)/gm,
];

/** What a source imports, types too, as it is written there. */
export function specifiersOf(file: SourceFile): readonly string[] {
  return importsOf(file).map(({ specifier }) => specifier);
}

function importsOf(file: SourceFile): readonly Import[] {
  return IMPORTS.flatMap((pattern) =>
    [...file.text.matchAll(pattern)].map((match) => ({
      line: file.text.slice(0, match.index + match[0].length).split('\n').length,
      specifier: match[1] ?? '',
    })),
  );
}

/** Only lib/engine loads an addon. */
export const addonRule: Rule = (file) =>
  /^lib\/(?!engine\/).*\.ts$/.test(file.path)
    ? findLines(file, /\.node['"`]|process\.dlopen/, 'only lib/engine touches the addon')
    : [];

/** What C++ files may include. */
export const includeRule: Rule = (file) => {
  const forbidden = includesForbidden(file.path);
  return forbidden === undefined ? [] : findLines(file, forbidden.pattern, forbidden.message);
};

function includesForbidden(path: string): { pattern: RegExp; message: string } | undefined {
  if (/^native\/wire\/.*\.h$/.test(path)) {
    return { pattern: /^#include "/, message: 'native/wire includes nothing of ours' };
  }
  if (/^native\/core\/.*\.(h|cc)$/.test(path)) {
    return {
      pattern: /^#include [<"](?:native\/binding\/|node|napi|js_native_api|v8|uv)/,
      message: 'native/core is plain C++: neither the binding nor a Node header',
    };
  }
  return undefined;
}
