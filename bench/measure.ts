/**
 * Measures one trial.
 *
 *   for each set:  start all contenders afresh, two of our engine (the second one is the A/A row)
 *                  compare what they compute; when it differs nothing is timed
 *                  for each operation, round by round:  A B C C B A …, a sample each
 *
 * Rules:
 *  1. A round counts only when other programs left the machine alone while it ran; as many rounds
 *     again are tried in their place. Fewer than ROUNDS_MIN that count: unmeasurable.
 *  2. The first sample of every contender warms it up and is dropped.
 *  3. All processes are ended whatever happens.
 */

import { availableParallelism } from 'node:os';

import type { EngineKind } from '../lib/engine/index.js';
import type { Contender, Launch } from './contender.js';
import { OTHERS_CORES_MAX, othersCores, type LoadReading } from './load.js';
import { turnOrder } from './schedule.js';
import { median } from './statistics.js';
import type { Effort, Sample, Trial } from './trials/contract.js';

/** Fewer rounds are no measurement. */
export const ROUNDS_MIN = 10;

/** Rounds tried for each one that is wanted. */
const ATTEMPTS = 2;

/** The A/A contender: our default engine a second time. */
export const ITSELF = 'itself';

/** Samples of all contenders, by the name of the contender; our own by the name of their engine. */
export type Round = ReadonlyMap<string, Sample>;

export type Outcome =
  | {
      readonly type: 'measured';
      readonly rounds: readonly Round[];
      /** Cores that others used meanwhile, median. */
      readonly others: number;
    }
  | { readonly type: 'unmeasurable' | 'refused' | 'failed'; readonly reason: string };

export interface MeasureOptions {
  readonly trial: Trial;
  readonly effort: Effort;
  /** Those that are there; the first is the default one. */
  readonly engines: readonly [EngineKind, ...EngineKind[]];
  readonly operations: readonly string[];
  readonly rivals: readonly string[];
  readonly seed: number;
  readonly launch: Launch;
  readonly readLoad: (pids: readonly number[]) => LoadReading | undefined;
  /** Cores that others may use in a round that counts. Default OTHERS_CORES_MAX. */
  readonly othersMax?: number;
  readonly say: (text: string) => void;
}

/** The outcome of each operation. Never rejects: what goes wrong is an outcome. */
export async function measureTrial(options: MeasureOptions): Promise<ReadonlyMap<string, Outcome>> {
  const rounds = new Rounds(options);
  try {
    for (let set = 0; set < options.effort.sets; set++) {
      const refusal = await measureSet(options, rounds, set);
      if (refusal !== undefined) return forAll(options, { type: 'refused', reason: refusal });
    }
  } catch (error) {
    return forAll(options, { type: 'failed', reason: describe(error) });
  }
  return new Map(options.operations.map((operation) => [operation, rounds.outcome(operation)]));
}

/** What was measured of each operation, and under what load. */
class Rounds {
  readonly #othersMax: number;
  readonly #quiet = new Map<string, Round[]>();
  readonly #others = new Map<string, number[]>();
  readonly #loads: number[] = [];

  constructor({ operations, othersMax = OTHERS_CORES_MAX }: MeasureOptions) {
    this.#othersMax = othersMax;
    for (const operation of operations) {
      this.#quiet.set(operation, []);
      this.#others.set(operation, []);
    }
  }

  /** Whether the round counts. */
  add(operation: string, round: Round, others: number): boolean {
    this.#loads.push(others);
    if (others > this.#othersMax) return false;
    this.#quiet.get(operation)!.push(round);
    this.#others.get(operation)!.push(others);
    return true;
  }

  outcome(operation: string): Outcome {
    const rounds = this.#quiet.get(operation)!;
    if (rounds.length >= ROUNDS_MIN) {
      return { type: 'measured', rounds, others: median(this.#others.get(operation)!) };
    }
    const used = median(this.#loads).toFixed(2);
    const reason = `other programs used ${used} cores; ${rounds.length} rounds were undisturbed`;
    return { type: 'unmeasurable', reason };
  }
}

// Returns why the set is refused, if it is.
async function measureSet(
  options: MeasureOptions,
  rounds: Rounds,
  set: number,
): Promise<string | undefined> {
  const { trial, effort, operations, say } = options;
  say(`${trial.name}: preparing${effort.sets > 1 ? ` (${set + 1} of ${effort.sets})` : ''}`);
  const contenders = new Map<string, Contender>();
  try {
    await launchAll(options, set, contenders);
    for (const operation of operations) {
      const difference = await compare(operation, contenders);
      if (difference !== undefined) return difference;
    }
    for (const operation of operations) {
      say(`${trial.name}: measuring ${operation}`);
      await measureOperation(options, operation, contenders, rounds);
    }
    return undefined;
  } finally {
    for (const contender of contenders.values()) contender.close();
  }
}

async function launchAll(
  { trial, effort, engines, rivals, seed, launch }: MeasureOptions,
  set: number,
  contenders: Map<string, Contender>,
): Promise<void> {
  const [engine] = engines;
  const waiting = [
    ...engines.map((kind) => ({ name: kind as string, contender: 'engine', engine: kind })),
    ...rivals.map((rival) => ({ name: rival, contender: rival, engine })),
    { name: ITSELF, contender: 'engine', engine },
  ];
  // In the order of the list, whoever is ready first: turns go by it.
  const order = waiting.map(({ name }) => name);
  const ready = new Map<string, Contender>();
  const size = effort.size;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { name, ...who } = next;
      ready.set(name, await launch({ trial: trial.name, ...who, size, seed: seed + set }));
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: availableParallelism() }, work));
  for (const name of order) {
    const contender = ready.get(name);
    if (contender !== undefined) contenders.set(name, contender);
  }
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
}

// Says what differs, if anything does.
async function compare(
  operation: string,
  contenders: ReadonlyMap<string, Contender>,
): Promise<string | undefined> {
  let first: { readonly name: string; readonly digest: string } | undefined;
  for (const [name, contender] of offering(operation, contenders)) {
    const digest = await contender.digest(operation);
    if (digest === undefined) continue;
    first ??= { name, digest };
    if (digest !== first.digest) {
      const digests = `${first.digest.slice(0, 12)} and ${digest.slice(0, 12)}`;
      return `${operation}: results of ${first.name} and ${name} differ (${digests})`;
    }
  }
  return undefined;
}

async function measureOperation(
  { effort, readLoad }: MeasureOptions,
  operation: string,
  contenders: ReadonlyMap<string, Contender>,
  rounds: Rounds,
): Promise<void> {
  const { budgetMs } = effort;
  const sides = offering(operation, contenders);
  const pids = [process.pid, ...[...contenders.values()].map(({ pid }) => pid)];
  for (const [, contender] of sides) await contender.sample(operation, budgetMs);
  let counted = 0;
  for (let turn = 0; turn < ATTEMPTS * effort.rounds && counted < effort.rounds; turn++) {
    const round = new Map<string, Sample>();
    const before = readLoad(pids);
    for (const [name, contender] of turnOrder(sides, turn)) {
      round.set(name, await contender.sample(operation, budgetMs));
    }
    if (rounds.add(operation, round, othersCores(before, readLoad(pids)))) counted++;
  }
}

function offering(
  operation: string,
  contenders: ReadonlyMap<string, Contender>,
): readonly (readonly [string, Contender])[] {
  return [...contenders].filter(([, contender]) => contender.operations.includes(operation));
}

function forAll({ operations }: MeasureOptions, outcome: Outcome): ReadonlyMap<string, Outcome> {
  return new Map(operations.map((operation) => [operation, outcome]));
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
