/**
 * The files that the tidy rules look at: what git tracks, and what it would track.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface SourceFile {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** What is wrong, and where. `line` counts from 1. */
export interface Finding {
  readonly path: string;
  readonly line?: number;
  readonly message: string;
}

/** Looks at one file; knows from its path whether it is concerned. */
export type Rule = (file: SourceFile) => readonly Finding[];

/** The folder that package.json is in, from wherever the tests were compiled to. */
export const ROOT: string = rootOf(import.meta.dirname);

/** Every text file of the tree. */
export function readTree(): readonly SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: ROOT,
    maxBuffer: 64 * 1024 * 1024,
  }).toString();
  const paths = [...new Set(listed.split('\0'))].filter((path) => path !== '' && isFile(path));
  return paths.map(readSource).filter((file) => !file.text.includes('\0'));
}

export function describe(findings: readonly Finding[]): string {
  return findings
    .map(({ path, line, message }) => `${path}${line === undefined ? '' : `:${line}`}: ${message}`)
    .join('\n');
}

/** The lines of a file that match, with a message each. */
export function findLines(file: SourceFile, pattern: RegExp, message: string): readonly Finding[] {
  return file.text
    .split('\n')
    .flatMap((text, index) =>
      pattern.test(text) ? [{ path: file.path, line: index + 1, message }] : [],
    );
}

function readSource(path: string): SourceFile {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

// A file that is deleted but not committed is still listed; a submodule or link may be a folder.
function isFile(path: string): boolean {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() === true;
}

function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootOf(dirname(folder));
}
