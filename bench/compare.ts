/** What changed between two saved runs. */

import { ITSELF } from './measure.js';
import { figureOf, isMeasured, type MeasuredRow, type Row } from './row.js';
import type { Results } from './results.js';

export interface Change {
  readonly case: string;
  readonly against: string;
  readonly engine: string;
  /** The figures, or what stood in their place. */
  readonly before: string;
  readonly after: string;
  /** The later figure over the earlier one. */
  readonly change?: number;
  /** A change only where the two intervals have nothing in common. */
  readonly verdict: 'better' | 'worse' | 'same' | 'not comparable';
}

export function compareResults(before: Results, after: Results): readonly Change[] {
  const earlier = new Map(before.rows.map((row) => [keyOf(row), row]));
  const later = new Map(after.rows.map((row) => [keyOf(row), row]));
  const keys = new Set([...earlier.keys(), ...later.keys()]);
  return [...keys].flatMap((key) => {
    const old = earlier.get(key);
    const now = later.get(key);
    const { case: name, against, engine } = (now ?? old) as Row;
    if (against === ITSELF) return [];
    const shown = { case: name, against, engine, before: show(old), after: show(now) };
    return [{ ...shown, ...verdict(old, now) }];
  });
}

export function formatChanges(changes: readonly Change[]): string {
  return changes
    .map(({ case: name, against, engine, before, after, change, verdict }) => {
      const factor = change === undefined ? '' : ` (${change.toFixed(2)} times)`;
      return `${verdict}: ${name} against ${against}, ${engine}: ${before} -> ${after}${factor}`;
    })
    .join('\n');
}

function keyOf(row: Row): string {
  return `${row.case} ${row.against} ${row.engine} ${'value' in row ? 'value' : 'ratio'}`;
}

function show(row: Row | undefined): string {
  if (row === undefined) return 'not there';
  if (!isMeasured(row)) return row.status;
  const text = `${figureOf(row).toPrecision(3)}${row.unit === 'x' ? 'x' : ` ${row.unit}`}`;
  return row.scaledTo === undefined ? text : `${text} with ${row.scaledTo} objects`;
}

function verdict(old: Row | undefined, now: Row | undefined): Pick<Change, 'change' | 'verdict'> {
  if (old === undefined || now === undefined || !isMeasured(old) || !isMeasured(now)) {
    return { verdict: 'not comparable' };
  }
  if (old.scaledTo !== now.scaledTo) return { verdict: 'not comparable' };
  const change = figureOf(now) / figureOf(old);
  if (overlap(old, now)) return { change, verdict: 'same' };
  // A ratio grows and a value falls when we get better.
  const isBetter = now.ratio === undefined ? change < 1 : change > 1;
  return { change, verdict: isBetter ? 'better' : 'worse' };
}

function overlap(left: MeasuredRow, right: MeasuredRow): boolean {
  return left.low <= right.high && right.low <= left.high;
}
