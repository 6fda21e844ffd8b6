/**
 * Documents against the tree: what they link to and the sources they name are there.
 *
 * A source may be named by the end of its path (`shard/writer.cc`). Blocks of code are left out.
 */

import { posix } from 'node:path';

import type { Finding, Rule, SourceFile } from './source.js';

/** A relative link, without what it points at within the page. */
const LINK = /\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)]*)?\)/g;

const SOURCE = /`([\w./-]+\.(?:ts|mjs|cc|h|sh))`/g;

const BLOCK = /^```[^]*?^```$/gm;

/** `paths` are those of the tree, files and folders. */
export function documentRule(paths: ReadonlySet<string>): Rule {
  const isNamed = (name: string): boolean =>
    paths.has(name) || [...paths].some((path) => path.endsWith(`/${name}`));
  return (file) => {
    if (!file.path.endsWith('.md')) return [];
    const text = file.text.replaceAll(BLOCK, (block) => block.replaceAll(/[^\n]/g, ''));
    return [
      ...findAll({ ...file, text }, LINK, 'links to', (link) =>
        paths.has(posix.normalize(posix.join(posix.dirname(file.path), link)).replace(/\/$/, '')),
      ),
      ...findAll({ ...file, text }, SOURCE, 'names', isNamed),
    ];
  };
}

/** Files and the folders that they are in. */
export function withFolders(files: readonly SourceFile[]): ReadonlySet<string> {
  const paths = files.map(({ path }) => path);
  const folders = paths.flatMap((path) => {
    const segments = path.split('/').slice(0, -1);
    return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
  });
  return new Set([...paths, ...folders]);
}

function findAll(
  { path, text }: SourceFile,
  pattern: RegExp,
  verb: string,
  isThere: (name: string) => boolean,
): readonly Finding[] {
  return [...text.matchAll(pattern)]
    .filter(([, name = '']) => !isThere(name))
    .map(({ index, 1: name }) => ({
      path,
      line: text.slice(0, index).split('\n').length,
      message: `${verb} ${name}, which is not there`,
    }));
}
