/**
 * The readable table: every row, won or lost, with its interval, both sides' figures, the noise of
 * the run and the goal; and how many were won and lost.
 */

import { engineOf, type Goal, goalOf, goalText, isReached, type Verdict } from './goals.js';
import { ITSELF } from './measure.js';
import { figureOf, isMeasured, type MeasuredRow, type Row } from './row.js';

export const COLUMNS = [
  'case',
  'against',
  'engine',
  'result',
  '95 % interval',
  '',
  'ours',
  'theirs',
  'CPU',
  'noise',
  'goal',
] as const;

/** Lines of text, the longest cell of each column making its width. */
export function formatTable(rows: readonly Row[], goals: readonly Goal[]): string {
  const lines = [COLUMNS, ...rows.map((row) => cells(row, goals))];
  const widths = COLUMNS.map((_, column) =>
    // A reason may be as long as it likes: it stands in the place of several cells.
    Math.max(...lines.map((line) => (line.length < COLUMNS.length ? 0 : line[column]!.length))),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A row as texts, one a column; where there is no figure, the last one says why. */
export function cells(row: Row, goals: readonly Goal[]): readonly string[] {
  const head = [row.case, row.against === ITSELF ? 'A/A' : row.against, row.engine];
  if (!isMeasured(row)) return [...head, `${row.status}: ${row.reason}`];
  const goal = goalOf(row, goals);
  const { low, high, unit, figureUnit, ours, theirs, cpuRatio, noise, scaledTo } = row;
  return [
    head[0]! + (scaledTo === undefined ? '' : ` (${scaledTo} objects)`),
    head[1]!,
    head[2]!,
    withUnit(figureOf(row), unit),
    `${number(low)} to ${number(high)}`,
    comparisonOf(row),
    row.ratio === undefined && theirs === undefined ? '' : withUnit(ours, figureUnit),
    theirs === undefined ? '' : withUnit(theirs, figureUnit),
    cpuRatio === undefined ? '' : withUnit(cpuRatio, 'x'),
    `${(noise * 100).toFixed(0)} %`,
    goal === undefined ? '' : goalText(goal) + (isShort(row, goal) ? ', short' : ''),
  ];
}

/** A win or a loss only where neither the interval nor the noise leaves a doubt. */
export function comparisonOf({ ratio, low, high, noise, against }: MeasuredRow): string {
  if (ratio === undefined || against === ITSELF) return '';
  if (low > 1 && ratio > 1 + noise) return 'won';
  return high < 1 && ratio < 1 / (1 + noise) ? 'lost' : 'even';
}

// As `--check` judges it.
function isShort(row: MeasuredRow, goal: Goal): boolean {
  return engineOf(goal) === row.engine && row.scaledTo === undefined && !isReached(row, goal);
}

/** How many ratios were won and lost, and how many rows have no figure. */
export function formatSummary(rows: readonly Row[]): string {
  const results = rows.filter(isMeasured).map(comparisonOf);
  const count = (result: string): number => results.filter((text) => text === result).length;
  const absent = rows.length - results.length;
  return `won ${count('won')}, even ${count('even')}, lost ${count('lost')}; no figure ${absent}`;
}

export function formatVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ goal, result, reason }) => {
      const name = `${goal.case} against ${goal.against}`;
      return `${result}: ${name}: goal ${goalText(goal)}; ${reason}`;
    })
    .join('\n');
}

export function withUnit(value: number, unit: string): string {
  return unit === 'x' ? `${number(value)}x` : `${number(value)} ${unit}`;
}

/** Three figures that count, or a whole number in groups of three. */
function number(value: number): string {
  if (value >= 100) return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ' ');
  if (value === 0) return '0';
  return value >= 1e-3 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}
