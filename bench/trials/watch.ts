/**
 * Finding the watches that want an event: 10 000 of them, each with a selector of its own (a group
 * of its own), of which 1, 10 or 100 % want any one event.
 *
 * Ours is what the watches add to `apply`: two caches go through the same events, one with the
 * watches and one without, in turn; the difference is the time it takes to find who wants the event
 * and to note it for them. `loop` asks every watch in turn, of the object before and of the one
 * after, as one must to tell ADDED, MODIFIED and DELETED apart, notes it for those that want it,
 * and whom to wake. On both sides every event finds all watches drained.
 *
 * The loop does for a watch what ours does, no less: its selector is any list of requirements, kept
 * as data, and any number of events may wait for it. (A loop that is compiled for the one selector
 * of this trial, and keeps one event, is several times faster and serves nobody else.) What makes
 * it fast is in it: labels are objects as JSON.parse makes them, of one shape, values are looked
 * for in arrays, which beat sets where there are few, what is told is made once for all watches,
 * and those arrays that hold what waits are kept.
 */

import { createHash } from 'node:crypto';

import type { EngineWatch, WatchEventType } from '../../lib/engine/index.js';
import type { LabelRequirement } from '../../lib/object/index.js';
import { median } from '../statistics.js';
import { EngineStore } from '../workload/engine-store.js';
import { bucketOf, BUCKETS, FIRST_REVISION, podIdentity, PodSource } from '../workload/pods.js';
import { seededRandom } from '../workload/random.js';
import type { Operations, Sample, Setup, Trial } from './contract.js';

/** A label that no pod has: `slot!=7` holds for all and makes the selector one of a kind. */
const SLOT = 'slot';

/** The selector's first term: a label, and the value that watch number n demands of it. */
interface Demand {
  readonly key: string;
  value(watch: number): string;
}

const DEMANDS: Readonly<Record<string, Demand>> = {
  '1pct': { key: 'bucket', value: (watch) => String(watch % BUCKETS).padStart(2, '0') },
  '10pct': { key: 'group', value: (watch) => String(watch % 10) },
  '100pct': { key: 'tier', value: () => 'web' },
};

const WATCHES = 10_000;
const OBJECTS = 1_000;
const EVENTS_COMPARED = 100;

/** Enough for the one event that a watch has pending. */
const DRAIN_BYTES = 64 * 1024;

/** Differences below this are the clock's own grain. */
const CLOCK_GRAIN_US = 0.05;

export const watchTrials: readonly Trial[] = Object.entries(DEMANDS).map(([share, demand]) => {
  const size = { objects: OBJECTS, objectBytes: 2_048, updates: 0, watches: WATCHES };
  return {
    name: `watch/match-${share}`,
    full: { size, sets: 3, rounds: 5, budgetMs: 400 },
    quick: { size, sets: 1, rounds: 10, budgetMs: 100 },
    engine: (setup) => prepareEngine(setup, demand),
    rivals: { loop: (setup) => prepareLoop(setup, demand) },
    rows: [
      {
        kind: 'ratio',
        case: `watch/match-${share}`,
        against: 'loop',
        rival: 'loop',
        operation: 'match',
        metric: 'wallUs',
        metricUnit: 'us',
      },
    ],
  };
});

/** New versions of random pods, each with the one before it. */
class Events {
  readonly #pods: PodSource;
  readonly #objects: number;
  readonly #random: () => number;
  #revision = FIRST_REVISION;

  constructor({ size, seed }: Setup) {
    this.#pods = new PodSource(size.objectBytes);
    this.#objects = size.objects;
    this.#random = seededRandom(seed);
  }

