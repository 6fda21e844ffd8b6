/**
 * GET: the bytes of one object, chosen at random among many, its key made anew each time as from a
 * request.
 *
 * `stringify` keeps parsed objects in a Map and makes text of the one that is asked for. (A Map of
 * texts or Buffers is faster than any of this; it is what the collector can't bear by the hundred
 * thousand. See memory/.)
 */

import { createHash } from 'node:crypto';

import { timeCalls } from '../kernel.js';
import { Churn } from '../workload/churn.js';
import { EngineStore } from '../workload/engine-store.js';
import { podIdentity } from '../workload/pods.js';
import { seededRandom } from '../workload/random.js';
import type { Effort, Operation, Operations, Setup, Trial } from './contract.js';

/** So many keys are chosen beforehand, in random order. */
const KEYS = 8_192;

export const getTrials: readonly Trial[] = [
  trial('2k', 100_000, 2_048),
  trial('8k', 20_000, 8_192),
];

function trial(name: string, objects: number, objectBytes: number): Trial {
  const effort = (scale: number, sets: number, rounds: number, budgetMs: number): Effort => ({
    size: { objects: objects * scale, objectBytes, updates: objects * scale },
    sets,
    rounds,
    budgetMs,
  });
  return {
    name: `get/bytes-${name}`,
    full: effort(1, 2, 6, 200),
    quick: effort(0.2, 1, 10, 50),
    engine,
    rivals: { stringify },
    rows: [
      {
        kind: 'ratio',
        case: `get/bytes-${name}`,
        against: 'stringify',
        rival: 'stringify',
        operation: 'get',
        metric: 'wallUs',
        metricUnit: 'us',
      },
    ],
  };
}

function engine(setup: Setup): Operations {
  const store = new EngineStore(setup.engine);
  grow(setup, store.put.bind(store));
  const { cache } = store;
  return {
    get: operation(setup, (namespace, name) => cache.get({ namespace, name })!.object),
  };
}

function stringify(setup: Setup): Operations {
  const objects = new Map<string, unknown>();
  grow(setup, (index, bytes) => {
    const { namespace, name } = podIdentity(index);
    objects.set(`${namespace}/${name}`, JSON.parse(Buffer.from(bytes).toString('latin1')));
  });
  return {
    get: operation(setup, (namespace, name) => JSON.stringify(objects.get(`${namespace}/${name}`))),
  };
}

function grow(
  { size, seed }: Setup,
  put: (index: number, bytes: Uint8Array, revision: number) => void,
): void {
  const churn = new Churn(size, seed, { put });
  churn.load();
  churn.update(size.updates);
}

// Results need no consumer: adding up their lengths keeps the work from being optimised away.
let lengthTaken = 0;

function operation(
  { size, seed }: Setup,
  get: (namespace: string, name: string) => string | Uint8Array,
): Operation {
  const random = seededRandom(seed + 1);
  const keys = Array.from({ length: KEYS }, () => podIdentity(Math.floor(random() * size.objects)));
  let turn = 0;
  return {
    digest: () => {
      const hash = createHash('sha256');
      for (const { namespace, name } of keys) hash.update(get(namespace, name));
      return hash.digest('hex');
    },
    sample: (budgetMs) =>
      timeCalls(() => {
        const { namespace, name } = keys[turn++ % KEYS]!;
        lengthTaken += get(namespace, name).length;
      }, budgetMs),
  };
}
