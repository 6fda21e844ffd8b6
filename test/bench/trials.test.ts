/** The trials themselves, with few objects: their names, their results, the figures they have. */

import test, { type ExecutionContext } from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { launchProcess } from '../../bench/contender.js';
import { parseGoals } from '../../bench/goals.js';
import { timeCalls } from '../../bench/kernel.js';
import { ROOT } from '../../bench/machine.js';
import { ROUNDS_MIN } from '../../bench/measure.js';
import { findEngines, run } from '../../bench/run.js';
import type { Operations, Setup, Trial } from '../../bench/trials/contract.js';
import { TRIALS } from '../../bench/trials/index.js';
import {
  bucketOf,
  BUCKETS,
  FIRST_REVISION,
  keyOrder,
  podIdentity,
  PodSource,
} from '../../bench/workload/pods.js';
import { compareNamespaces, compareUtf8, scanObject } from '../../lib/object/index.js';
import { engineReport } from '../../lib/engine/index.js';

const FAMILIES = [
  'list/',
  'get/',
  'memory/',
  'watch/',
  'growth/',
  'threads/',
  'queue/',
  'http/',
  'h2/',
  'etcd/',
  'testing/',
];

/** Some of its goals have no rows yet, which `--list` tells. */
const GROWING_FAMILY = 'peer/';

const goals = parseGoals(readFileSync(join(ROOT, 'bench', 'goals.tsv'), 'utf8'));

/** Rows over sockets that only a transport in C++ will have. */
const LATER_STAGE = 3;

test('every goal of these families has a row of that name, and every other row says so', (t) => {
  const known = goals.map(({ case: name, against, kind, unit, stage }) => ({
    name,
    stage,
    text: `${name} ${against} ${kind} ${unit}`,
  }));
  const wanted = known
    .filter(({ name, stage }) => !(stage === LATER_STAGE && name.startsWith('http/')))
    .filter(({ name }) => FAMILIES.some((family) => name.startsWith(family)))
    .map(({ text }) => text);
  const there = TRIALS.flatMap(({ rows }) =>
    rows.flatMap(({ case: name, against, kind, metricUnit, hasNoGoal = false }) => {
      if (hasNoGoal) return [];
      const unit = kind === 'value' ? metricUnit : 'x';
      return `${name} ${against} ${kind === 'ratio' ? 'ratio' : 'value'} ${unit}`;
    }),
  );
  const isGrowing = (text: string): boolean => text.startsWith(GROWING_FAMILY);
  t.deepEqual(there.filter((text) => !isGrowing(text)).sort(), wanted.sort());
  const growing = there.filter(isGrowing);
  const goalsOfIt = new Set(known.map(({ text }) => text));
  t.deepEqual(
    growing.filter((text) => !goalsOfIt.has(text)),
    [],
  );
  t.is(new Set(growing).size, growing.length);
});

test('every trial has at least ten rounds, quick or not', (t) => {
  for (const { name, full, quick } of TRIALS) {
    t.true(full.sets * full.rounds >= ROUNDS_MIN, name);
    t.true(quick.sets * quick.rounds >= ROUNDS_MIN, name);
  }
});

const SETUP: Setup = {
  engine: engineReport().kind,
  size: { objects: 300, objectBytes: 2_048, updates: 600, watches: 250 },
  seed: 7,
};

function metricsOf(trial: Trial, operation: string): readonly string[] {
  const plans = trial.rows.filter((plan) => plan.operation === operation);
  return plans.flatMap(({ metric, noiseMetric }) => [metric, noiseMetric ?? metric]);
}

test.before(async () => {
  // Where they can't be built, those that need them say so and the others are compared.
  await build('baseline.mjs', 'buildBaseline');
  await build('load-client.mjs', 'buildLoadClient');
});

async function build(script: string, name: string): Promise<void> {
  const module = (await import(pathToFileURL(join(ROOT, 'scripts', script)).href)) as {
    readonly [name: string]: () => Promise<string | undefined>;
  };
  await module[name]?.();
}

/** The setup, with what it begins ended after the test. */
function within(t: ExecutionContext, trial: Trial, setup: Setup = SETUP): Setup {
  const own = { ...setup, onEnd: (end: () => void | Promise<void>) => void t.teardown(end) };
  return trial.name === 'get/bytes-8k' ? large(own) : own;
}

