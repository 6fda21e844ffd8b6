/**
 * The figures in the documents: made of results files, never by hand.
 *
 *  1. Every row of the files is in a table, also what was lost or has no figure; the A/A rows are
 *     told by the noise of the others. Of rows that are in two files the later file's counts.
 *  2. What stands between the markers of a document, and every file of docs/figures, is a function
 *     of the results and goals alone. The marker names the files, so that a test can make it again.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

import { drawChart, isDrawn } from './chart.js';
import type { Goal } from './goals.js';
import { machineText, ROOT } from './machine.js';
import { ITSELF } from './measure.js';
import { readResults, type Results, RESULTS_FOLDER } from './results.js';
import type { Row } from './row.js';
import { cells, COLUMNS, formatSummary } from './table.js';

/** Texts by their paths, relative to the root. */
export type Files = ReadonlyMap<string, string>;

export interface Report {
  /** All that docs/figures holds. */
  readonly figures: Files;
  /** What stands between the markers of each document. */
  readonly sections: Files;
}

const FIGURES = 'docs/figures';

const OVERVIEW = 'overview';

/** Families of cases by how their names begin, in the order of the page. */
const TITLES: Readonly<Record<string, string>> = {
  list: 'LIST',
  get: 'GET',
  memory: 'Memory',
  watch: 'Watches',
  threads: 'Threads',
  queue: 'Priority queue',
};

const BEGIN = /<!-- figures(?: of (.+))?: made by .* -->\n/;
const END = '<!-- end of figures -->';

/**
 * Makes docs/figures and the documents' sections anew of files in bench/results; answers the paths
 * of what was written. Throws an Error for a file from elsewhere: the documents name it, and
 * whoever reads them must have it.
 */
export async function writeReport(
  files: readonly string[],
  goals: readonly Goal[],
): Promise<readonly string[]> {
  const folder = relative(ROOT, RESULTS_FOLDER);
  const sources = files.map((file) => relative(ROOT, resolve(file)));
  const stranger = sources.find((source) => dirname(source) !== folder);
  if (stranger !== undefined) throw new Error(`${stranger} is not in ${folder}`);
  const { figures, sections } = await makeReport(readSources(sources), goals);
  const documents = [...sections].map(([path, section]): [string, string] => {
    return [path, replaceSection(readFileSync(join(ROOT, path), 'utf8'), section)];
  });
  mkdirSync(join(ROOT, FIGURES), { recursive: true });
  for (const name of readdirSync(join(ROOT, FIGURES))) {
    if (name.endsWith('.svg')) rmSync(join(ROOT, FIGURES, name));
  }
  for (const [path, text] of [...figures, ...documents]) writeFileSync(join(ROOT, path), text);
  return [...figures.keys(), ...sections.keys()];
}

/** Results by the path of their file, relative to the root. */
export type Sources = ReadonlyMap<string, Results>;

export function readSources(paths: readonly string[]): Sources {
  return new Map(paths.map((path) => [path, readResults(join(ROOT, path))]));
}

export async function makeReport(sources: Sources, goals: readonly Goal[]): Promise<Report> {
  const rows = mergeRows([...sources.values()]);
  const families = familiesOf(rows);
  const figures = new Map<string, string>();
  const native = rows.filter(({ engine }) => engine === 'native');
  const charts = new Map([[OVERVIEW, native], ...families]);
  for (const [name, rows] of charts) {
    if (!rows.some(isDrawn)) continue;
    const title = name === OVERVIEW ? 'All ratios of the native engine' : titleOf(name);
    figures.set(figurePath(name), await drawChart(title, rows, goals));
  }
  const pages = [...families].flatMap(([name, rows]) => [
    `### ${titleOf(name)}`,
    ...(figures.has(figurePath(name)) ? [picture(titleOf(name), `figures/${name}.svg`)] : []),
    formatMarkdown(rows, goals),
  ]);
  const about = aboutText(sources, native);
  const paths = [...sources.keys()];
  const overview = figures.has(figurePath(OVERVIEW))
    ? [picture('Ratios of the native engine', `${FIGURES}/${OVERVIEW}.svg`)]
    : [];
  return {
    figures,
    sections: new Map([
      ['docs/benchmarks.md', sectionOf(paths, [about, ...pages])],
      ['README.md', sectionOf(paths, [...overview, about])],
    ]),
  };
}

/** The results files that a document's section was made of. */
export function sourcesOf(document: string): readonly string[] {
  return BEGIN.exec(document)?.[1]?.split(', ') ?? [];
}

/** The section of a document with its markers. Throws an Error where it has none. */
export function readSection(document: string): string {
  const begin = BEGIN.exec(document)?.index ?? -1;
  const end = document.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error('the document has no markers for figures');
  return document.slice(begin, end + END.length);
}

/** The document with another section. Throws an Error where it has none. */
export function replaceSection(document: string, section: string): string {
  return document.replace(readSection(document), () => section);
}

/** A section with its markers. */
export function sectionOf(sources: readonly string[], parts: readonly string[]): string {
  const of = sources.length === 0 ? '' : ` of ${sources.join(', ')}`;
  return [
    `<!-- figures${of}: made by \`npm run bench -- charts\` -->\n<!-- prettier-ignore-start -->`,
    ...parts,
    `<!-- prettier-ignore-end -->\n${END}`,
  ].join('\n\n');
}

/** The section of a document that no results were measured for. */
export const UNMEASURED: string = sectionOf([], ['Nothing has been measured for this page yet.']);

// In the order of TITLES; families that have none come last.
function familiesOf(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const familyOf = (row: Row): string => row.case.split('/')[0] ?? row.case;
  const names = new Set([...Object.keys(TITLES), ...rows.map(familyOf)]);
  const families = [...names].map((name): [string, readonly Row[]] => [
    name,
    rows.filter((row) => familyOf(row) === name),
  ]);
  return new Map(families.filter(([, rows]) => rows.length > 0));
}

function titleOf(family: string): string {
  return TITLES[family] ?? family;
}

function figurePath(name: string): string {
  return `${FIGURES}/${name}.svg`;
}

function picture(title: string, path: string): string {
  return `![${title}: their cost over ours, on a logarithmic axis](${path})`;
}

function aboutText(sources: Sources, native: readonly Row[]): string {
  const runs = [...sources].map(([path, { machine, measuredAt, quick }]) => {
    const commit = machine.commit === undefined ? '' : `, commit ${machine.commit}`;
    const how = quick ? ' with `--quick`' : '';
    return `\`${path}\`: measured${how} on ${measuredAt.slice(0, 10)}${commit}, ${machineText(machine)}.`;
  });
  return `Of the native engine's ratios: ${formatSummary(native)}. All samples are in ${runs.join(' ')}`;
}

// In the order of the first file that has them.
function mergeRows(results: readonly Results[]): readonly Row[] {
  const keyOf = (row: Row): string => `${row.case} ${row.against} ${row.engine}`;
  const rows = results.flatMap(({ rows }) => rows).filter(({ against }) => against !== ITSELF);
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}

function formatMarkdown(rows: readonly Row[], goals: readonly Goal[]): string {
  const body = rows.map((row) => {
    const texts = cells(row, goals);
    return COLUMNS.map((_, column) => texts[column] ?? '');
  });
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(COLUMNS), line(COLUMNS.map(() => '---')), ...body.map(line)].join('\n');
}
