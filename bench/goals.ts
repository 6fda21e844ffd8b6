/**
 * The goals of goals.tsv, and which of them the rows fall short of.
 *
 * A goal is about the native engine, unless its case ends in `-fallback`. A goal that nothing was
 * measured for is not reached: neither where the engine is missing, nor where there is no such
 * case, nor where the machine was too busy.
 */

import type { EngineKind } from '../lib/engine/index.js';
import { figureOf, isMeasured, type MeasuredRow, type Row } from './row.js';

export interface Goal {
  readonly case: string;
  readonly against: string;
  readonly kind: 'ratio' | 'value';
  readonly comparison: '>=' | '<=';
  readonly bound: number;
  readonly unit: string;
  /** Which piece of work first needs it. */
  readonly stage: number;
  readonly meaning: string;
}

export interface Verdict {
  readonly goal: Goal;
  /** `not judged`: measured with fewer objects than the goal is about. */
  readonly result: 'reached' | 'short' | 'not judged';
  readonly reason: string;
}

const COLUMNS = ['case', 'against', 'kind', 'goal', 'unit', 'stage', 'prototype', 'meaning'];

/** Reads goals.tsv. Throws an Error that names the line for anything that is no goal. */
export function parseGoals(text: string): readonly Goal[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  if (header !== COLUMNS.join('\t')) throw new Error(`goals: the columns are not ${COLUMNS}`);
  const goals = lines.map((line, index) => parseGoal(line, index + 2));
  const seen = new Set<string>();
  for (const { case: name, against, kind } of goals) {
    const key = `${name} ${against} ${kind}`;
    if (seen.has(key)) throw new Error(`goals: ${key} is there twice`);
    seen.add(key);
  }
  return goals;
}

function parseGoal(line: string, number: number): Goal {
  const [name, against, kind, goal, unit, stage, , meaning = ''] = line.split('\t');
  const fail = (what: string): never => {
    throw new Error(`goals: line ${number}: ${what}`);
  };
  if (!name || !against || !unit) return fail('case, against and unit are needed');
  if (kind !== 'ratio' && kind !== 'value') return fail(`kind ${kind} is neither ratio nor value`);
  const bound = /^(>=|<=)(\d+(?:\.\d+)?)$/.exec(goal ?? '');
  if (bound === null) return fail(`goal ${goal} is not like >=2 or <=1.5`);
  if (!/^\d+$/.test(stage ?? '')) return fail(`stage ${stage} is no number`);
  return {
    case: name,
    against,
    kind,
    comparison: bound[1] as Goal['comparison'],
    bound: Number(bound[2]),
    unit,
    stage: Number(stage),
    meaning,
  };
}

export function goalText({ comparison, bound, unit }: Goal): string {
  return `${comparison} ${bound}${unit === 'x' ? 'x' : ` ${unit}`}`;
}

/** The goal that a row is held against. */
export function goalOf(row: Row, goals: readonly Goal[]): Goal | undefined {
  return goals.find(({ case: name, against }) => name === row.case && against === row.against);
}

/** The engine that a goal is about. */
export function engineOf(goal: Goal): EngineKind {
  return goal.case.endsWith('-fallback') ? 'javascript' : 'native';
}

/** Judges every goal; with `engine` as if all were about that one. */
export function judge(
  goals: readonly Goal[],
  rows: readonly Row[],
  engine?: EngineKind,
): readonly Verdict[] {
  return goals.map((goal) => judgeGoal(goal, rows, engine ?? engineOf(goal)));
}

function judgeGoal(goal: Goal, rows: readonly Row[], engine: EngineKind): Verdict {
  const row = rows.find(
    (row) => row.case === goal.case && row.against === goal.against && row.engine === engine,
  );
  if (row === undefined) return { goal, result: 'short', reason: 'there is no such case yet' };
  if (!isMeasured(row)) {
    return { goal, result: 'short', reason: `${row.status}: ${row.reason}` };
  }
  const figure = figureOf(row);
  const text = `${engine}: ${figure.toPrecision(3)} (${row.low.toPrecision(3)} to ${row.high.toPrecision(3)})`;
  if (row.scaledTo !== undefined) {
    return { goal, result: 'not judged', reason: `${text} with ${row.scaledTo} objects` };
  }
  return { goal, result: isReached(row, goal) ? 'reached' : 'short', reason: text };
}

/** Whether the row's figure, not an end of its interval, is as good as the goal. */
export function isReached(row: MeasuredRow, { comparison, bound }: Goal): boolean {
  return comparison === '>=' ? figureOf(row) >= bound : figureOf(row) <= bound;
}
