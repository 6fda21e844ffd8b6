/**
 * What a trial is: data about who is measured doing what, and which rows come of it.
 *
 * A trial's contenders run in processes of their own. Each offers operations by name; an operation
 * tells a digest of its result, which all contenders that offer it must agree on before anything is
 * timed, and takes samples. `engine` is our side and is run once for every engine there is; all
 * others are what it is measured against.
 */

import type { EngineKind } from '../../lib/engine/index.js';

/** Figures of one sample by their names, units last: `wallUs`, `delayMaxMs`. Lower is better. */
export type Sample = Readonly<Record<string, number>>;

export interface Operation {
  /** Text that is equal for equal results. Without one there is nothing to compare. */
  readonly digest?: () => string | Promise<string>;
  /** Takes about so long, and never less than one call of what is measured. */
  sample(budgetMs: number): Sample | Promise<Sample>;
}

export type Operations = Readonly<Record<string, Operation>>;

/** How large a trial is. */
export interface TrialSize {
  readonly objects: number;
  readonly objectBytes: number;
  /** Random updates before anything is measured. */
  readonly updates: number;
  /** Watches, where the trial has them. */
  readonly watches?: number;
}

export interface Setup {
  /** The engine of the `engine` contender; whoever else needs a cache uses it too. */
  readonly engine: EngineKind;
  readonly size: TrialSize;
  readonly seed: number;
  /**
   * Says what ends what was begun, servers and clients, where the process outlives the contender. A
   * contender's own process just ends.
   */
  readonly onEnd?: (end: () => void | Promise<void>) => void;
}

/** Does what comes before measuring, and returns what can be measured. */
export type Prepare = (setup: Setup) => Operations | Promise<Operations>;

/** How often and how long a trial is measured. */
export interface Effort {
  readonly size: TrialSize;
  /** Times that all contenders are started afresh. */
  readonly sets: number;
  /** Rounds with each of these sets; at least ten in all. */
  readonly rounds: number;
  readonly budgetMs: number;
}

interface RowPlanBase {
  /** As goals.tsv has it. */
  readonly case: string;
  readonly against: string;
  readonly operation: string;
  /** The figure of the samples that the row is about. */
  readonly metric: string;
  /** Its unit. */
  readonly metricUnit: string;
  /** The figure that the A/A row compares; where `metric` may be 0. Default `metric`. */
  readonly noiseMetric?: string;
  /** Goals.tsv sets none for it: it is there to be seen. */
  readonly hasNoGoal?: true;
}

/** Their figure over ours. */
export interface RatioPlan extends RowPlanBase {
  readonly kind: 'ratio';
  /** The contender of that name; its operation has the same name. */
  readonly rival: string;
}

/** Our figure as it is. */
export interface ValuePlan extends RowPlanBase {
  readonly kind: 'value';
}

/** The JavaScript engine's figure over the native one's. */
export interface EnginesPlan extends RowPlanBase {
  readonly kind: 'engines';
}

export type RowPlan = RatioPlan | ValuePlan | EnginesPlan;

export interface Trial {
  readonly name: string;
  readonly full: Effort;
  readonly quick: Effort;
  /** Our side, under whichever engine. */
  readonly engine: Prepare;
  readonly rivals: Readonly<Record<string, Prepare>>;
  /**
   * Why an engine or a rival can't do this, by its name; undefined where it can. Who isn't named
   * can.
   */
  readonly lacking?: Readonly<Record<string, () => string | undefined>>;
  readonly rows: readonly RowPlan[];
}
