/**
 * Rows: what is printed, saved and checked. One for each plan and engine, and the A/A rows.
 *
 * A ratio is their cost over ours, round by round, and its median: above 1 we win, for times, bytes
 * and latencies alike.
 */

import type { EngineKind } from '../lib/engine/index.js';
import { ITSELF, type Outcome, type Round } from './measure.js';
import { type Estimate, estimate, median, pairedRatios, spread } from './statistics.js';
import type { RowPlan } from './trials/contract.js';
import { seededRandom } from './workload/random.js';

interface RowBase {
  readonly case: string;
  readonly against: string;
  readonly engine: EngineKind;
  readonly machine: string;
}

export interface MeasuredRow extends RowBase {
  /** Of rows that compare. */
  readonly ratio?: number;
  /** Of rows about a figure itself; in `unit`. */
  readonly value?: number;
  readonly unit: string;
  /** The 95 % interval of ratio or value. */
  readonly low: number;
  readonly high: number;
  /** Rounds. */
  readonly samples: number;
  /** How far from 1 the ratio of our engine to itself may lie. */
  readonly noise: number;
  /** Medians of both sides, in `figureUnit`. */
  readonly ours: number;
  readonly theirs?: number;
  readonly figureUnit: string;
  /** Their CPU time over ours. */
  readonly cpuRatio?: number;
  /** Cores that other programs used meanwhile. */
  readonly others: number;
  /** Objects, where fewer than the row's name says (`--quick`). */
  readonly scaledTo?: number;
}

/** A row without a figure, and why. */
export interface AbsentRow extends RowBase {
  readonly status: 'not there yet' | 'unmeasurable' | 'refused' | 'failed';
  readonly reason: string;
}

export type Row = MeasuredRow | AbsentRow;

export function isMeasured(row: Row): row is MeasuredRow {
  return !('status' in row);
}

/** The figure itself, ratio or value. */
export function figureOf(row: MeasuredRow): number {
  return row.ratio ?? row.value ?? NaN;
}

export interface RowContext {
  readonly machine: string;
  /** Those that are there; the first is the default one, which the A/A row is about. */
  readonly engines: readonly EngineKind[];
  /** Why others are not, engines and rivals, by their names. */
  readonly missing: ReadonlyMap<string, string>;
  readonly scaledTo?: number;
}

/** The figure of the samples that CPU time is compared by. */
const CPU = 'cpuUs';

/** Any fixed number: the same rounds give the same interval. */
const BOOTSTRAP_SEED = 1;

/** The row of one plan and engine. */
export function makeRow(
  plan: RowPlan,
  outcome: Outcome,
  engine: EngineKind,
  context: RowContext,
): Row {
  const base = { case: plan.case, against: plan.against, engine, machine: context.machine };
  const needed: readonly EngineKind[] =
    plan.kind === 'engines' ? ['javascript', 'native'] : [engine];
  const rival = plan.kind === 'ratio' ? context.missing.get(plan.rival) : undefined;
  if (rival !== undefined) return { ...base, status: 'not there yet', reason: rival };
  for (const kind of needed) {
    if (context.engines.includes(kind)) continue;
    const reason = context.missing.get(kind) ?? `the ${kind} engine was not measured`;
    return { ...base, status: 'not there yet', reason };
  }
  if (outcome.type !== 'measured') {
    return { ...base, status: outcome.type, reason: outcome.reason };
  }
  return finite({ ...base, ...figures(plan, outcome, engine, context) });
}

/** What our default engine has to itself: the noise of all rows of that plan. */
export function makeNoiseRow(
  plan: RowPlan,
  outcome: Outcome,
  context: RowContext,
): Row | undefined {
  const engine = context.engines[0];
  if (outcome.type !== 'measured' || engine === undefined) return undefined;
  return finite(compareWithItself(plan, outcome, engine, context));
}

function compareWithItself(
  plan: RowPlan,
  { rounds, others }: Outcome & { type: 'measured' },
  engine: EngineKind,
  context: RowContext,
): MeasuredRow {
  const metric = plan.noiseMetric ?? plan.metric;
  const ours = figuresOf(rounds, engine, metric);
  const theirs = figuresOf(rounds, ITSELF, metric);
  const ratio = estimateOf(pairedRatios(ours, theirs));
  return {
    case: plan.case,
    against: ITSELF,
    engine,
    machine: context.machine,
    ratio: ratio.median,
    unit: 'x',
    low: ratio.low,
    high: ratio.high,
    samples: rounds.length,
    noise: spread(ratio),
    ours: median(ours),
    theirs: median(theirs),
    figureUnit: plan.metricUnit,
    others,
    ...scaled(context),
  };
}

// A ratio to 0 is none, and no JSON either.
function finite(row: MeasuredRow): Row {
  const { case: name, against, engine, machine, low, high, noise } = row;
  if ([figureOf(row), low, high, noise].every(Number.isFinite)) return row;
  const reason = 'a figure of some rounds is 0 or is not there';
  return { case: name, against, engine, machine, status: 'unmeasurable', reason };
}

type Figures = Omit<MeasuredRow, keyof RowBase>;

function figures(
  plan: RowPlan,
  outcome: Outcome & { type: 'measured' },
  engine: EngineKind,
  context: RowContext,
): Figures {
  const { rounds, others } = outcome;
  const ours = figuresOf(rounds, engine, plan.metric);
  const { noise } = compareWithItself(plan, outcome, context.engines[0] ?? engine, context);
  const shown = {
    samples: rounds.length,
    noise,
    ours: median(ours),
    figureUnit: plan.metricUnit,
    others,
    ...scaled(context),
  };
  if (plan.kind === 'value') {
    const { median: value, low, high } = estimateOf(ours);
    return { value, unit: plan.metricUnit, low, high, ...shown };
  }
  const theirs = figuresOf(rounds, plan.kind === 'ratio' ? plan.rival : 'native', plan.metric);
  if (plan.kind === 'engines') {
    const { median: value, low, high } = estimateOf(pairedRatios(theirs, ours));
    return { value, unit: 'x', low, high, ...shown, theirs: median(theirs) };
  }
  const { median: ratio, low, high } = estimateOf(pairedRatios(ours, theirs));
  const both = { ratio, unit: 'x', low, high, ...shown, theirs: median(theirs) };
  return { ...both, ...cpuRatio(rounds, engine, plan.rival) };
}

function cpuRatio(
  rounds: readonly Round[],
  engine: EngineKind,
  rival: string,
): { cpuRatio?: number } {
  const ours = figuresOf(rounds, engine, CPU);
  const theirs = figuresOf(rounds, rival, CPU);
  const ratios = pairedRatios(ours, theirs).filter(Number.isFinite);
  return ratios.length === rounds.length ? { cpuRatio: median(ratios) } : {};
}

// NaN where a contender has no such figure.
function figuresOf(rounds: readonly Round[], contender: string, metric: string): number[] {
  return rounds.map((round) => round.get(contender)?.[metric] ?? NaN);
}

function estimateOf(values: readonly number[]): Estimate {
  return estimate(values, seededRandom(BOOTSTRAP_SEED));
}

function scaled({ scaledTo }: RowContext): { scaledTo?: number } {
  return scaledTo === undefined ? {} : { scaledTo };
}
