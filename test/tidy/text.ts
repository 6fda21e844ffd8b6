/**
 * How a file of the tree is named and written: one rule each, all of them cheap searches in the
 * text. What needs a parser is the linter's business.
 */

import { findLines } from './source.js';
import type { Finding, Rule, SourceFile } from './source.js';

const CODE = /\.(ts|mjs|js|cc|h)$/;
const TESTS = /^test\//;

/** Longest files, in lines. What is longer has more than one job. */
const LINES_MAX: readonly (readonly [pattern: RegExp, lines: number])[] = [
  [/^test\/.*\.(ts|cc|h)$/, 600],
  [/\.(cc|h)$/, 500],
  [CODE, 400],
];

/** In characters. A line may be longer by what can't be broken: a text, a pattern, an address. */
const COLUMNS_MAX = 100;

const UNBREAKABLE = /'[^']*'|"[^"]*"|`[^`]*`|\/[^/ ].*\/[a-z]*/g;

const NAMELESS = /^(?:.+[-_.])?(?:utils?|helpers?)$|^(?:common|misc|shared)$/;

/** No folder or file has a name that says nothing. */
export const nameRule: Rule = ({ path }) =>
  path
    .split('/')
    .filter((segment) => NAMELESS.test(segment.replace(/\.[a-z.]+$/, '')))
    .map((segment) => ({ path, message: `'${segment}' says nothing about what is in it` }));

/** Every source file opens with a comment, and a header of C++ tells its thread rule there. */
export const headerRule: Rule = (file) => {
  if (!/^(lib|native|scripts)\/.*\.(ts|mjs|cc|h)$/.test(file.path)) return [];
  const comment = openingComment(file.text);
  if (comment === undefined) return [{ path: file.path, message: 'does not open with a comment' }];
  if (
    file.path.startsWith('native/') &&
    /\.(cc|h)$/.test(file.path) &&
    !/Thread rule:/.test(comment)
  ) {
    return [{ path: file.path, message: "the opening comment has no 'Thread rule:'" }];
  }
  return [];
};

function openingComment(text: string): string | undefined {
  const match = /^(?:#!.*\n+)?(\/\*[^]*?\*\/|(?:\/\/.*\n)+)/.exec(text);
  return match?.[1];
}

export const fileLengthRule: Rule = (file) => {
  const [, max] = LINES_MAX.find(([pattern]) => pattern.test(file.path)) ?? [];
  const lines = file.text.split('\n').length - 1;
  if (max === undefined || lines <= max) return [];
  return [{ path: file.path, message: `${lines} lines; at most ${max}` }];
};

export const lineLengthRule: Rule = (file) => {
  if (!CODE.test(file.path)) return [];
  return file.text.split('\n').flatMap((text, index): readonly Finding[] => {
    const columns = Array.from(text).length;
    if (columns <= COLUMNS_MAX || (!isComment(text) && fitsWithoutTexts(text))) return [];
    if (/https?:\/\//.test(text)) return [];
    return [{ path: file.path, line: index + 1, message: `${columns} columns wide` }];
  });
};

function isComment(line: string): boolean {
  return /^\s*(?:\*|\/\/|\/\*)/.test(line);
}

function fitsWithoutTexts(line: string): boolean {
  return Array.from(line.replaceAll(UNBREAKABLE, '')).length <= COLUMNS_MAX;
}

/** No test is skipped, focused or left for later, except where the line names the platform. */
export const testModifierRule: Rule = (file) => {
  if (!TESTS.test(file.path)) return [];
  const message = 'a test that does not run, or keeps others from running';
  return [
    ...findLines(
      file,
      /^(?!.*process\.platform).*\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|only|todo|failing)\b/,
      message,
    ),
    ...findLines(file, /\bDISABLED_|\bGTEST_SKIP\b/, message),
  ];
};

/** `any` switches the compiler off for whoever uses it. */
export const anyRule: Rule = (file) =>
  /^lib\/.*\.ts$/.test(file.path)
    ? findLines(
        file,
        /^(?!\s*(?:\*|\/\/)).*(?:[:<|,&(]\s*any\s*[[\]>,;)=|&{]|[:|&]\s*any$|\bas any\b)/,
        "'any'",
      )
    : [];

/** What is to be done is done, or written down where work is planned. */
export const unfinishedRule: Rule = (file) =>
  /^(lib|native|scripts|bench)\//.test(file.path)
    ? findLines(file, /\b(?:TODO|FIXME|XXX|HACK)(?:[:(\s]|$)/, 'unfinished')
    : [];

const MACHINE_PATH = /(?:^|[^\w./-])\/(?:work|farm|root|Users|home\/\w+)\//;
const REGISTRY = /registry\.(?:npmjs|yarnpkg)\.|^\s*"resolved":/;

/** No paths of the machine it was written on, no addresses it was downloaded from. */
export const placeRule: Rule = (file) => [
  ...findLines(file, MACHINE_PATH, 'a path of somebody’s machine'),
  ...findLines(file, REGISTRY, 'the address of a registry'),
];

/** The lists in native/sources.json are what is there, so that both builds compile all of it. */
export function checkNativeSources(files: readonly SourceFile[]): readonly Finding[] {
  const path = 'native/sources.json';
  const text = files.find((file) => file.path === path)?.text ?? '{}';
  const listed = Object.values(JSON.parse(text) as { [list: string]: string[] }).flat();
  const there = files
    .map((file) => file.path)
    .filter((name) => /^(native|test)\/.*\.cc$/.test(name));
  return [
    ...there
      .filter((name) => !listed.includes(name))
      .map((name) => ({ path, message: `${name} is not listed` })),
    ...listed
      .filter((name) => !there.includes(name))
      .map((name) => ({ path, message: `${name} is not there` })),
  ];
}
