/**
 * The figures in the documents: made of one results file, never by hand.
 *
 *  1. Every row of the file is in a table, also what was lost or has no figure; the A/A rows are
 *     told by the noise of the others.
 *  2. What stands between the markers of a document, and every file of docs/figures, is a function
 *     of the results and goals alone. The marker names the file, so that a test can make it again.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

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

const BEGIN = /<!-- figures(?: of (\S+))?: made by .* -->\n/;
const END = '<!-- end of figures -->';

/**
 * Makes docs/figures and the documents' sections anew of a file in bench/results; answers the paths
 * of what was written. Throws an Error for a file from elsewhere: the documents name it, and
 * whoever reads them must have it.
 */
export async function writeReport(
  file: string,
  goals: readonly Goal[],
): Promise<readonly string[]> {
  const source = relative(ROOT, resolve(file));
  if (!source.startsWith(`${relative(ROOT, RESULTS_FOLDER)}/`)) {
    throw new Error(`${file} is not in ${relative(ROOT, RESULTS_FOLDER)}`);
  }
  const { figures, sections } = await makeReport(readResults(file), source, goals);
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

export async function makeReport(
  results: Results,
  source: string,
  goals: readonly Goal[],
): Promise<Report> {
  const rows = results.rows.filter(({ against }) => against !== ITSELF);
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
  const about = aboutText(results, source, native);
  const overview = figures.has(figurePath(OVERVIEW))
    ? [picture('Ratios of the native engine', `${FIGURES}/${OVERVIEW}.svg`)]
    : [];
  return {
    figures,
    sections: new Map([
      ['docs/benchmarks.md', sectionOf(source, [about, ...pages])],
      ['README.md', sectionOf(source, [...overview, about])],
    ]),
  };
}

/** The results file that a document's section was made of; undefined where it is empty. */
export function sourceOf(document: string): string | undefined {
  return BEGIN.exec(document)?.[1];
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

/** A section with its markers; the source is a path relative to the root. */
export function sectionOf(source: string | undefined, parts: readonly string[]): string {
  const of = source === undefined ? '' : ` of ${source}`;
  return [
    `<!-- figures${of}: made by \`npm run bench -- charts\` -->\n<!-- prettier-ignore-start -->`,
    ...parts,
    `<!-- prettier-ignore-end -->\n${END}`,
  ].join('\n\n');
}

/** The section of a document that no results were measured for. */
export const UNMEASURED: string = sectionOf(undefined, [
  'Nothing has been measured for this page yet.',
]);

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

function aboutText(results: Results, source: string, native: readonly Row[]): string {
  const { machine, measuredAt, quick } = results;
  const commit = machine.commit === undefined ? '' : `, commit ${machine.commit}`;
  const how = quick ? ' with `--quick`' : '';
  return (
    `Measured${how} on ${measuredAt.slice(0, 10)}${commit}: ${machineText(machine)}. ` +
    `Of the native engine's ratios: ${formatSummary(native)}. ` +
    `All samples are in \`${source}\`.`
  );
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