  /** Puts every pod once. */
  load(put: EngineStore['put']): void {
    for (let index = 0; index < this.#objects; index++) this.#put(index, put);
  }

  next(put: EngineStore['put']): number {
    const index = Math.floor(this.#random() * this.#objects);
    this.#put(index, put);
    return index;
  }

  #put(index: number, put: EngineStore['put']): void {
    const revision = ++this.#revision;
    put(index, this.#pods.bytes(index, revision - FIRST_REVISION, revision), revision);
  }
}

function prepareEngine(setup: Setup, demand: Demand): Operations {
  const watched = new EngineStore(setup.engine);
  const alone = new EngineStore(setup.engine);
  const events = new Events(setup);
  const twice: EngineStore['put'] = (index, bytes, revision) => {
    watched.put(index, bytes, revision);
    alone.put(index, bytes, revision);
  };
  events.load(twice);
  const watches: EngineWatch[] = [];
  const woken: number[] = [];
  for (let number = 0; number < setup.size.watches!; number++) {
    watches.push(openWatch(watched, demand, number, () => woken.push(number)));
  }
  const drain = (): void => {
    for (const number of woken.splice(0)) watches[number]!.drainFrames(DRAIN_BYTES);
  };
  return {
    match: {
      digest: () => digestOf(() => (events.next(twice), watches.flatMap(drainAll))),
      sample: (budgetMs) => {
        const measure = (isWatchedFirst: boolean): number => {
          let differenceUs = 0;
          events.next((index, bytes, revision) => {
            const withWatches = (): void => watched.put(index, bytes, revision);
            const without = (): void => alone.put(index, bytes, revision);
            if (isWatchedFirst) differenceUs = timeUs(withWatches) - timeUs(without);
            else differenceUs = -timeUs(without) + timeUs(withWatches);
          });
          return differenceUs;
        };
        return sampleDifference(measure, drain, budgetMs);
      },
    },
  };
}

function drainAll(watch: EngineWatch, number: number): string[] {
  return watch.drainEvents(100).items.map(({ type, name }) => `${number} ${type} ${name}`);
}

function openWatch(
  store: EngineStore,
  demand: Demand,
  number: number,
  wake: () => void,
): EngineWatch {
  return store.cache.watch({
    from: { type: 'after', revision: store.cache.revision },
    selector: { labels: requirementsOf(demand, number), fields: [] },
    wake,
  });
}

function requirementsOf(demand: Demand, number: number): readonly LabelRequirement[] {
  return [
    { key: demand.key, operator: 'In', values: [demand.value(number)] },
    { key: SLOT, operator: 'NotIn', values: [String(number)] },
  ];
}

async function sampleDifference(
  measure: (isWatchedFirst: boolean) => number,
  drain: () => void,
  budgetMs: number,
): Promise<Sample> {
  // Whoever comes second finds the event's bytes and the code in warm caches: both orders count.
  const first: number[] = [];
  const second: number[] = [];
  const deadlineMs = performance.now() + budgetMs;
  do {
    for (const [differences, isWatchedFirst] of [
      [first, true],
      [second, false],
    ] as const) {
      differences.push(measure(isWatchedFirst));
      // Watches are woken from the event loop, and drained so that the next event finds them
      // waiting.
      await new Promise((resolve) => setImmediate(resolve));
      drain();
    }
  } while (performance.now() < deadlineMs);
  return { wallUs: Math.max((median(first) + median(second)) / 2, CLOCK_GRAIN_US) };
}

function timeUs(work: () => void): number {
  const startedMs = performance.now();
  work();
  return (performance.now() - startedMs) * 1e3;
}

type Labels = Readonly<Record<string, string>>;

interface LoopEvent {
  readonly type: WatchEventType;
  readonly index: number;
}

class LoopWatch {
  readonly #requirements: readonly LabelRequirement[];
  readonly pending: LoopEvent[] = [];
  isWoken = false;

  constructor(requirements: readonly LabelRequirement[]) {
    this.#requirements = requirements;
  }

  matches(labels: Labels): boolean {
    const requirements = this.#requirements;
    for (let index = 0; index < requirements.length; index++) {
      if (!isMet(requirements[index]!, labels)) return false;
    }
    return true;
  }
}

function isMet({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'GreaterThan':
      return value !== undefined && BigInt(value) > BigInt(values[0]!);
    case 'LessThan':
      return value !== undefined && BigInt(value) < BigInt(values[0]!);
  }
}

function prepareLoop(setup: Setup, demand: Demand): Operations {
  const events = new Events(setup);
  const watches = Array.from(
    { length: setup.size.watches! },
    (_, number) => new LoopWatch(requirementsOf(demand, number)),
  );
  // An update changes no label here: a pod's labels before and after are equal, not identical.
  const before = Array.from({ length: setup.size.objects }, (_, index) => labelsOf(index));
  const after = before.map((labels) => ({ ...labels }));
  events.load(() => undefined);
  const woken: number[] = [];
  const offer = (index: number): void => {
    const added: LoopEvent = { type: 'ADDED', index };
    const modified: LoopEvent = { type: 'MODIFIED', index };
    const deleted: LoopEvent = { type: 'DELETED', index };
    for (let number = 0; number < watches.length; number++) {
      const watch = watches[number]!;
      const didMatch = watch.matches(before[index]!);
      const doesMatch = watch.matches(after[index]!);
      if (!didMatch && !doesMatch) continue;
      watch.pending.push(!doesMatch ? deleted : didMatch ? modified : added);
      if (watch.isWoken) continue;
      watch.isWoken = true;
      woken.push(number);
    }
  };
  const drain = (take: (number: number, event: LoopEvent) => void): void => {
    for (const number of woken.splice(0)) {
      const watch = watches[number]!;
      watch.isWoken = false;
      for (const event of watch.pending) take(number, event);
      // Setting the length would give the array's memory up.
      while (watch.pending.length > 0) watch.pending.pop();
    }
  };
  let turn = 0;
  return {
    match: {
      digest: () =>
        digestOf(() => {
          offer(events.next(() => undefined));
          const told: string[] = [];
          drain((number, { type, index }) => {
            told.push(`${number} ${type} ${podIdentity(index).name}`);
          });
          return told;
        }),
      sample: (budgetMs) => {
        const samples: number[] = [];
        const deadlineMs = performance.now() + budgetMs;
        do {
          samples.push(timeUs(() => offer(turn++ % setup.size.objects)));
          drain(() => undefined);
        } while (performance.now() < deadlineMs);
        return { wallUs: median(samples) };
      },
    },
  };
}

function labelsOf(index: number): Labels {
  const bucket = bucketOf(index);
  return {
    app: `shop-${index % 8}`,
    bucket: String(bucket).padStart(2, '0'),
    group: String(bucket % 10),
    tier: 'web',
  };
}

function digestOf(told: () => readonly string[]): string {
  const hash = createHash('sha256');
  for (let event = 0; event < EVENTS_COMPARED; event++) hash.update(told().join());
  return hash.digest('hex');
}
