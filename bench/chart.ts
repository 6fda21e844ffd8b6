/**
 * A chart of ratios as SVG: one line a row, with its 95 % interval, on a logarithmic axis.
 *
 *  1. What is lost is drawn like what is won: to the left of the line at 1.
 *  2. The goal is a tick; only rows that a goal is about have one.
 *  3. The same rows give the same text, on every machine: no clock, no random numbers, no fonts
 *     measured, and positions rounded to what an eye can tell.
 */

import type { TopLevelSpec } from 'vega-lite';

import { engineOf, type Goal, goalOf } from './goals.js';
import { ITSELF } from './measure.js';
import { isMeasured, type MeasuredRow, type Row } from './row.js';
import { comparisonOf, withUnit } from './table.js';

/** A ratio as it is drawn. */
interface Mark {
  readonly row: string;
  readonly engine: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly result: string;
  readonly text: string;
  /** Where the text begins: behind the interval, and behind a goal that would cross it. */
  readonly textAt: number;
  /** Absent where no goal is about this row and engine. */
  readonly goal?: number;
}

/** Told apart by those who do not see red and green, too. */
const COLORS = { won: '#0072b2', even: '#767676', lost: '#d55e00' };

const SHAPES: Readonly<Record<string, string>> = { native: 'circle', javascript: 'diamond' };

const PLOT_WIDTH = 420;

/** Height of one engine's line of a row. */
const LINE_HEIGHT = 18;

/** Room on both sides for texts, as a factor of the ratios. */
const MARGIN = { left: 1.4, right: 2 };

/** About how wide a text is, as a factor of the ratio where it begins. */
const TEXT_WIDTH = 1.6;

/** The rows that a chart can show. */
export function isDrawn(row: Row): row is MeasuredRow & { readonly ratio: number } {
  return isMeasured(row) && row.ratio !== undefined && row.against !== ITSELF;
}

/** The text of an SVG file. Rows without a ratio are not drawn. */
export async function drawChart(
  title: string,
  rows: readonly Row[],
  goals: readonly Goal[],
): Promise<string> {
  // They take a while to load, which whoever only measures need not wait for.
  const [vega, lite] = await Promise.all([import('vega'), import('vega-lite')]);
  const marks = rows.filter(isDrawn).map((row) => markOf(row, goals));
  const { spec } = lite.compile(specOf(title, marks));
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  try {
    return `${round(await view.toSVG())}\n`;
  } finally {
    view.finalize();
  }
}

function markOf(row: MeasuredRow & { readonly ratio: number }, goals: readonly Goal[]): Mark {
  const { engine, ratio, low, high, scaledTo } = row;
  const objects = scaledTo === undefined ? '' : ` (${scaledTo} objects)`;
  const goal = goalOf(row, goals);
  const bound = goal === undefined || engineOf(goal) !== engine ? undefined : goal.bound;
  const isCrossed = bound !== undefined && bound > high && bound < high * TEXT_WIDTH;
  return {
    row: `${row.case}${objects} against ${row.against}`,
    engine,
    ratio,
    low,
    high,
    result: comparisonOf(row),
    text: withUnit(ratio, 'x'),
    textAt: isCrossed ? bound : high,
    ...(bound === undefined ? {} : { goal: bound }),
  };
}

function specOf(title: string, marks: readonly Mark[]): TopLevelSpec {
  const rows = [...new Set(marks.map(({ row }) => row))];
  const engines = Object.keys(SHAPES).filter((name) => marks.some((mark) => mark.engine === name));
  const y = {
    field: 'row',
    type: 'nominal',
    sort: rows,
    title: null,
    axis: { domain: false, ticks: false, grid: true, labelLimit: 0, labelPadding: 8 },
  } as const;
  const yOffset = { field: 'engine', type: 'nominal', sort: engines } as const;
  const color = {
    field: 'result',
    type: 'nominal',
    scale: { domain: Object.keys(COLORS), range: Object.values(COLORS) },
    legend: { title: null, orient: 'bottom', symbolType: 'square' },
  } as const;
  const x = {
    type: 'quantitative',
    scale: { type: 'log', domain: domainOf(marks), nice: false },
    axis: {
      title: 'their cost over ours, times (left of 1 is lost; the ticks are goals)',
      format: '~g',
      values: ticksWithin(domainOf(marks)),
    },
  } as const;
  return {
    background: 'white',
    padding: 8,
    title: { text: title, anchor: 'start' },
    data: { values: marks as Mark[] },
    width: PLOT_WIDTH,
    height: { step: LINE_HEIGHT, for: 'offset' },
    config: { font: 'sans-serif', view: { stroke: null } },
    layer: [
      {
        data: { values: [{ one: 1 }] },
        mark: { type: 'rule', color: '#333333', aria: false },
        encoding: { x: { ...x, datum: 1 } },
      },
      {
        transform: [{ filter: 'isValid(datum.goal)' }],
        mark: { type: 'tick', color: '#333333', thickness: 2, size: LINE_HEIGHT - 4 },
        encoding: {
          x: { ...x, field: 'goal' },
          y,
          yOffset,
          description: { value: { expr: "'goal of ' + datum.row + ': ' + datum.goal + 'x'" } },
        },
      },
      {
        mark: { type: 'rule', strokeWidth: 2, aria: false },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, yOffset, color },
      },
      {
        mark: { type: 'point', filled: true, opacity: 1, size: 60 },
        encoding: {
          x: { ...x, field: 'ratio' },
          y,
          yOffset,
          color,
          shape: {
            field: 'engine',
            type: 'nominal',
            scale: { domain: engines, range: engines.map((name) => SHAPES[name] ?? '') },
            legend: engines.length > 1 ? { title: null, orient: 'bottom' } : null,
          },
          description: {
            value: {
              expr: "datum.row + ', ' + datum.engine + ': ' + datum.text + ', ' + datum.result",
            },
          },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 8, fontSize: 10, aria: false },
        encoding: { x: { ...x, field: 'textAt' }, y, yOffset, text: { field: 'text' } },
      },
    ],
  };
}

// The line at 1 is always in the picture.
function domainOf(marks: readonly Mark[]): [low: number, high: number] {
  const ends = marks.flatMap(({ low, high, goal }) => [low, high, goal ?? 1]);
  return [Math.min(1, ...ends) / MARGIN.left, Math.max(1, ...ends) * MARGIN.right];
}

// 1, 2 and 5 of every power of ten.
function ticksWithin([low, high]: readonly [low: number, high: number]): number[] {
  const exponents = Array.from({ length: 16 }, (_, index) => index - 6);
  return exponents
    .flatMap((exponent) => [1, 2, 5].map((digit) => Number(`${digit}e${exponent}`)))
    .filter((tick) => tick >= low && tick <= high);
}

// Hundredths of a pixel: farther digits differ between processors.
function round(svg: string): string {
  return svg.replaceAll(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (text) =>
    String(Number(Number(text).toFixed(2))),
  );
}
