import test from 'ava';

import type { Contender, ContenderSpec, Launch } from '../../bench/contender.js';
import type { LoadReading } from '../../bench/load.js';
import { ITSELF, type MeasureOptions, measureTrial } from '../../bench/measure.js';
import { turnOrder } from '../../bench/schedule.js';
import type { Trial } from '../../bench/trials/contract.js';

const SIZE = { objects: 10, objectBytes: 100, updates: 0 };

/** What fake contenders answer and what they were asked. */
interface Scene {
  readonly launched: ContenderSpec[];
  readonly sampled: string[];
  closed: number;
  readonly digests: Record<string, string | undefined>;
  failing: string | undefined;
}

function scene(): Scene {
  return { launched: [], sampled: [], closed: 0, digests: {}, failing: undefined };
}

function launching(scene: Scene): Launch {
  return async (spec): Promise<Contender> => {
    const name = `${spec.contender}${spec.contender === 'engine' ? ` ${spec.engine}` : ''}`;
    if (scene.failing === name) throw new Error('no memory');
    scene.launched.push(spec);
    return {
      pid: 0,
      operations: spec.contender === 'memcpy' ? ['full'] : ['full', 'selector'],
      digest: async () => (name in scene.digests ? scene.digests[name] : 'same'),
      sample: async (operation) => {
        scene.sampled.push(`${operation} ${name}`);
        return { wallUs: 1 };
      },
      close: () => void scene.closed++,
    };
  };
}

const TRIAL: Trial = {
  name: 'list/tiny',
  full: { size: SIZE, sets: 1, rounds: 10, budgetMs: 1 },
  quick: { size: SIZE, sets: 1, rounds: 10, budgetMs: 1 },
  engine: () => ({}),
  rivals: {},
  rows: [],
};

function options(scene: Scene, changes: Partial<MeasureOptions> = {}): MeasureOptions {
  return {
    trial: TRIAL,
    effort: TRIAL.full,
    engines: ['javascript'],
    operations: ['full'],
    rivals: ['objects'],
    seed: 1,
    launch: launching(scene),
    readLoad: () => undefined,
    say: () => undefined,
    ...changes,
  };
}

test('contenders take turns forward and backward', (t) => {
  const rounds = [0, 1, 2, 3].map((round) => turnOrder(['A', 'B'], round).join(''));
  t.deepEqual(rounds, ['AB', 'BA', 'AB', 'BA']);
});

test('a steady drift favours nobody', (t) => {
  const cost = { A: 0, B: 0 };
  let drift = 0;
  for (let round = 0; round < 10; round++) {
    for (const name of turnOrder(['A', 'B'] as const, round)) cost[name] += 100 + drift++;
  }
  t.is(cost.A, cost.B);
});

test('samples are taken in that order, behind one of each to warm up', async (t) => {
  const seen = scene();
  const outcomes = await measureTrial(options(seen));
  const [engine, objects] = ['full engine javascript', 'full objects'];
  t.deepEqual(seen.sampled.slice(0, 9), [
    ...[engine, objects, engine],
    ...[engine, objects, engine],
    ...[engine, objects, engine],
  ]);
  t.is(seen.sampled.length, 3 * 11);
  const outcome = outcomes.get('full');
  t.is(outcome?.type, 'measured');
  if (outcome?.type !== 'measured') return;
  t.is(outcome.rounds.length, 10);
  t.deepEqual([...outcome.rounds[0]!.keys()], ['javascript', 'objects', ITSELF]);
  t.deepEqual([...outcome.rounds[1]!.keys()], [ITSELF, 'objects', 'javascript']);
});

test('every set starts all contenders afresh, and all are ended', async (t) => {
  const seen = scene();
  const effort = { ...TRIAL.full, sets: 3, rounds: 4 };
  const outcomes = await measureTrial(options(seen, { effort }));
  t.is(seen.launched.length, 9);
  t.is(seen.closed, 9);
  const outcome = outcomes.get('full');
  t.is(outcome?.type === 'measured' ? outcome.rounds.length : 0, 12);
});

test('both engines are measured, the first one twice', async (t) => {
  const seen = scene();
  await measureTrial(options(seen, { engines: ['native', 'javascript'] }));
  const who = seen.launched.map(({ contender, engine }) => `${contender} ${engine}`).sort();
  t.deepEqual(who, ['engine javascript', 'engine native', 'engine native', 'objects native']);
});

test('only contenders that offer an operation are measured at it', async (t) => {
  const seen = scene();
  const outcomes = await measureTrial(
    options(seen, { operations: ['full', 'selector'], rivals: ['memcpy'] }),
  );
  t.false(seen.sampled.includes('selector memcpy'));
  t.deepEqual(
    [...outcomes.values()].map(({ type }) => type),
    ['measured', 'measured'],
  );
});

test('results that differ are refused before anything is timed', async (t) => {
  const seen = scene();
  seen.digests['objects'] = 'other';
  const outcome = (await measureTrial(options(seen))).get('full');
  t.is(outcome?.type, 'refused');
  t.regex(outcome?.type === 'refused' ? outcome.reason : '', /javascript and objects differ/);
  t.deepEqual(seen.sampled, []);
  t.is(seen.closed, 3);
});

test('an operation without a digest is not compared', async (t) => {
  const seen = scene();
  seen.digests['objects'] = undefined;
  t.is((await measureTrial(options(seen))).get('full')?.type, 'measured');
});

test('a contender that does not start fails the trial and ends the others', async (t) => {
  const seen = scene();
  seen.failing = 'objects';
  const outcome = (await measureTrial(options(seen))).get('full');
  t.deepEqual(outcome, { type: 'failed', reason: 'no memory' });
  t.is(seen.closed, seen.launched.length);
});

/** A machine on which others use so many cores in each round, in turn. */
function machine(cores: readonly number[]): () => LoadReading {
  let ticks = 0;
  let seconds = 0;
  let reading = 0;
  return () => {
    // Each round reads before and after; a second passes within.
    if (reading++ % 2 === 1) {
      ticks += 100 * (cores[((reading - 2) / 2) % cores.length] ?? 0);
      seconds++;
    }
    return { atMs: seconds * 1_000, allTicks: ticks, ownTicks: 0 };
  };
}

test('where others keep the machine busy it is unmeasurable', async (t) => {
  const seen = scene();
  const outcome = (await measureTrial(options(seen, { readLoad: machine([0.9]) }))).get('full');
  t.deepEqual(outcome, {
    type: 'unmeasurable',
    reason: 'other programs used 0.90 cores; 0 rounds were undisturbed',
  });
  t.is(seen.sampled.length, 3 * 21, 'as many rounds again were tried');
});

test('disturbed rounds are measured again', async (t) => {
  const seen = scene();
  const readLoad = machine([0.9, 0.1]);
  const outcome = (await measureTrial(options(seen, { readLoad }))).get('full');
  t.is(outcome?.type, 'measured');
  if (outcome?.type !== 'measured') return;
  t.is(outcome.rounds.length, 10);
  t.is(outcome.others.toFixed(3), '0.100');
});

test('fewer than ten undisturbed rounds are no measurement', async (t) => {
  const seen = scene();
  const readLoad = machine([0.9, 0.9, 0.1]);
  const outcome = (await measureTrial(options(seen, { readLoad }))).get('full');
  t.is(outcome?.type, 'unmeasurable');
});

test('who allows others more gets a figure', async (t) => {
  const seen = scene();
  const readLoad = machine([0.9]);
  const outcome = (await measureTrial(options(seen, { readLoad, othersMax: 1 }))).get('full');
  t.is(outcome?.type, 'measured');
});