function lacks({ lacking = {} }: Trial, name: string): boolean {
  return lacking[name]?.() !== undefined;
}

for (const trial of TRIALS) {
  test(`${trial.name}: all contenders compute the same, and have figures of it`, async (t) => {
    const setup = within(t, trial);
    const all: [string, Operations][] = [];
    if (!lacks(trial, SETUP.engine)) {
      const ours = await trial.engine(setup);
      all.push(['engine', ours]);
      for (const plan of trial.rows) t.true(plan.operation in ours, plan.operation);
    }
    for (const plan of trial.rows) {
      if (plan.kind === 'ratio') t.true(plan.rival in trial.rivals, plan.rival);
    }
    for (const [name, prepare] of Object.entries(trial.rivals)) {
      if (!lacks(trial, name)) all.push([name, await prepare(setup)]);
    }
    for (const operation of new Set(trial.rows.map((plan) => plan.operation))) {
      const digests: string[] = [];
      for (const [, operations] of all) {
        const digest = await operations[operation]?.digest?.();
        if (digest !== undefined) digests.push(digest);
      }
      t.true(new Set(digests).size <= 1, operation);
    }
    for (const [name, operations] of all) {
      for (const [operation, { sample }] of Object.entries(operations)) {
        const figures = await sample(5);
        for (const metric of metricsOf(trial, operation)) {
          t.true(Number.isFinite(figures[metric]), `${name} ${operation} ${metric}`);
        }
      }
    }
  });

  test(`${trial.name}: other histories have other results`, async (t) => {
    if (lacks(trial, SETUP.engine)) {
      t.pass();
      return;
    }
    const one = await trial.engine(within(t, trial));
    const other = await trial.engine(within(t, trial, { ...SETUP, seed: 8 }));
    for (const [operation, { digest }] of Object.entries(one)) {
      t.true(operation in other, operation);
      if (digest === undefined) continue;
      t.not(await digest(), await other[operation]?.digest?.(), operation);
    }
  });
}

function large(setup: Setup): Setup {
  return { ...setup, size: { ...setup.size, objectBytes: 8_192 } };
}

const SIZES = [2_048, 8_192];

for (const bytes of SIZES) {
  test(`pods of ${bytes} bytes are canonical, survive being parsed, and are what they say`, (t) => {
    const pods = new PodSource(bytes);
    for (const index of [0, 1, 2, 3, 4, 5, 6, 7, 63, 64, 12_345]) {
      const object = pods.bytes(index, 42, FIRST_REVISION + 7);
      const text = Buffer.from(object).toString();
      t.is(text.length, bytes);
      t.is(JSON.stringify(JSON.parse(text)), text);
      const scanned = scanObject(object, ['spec.nodeName']);
      t.deepEqual({ namespace: scanned.namespace, name: scanned.name }, podIdentity(index));
      t.is(scanned.resourceVersion, String(FIRST_REVISION + 7));
      const labels = Object.fromEntries(scanned.labels);
      t.is(Number(labels['bucket']), bucketOf(index));
      t.is(Number(labels['group']), bucketOf(index) % 10);
      t.regex(scanned.fields[0] ?? '', /^node-\d{3}$/);
      // Nothing but the resourceVersion is taken out: the rest was canonical already.
      const member = `"resourceVersion":"${FIRST_REVISION + 7}",`;
      t.is(Buffer.from(scanned.bytes).toString(), text.replace(member, ''));
    }
  });
}

test('pods of another version differ, those of the same do not', (t) => {
  const pods = new PodSource(2_048);
  const one = Buffer.from(pods.bytes(5, 1, FIRST_REVISION)).toString();
  t.is(Buffer.from(pods.bytes(5, 1, FIRST_REVISION)).toString(), one);
  t.not(Buffer.from(pods.bytes(5, 2, FIRST_REVISION)).toString(), one);
  t.not(Buffer.from(pods.bytes(6, 1, FIRST_REVISION)).toString(), one);
});

test('64 pods may be held at a time', (t) => {
  const pods = new PodSource(2_048);
  const held = Array.from({ length: 64 }, (_, index) => pods.bytes(index, 0, FIRST_REVISION));
  t.is(new Set(held.map((bytes) => Buffer.from(bytes).toString())).size, 64);
});

test('a pod that does not fit is refused', (t) => {
  t.throws(() => new PodSource(100), { instanceOf: RangeError });
});

