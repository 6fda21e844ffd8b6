/** A run: the trials that were asked for, one after the other, and the rows that come of them. */

import { type EngineKind, engineReport } from '../lib/engine/index.js';
import { isNamed } from './command.js';
import type { Launch } from './contender.js';
import type { LoadReading } from './load.js';
import { measureTrial, type Outcome } from './measure.js';
import { type RawSamples, rawSamples } from './results.js';
import { makeNoiseRow, makeRow, type Row, type RowContext } from './row.js';
import type { Effort, RowPlan, Trial } from './trials/contract.js';

/** The default engine first: it is the one that the A/A row is about. */
const ENGINES: readonly EngineKind[] = ['native', 'javascript'];

/** Any fixed number: every run does the same work. */
const SEED = 20_240_501;

export interface RunOptions {
  readonly trials: readonly Trial[];
  readonly names: readonly string[];
  readonly quick: boolean;
  /** Only this engine. */
  readonly engine: EngineKind | undefined;
  readonly othersMax: number | undefined;
  readonly machine: string;
  readonly launch: Launch;
  readonly readLoad: (pids: readonly number[]) => LoadReading | undefined;
  readonly say: (text: string) => void;
  /** Called with the rows of each trial when they are there. */
  readonly onRows: (rows: readonly Row[]) => void;
  /** Called after each trial with all that is known by then. */
  readonly onResult?: (result: RunResult) => void;
}

export interface RunResult {
  readonly rows: readonly Row[];
  readonly samples: readonly RawSamples[];
}

export async function run(options: RunOptions): Promise<RunResult> {
  const rows: Row[] = [];
  const samples: RawSamples[] = [];
  const wanted = options.engine === undefined ? ENGINES : [options.engine];
  const { there, missing } = findEngines(wanted);
  for (const trial of options.trials) {
    const plans = trial.rows.filter((plan) => isNamed(plan.case, options.names));
    if (plans.length === 0) continue;
    const effort = options.quick ? trial.quick : trial.full;
    const able = ableFor(trial, there, missing);
    const outcomes = await measure(options, trial, effort, plans, able);
    const scaledTo = effort.size.objects;
    const context: RowContext = {
      machine: options.machine,
      engines: able.engines,
      missing: able.missing,
      ...(scaledTo === trial.full.size.objects ? {} : { scaledTo }),
    };
    const made = rowsOf(plans, outcomes, wanted, context);
    rows.push(...made);
    options.onRows(made);
    for (const [operation, outcome] of outcomes) {
      if (outcome.type !== 'measured') continue;
      samples.push(rawSamples(trial.name, operation, outcome.rounds));
    }
    options.onResult?.({ rows, samples });
  }
  return { rows, samples };
}

/** Which of the engines are there, and why the others are not. */
export function findEngines(wanted: readonly EngineKind[]): {
  readonly there: readonly EngineKind[];
  readonly missing: ReadonlyMap<EngineKind, string>;
} {
  const missing = new Map<EngineKind, string>();
  for (const kind of wanted) {
    try {
      engineReport(kind);
    } catch (error) {
      missing.set(kind, (error as Error).message);
    }
  }
  return { there: wanted.filter((kind) => !missing.has(kind)), missing };
}

interface Able {
  readonly engines: readonly EngineKind[];
  /** Why others can't do it, engines and rivals, by their names. */
  readonly missing: ReadonlyMap<string, string>;
}

/** Who can do what a trial is about. */
function ableFor(
  { lacking = {} }: Trial,
  there: readonly EngineKind[],
  absent: ReadonlyMap<EngineKind, string>,
): Able {
  const missing = new Map<string, string>(absent);
  for (const [name, reasonOf] of Object.entries(lacking)) {
    const reason = reasonOf();
    if (reason !== undefined && !missing.has(name)) missing.set(name, reason);
  }
  return { engines: there.filter((kind) => !missing.has(kind)), missing };
}

function rowsOf(
  plans: readonly RowPlan[],
  outcomes: ReadonlyMap<string, Outcome>,
  wanted: readonly EngineKind[],
  context: RowContext,
): readonly Row[] {
  const noted = new Set<string>();
  return plans.flatMap((plan) => {
    const outcome = outcomes.get(plan.operation) ?? { type: 'failed', reason: 'nothing was run' };
    const engines = plan.kind === 'engines' ? (['javascript'] as const) : wanted;
    const rows = engines.map((engine) => makeRow(plan, outcome, engine, context));
    const key = `${plan.case} ${plan.noiseMetric ?? plan.metric}`;
    const noise = noted.has(key) ? undefined : makeNoiseRow(plan, outcome, context);
    noted.add(key);
    return noise === undefined ? rows : [...rows, noise];
  });
}

function measure(
  options: RunOptions,
  trial: Trial,
  effort: Effort,
  plans: readonly RowPlan[],
  { engines, missing }: Able,
): Promise<ReadonlyMap<string, Outcome>> {
  const [first, ...more] = engines;
  if (first === undefined) return Promise.resolve(new Map());
  const rivals = plans
    .flatMap((plan) => (plan.kind === 'ratio' ? [plan.rival] : []))
    .filter((rival) => !missing.has(rival));
  const { launch, readLoad, say, othersMax } = options;
  return measureTrial({
    trial,
    effort,
    engines: [first, ...more],
    operations: [...new Set(plans.map(({ operation }) => operation))],
    rivals: [...new Set(rivals)],
    seed: SEED,
    launch,
    readLoad,
    say,
    ...(othersMax === undefined ? {} : { othersMax }),
  });
}