test('the order of keys is that of the cache', (t) => {
  const keys = [...keyOrder(500)].map((index) => podIdentity(index));
  const sorted = [...keys].sort(
    (a, b) => compareNamespaces(a.namespace, b.namespace) || compareUtf8(a.name, b.name),
  );
  t.deepEqual(keys, sorted);
  t.is(keys.length, 500);
});

test('each bucket holds one percent of the pods', (t) => {
  const counts = Array.from({ length: BUCKETS }, () => 0);
  for (let index = 0; index < 64 * 500; index++) counts[bucketOf(index)]!++;
  t.true(counts.every((count) => count === 320));
});

test('short and long calls are timed', (t) => {
  let calls = 0;
  const work = (rounds: number) => (): void => {
    for (let round = 0; round < rounds; round++) calls += round & 1;
  };
  for (const operation of [work(10), work(1_000_000)]) {
    const { wallUs = 0, cpuUs = -1 } = timeCalls(operation, 5);
    t.true(wallUs > 0 && cpuUs >= 0);
  }
  t.true(calls > 0);
});

test('what a call throws is thrown', (t) => {
  let calls = 0;
  const failing = (): void => {
    if (++calls > 3) throw new Error('it broke');
  };
  t.throws(() => timeCalls(failing, 50), { message: 'it broke' });
});

test('engines that cannot be had are told with the reason', (t) => {
  const { there, missing } = findEngines(['native', 'javascript']);
  t.true(there.includes('javascript'));
  t.is(there.length + missing.size, 2);
  for (const reason of missing.values()) t.regex(reason, /native/);
});

test('a run starts real processes and makes rows of what they answer', async (t) => {
  const trial = TRIALS.find(({ name }) => name === 'get/bytes-2k');
  const effort = { size: { ...SETUP.size }, sets: 1, rounds: 10, budgetMs: 1 };
  const seen: number[] = [];
  const { rows, samples } = await run({
    trials: [{ ...trial!, quick: effort }, TRIALS[0]!],
    names: ['get/'],
    quick: true,
    engine: 'javascript',
    othersMax: Infinity,
    machine: 'a machine',
    launch: launchProcess,
    readLoad: () => undefined,
    say: () => undefined,
    onRows: (rows) => seen.push(rows.length),
  });
  t.deepEqual(
    rows.map((row) => [row.case, row.against, row.engine, 'ratio' in row, 'scaledTo' in row]),
    [
      ['get/bytes-2k', 'stringify', 'javascript', true, true],
      ['get/bytes-2k', 'itself', 'javascript', true, true],
    ],
  );
  t.deepEqual(seen, [2]);
  t.is(samples[0]?.rounds.length, 10);
});

test('an engine and a rival that lack something are not started, and the row says what', async (t) => {
  const trial = TRIALS.find(({ name }) => name === 'get/bytes-2k')!;
  const runLacking = async (lacking: NonNullable<Trial['lacking']>): Promise<unknown> => {
    const started: string[] = [];
    const { rows } = await run({
      trials: [{ ...trial, lacking }],
      names: [],
      quick: true,
      engine: 'javascript',
      othersMax: Infinity,
      machine: 'a machine',
      launch: async ({ contender }) => {
        started.push(contender);
        return {
          pid: 0,
          operations: ['get'],
          digest: async () => undefined,
          sample: async () => ({ wallUs: 1, cpuUs: 1 }),
          close: () => undefined,
        };
      },
      readLoad: () => undefined,
      say: () => undefined,
      onRows: () => undefined,
    });
    return [started, rows.flatMap((row) => ('reason' in row ? row.reason : []))];
  };
  t.deepEqual(await runLacking({ javascript: () => 'threads' }), [[], ['threads']]);
  const noRival = await runLacking({ stringify: () => 'a compiler' });
  t.deepEqual(noRival, [['engine', 'engine'], ['a compiler']]);
  const all = await runLacking({ javascript: () => undefined, stringify: () => undefined });
  t.deepEqual(all, [['engine', 'stringify', 'engine'], []]);
});

test('a contender that there is not is told by its process', async (t) => {
  const { engine, size, seed } = SETUP;
  const spec = { trial: 'get/bytes-2k', contender: 'nobody', engine, size, seed };
  const error = await t.throwsAsync(launchProcess(spec));
  t.regex(String(error?.cause), /there is no contender nobody/);
});
