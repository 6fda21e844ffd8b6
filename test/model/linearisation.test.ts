/**
 * Linearisation under threads: several threads write to one cache while others read it in every
 * way. Afterwards all that was read has to be explained by what was written, in the one order that
 * revisions have (linearisation-check.ts).
 */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { ExecutionContext } from 'ava';

import type { EngineCache } from '../../lib/engine/index.js';
import { Chance, drawSeed, SEED_VARIABLE } from '../chance.js';
import type { TestCacheOptions } from '../engine/candidates.js';
import { nativeTest } from '../engine/native/native.js';
import { put, type Widget } from '../engine/widget.js';
import { checkLogs, type Tally } from './linearisation-check.js';
import {
  type Commit,
  NAMES,
  NAMESPACES,
  Progress,
  type ThreadLog,
  type ThreadTask,
} from './linearisation-record.js';
import { randomWidget } from './linearisation-writer.js';

const WRITERS = 3;
const READERS = 3;
/** How much is read in all, while it is written. */
const READS = 2_400;

const FILES = {
  engine: new URL('./linearisation-worker.js', import.meta.url),
};

/** Who does not end has lost a wake-up. */
const TIMEOUT_MS = 120_000;

interface Case {
  readonly title: string;
  readonly options: TestCacheOptions;
  readonly hasReplace: boolean;
}

const CASES: readonly Case[] = [
  { title: 'with ample history', options: {}, hasReplace: false },
  {
    title: 'with hardly any history',
    options: { shardCount: 2, history: { entriesMin: 0, entriesMax: 60 } },
    hasReplace: false,
  },
  { title: 'while everything is replaced', options: { shardCount: 16 }, hasReplace: true },
];

for (const { title, options, hasReplace } of CASES) {
  nativeTest(`what threads read is what threads wrote, ${title}`, async (t, engine) => {
    const seed = drawSeed();
    t.timeout(TIMEOUT_MS, `${SEED_VARIABLE}=${seed}`);
    const cache = engine.create(options);
    const tally = await runThreads(t, seed, (progress) => {
      const task = {
        share: cache.share(),
        seed,
        threads: WRITERS + READERS,
        reads: READS,
        hasReplace,
        progress,
      };
      return { file: FILES.engine, task, finish: () => finish(cache, new Chance(seed, -1)) };
    });
    t.log(tally, `${SEED_VARIABLE}=${seed}`);
    t.true(tally.lists > 100 && tally.gets > 100 && tally.frames > 100 && tally.commits > 100);
    t.like(cache.stats(), { attachments: 1, watches: 0, epochsBehind: 0 });
    cache.close();
  });
}

type SharedTask = Omit<ThreadTask<unknown>, 'role' | 'thread'>;

interface Plan {
  readonly file: URL;
  readonly task: SharedTask;
  /** Writes what comes last, so that each watch has something to tell then. */
  readonly finish: () => Commit;
}

async function runThreads(
  t: ExecutionContext,
  seed: number,
  plan: (progress: SharedArrayBuffer) => Plan,
): Promise<Tally> {
  const progress = new Progress();
  const { file, task, finish: writeLast } = plan(progress.buffer);
  const threads = (role: 'write' | 'read', count: number, first: number): Promise<ThreadLog>[] =>
    Array.from({ length: count }, (_, at) =>
      runThread(t, file, { ...task, role, thread: first + at }),
    );
  const readers = threads('read', READERS, WRITERS);
  try {
    const writers = await Promise.all(threads('write', WRITERS, 0));
    const last = writeLast();
    progress.finish(lastRevision(last));
    const logs = [...writers, ...(await Promise.all(readers))];
    return checkLogs([...logs, { commits: [last], observations: [] }], 0n);
  } catch (error) {
    throw new Error(`${SEED_VARIABLE}=${seed}: ${String(error)}`, { cause: error });
  }
}

async function runThread(
  t: ExecutionContext,
  file: URL,
  task: ThreadTask<unknown>,
): Promise<ThreadLog> {
  const worker = new Worker(fileURLToPath(file), { workerData: task });
  t.teardown(() => worker.terminate());
  const ended = once(worker, 'exit');
  const [log] = (await once(worker, 'message')) as [ThreadLog];
  await ended;
  return log;
}

function lastRevision(commit: Commit): bigint {
  return commit.type === 'replace' ? commit.revision : commit.changes.at(-1)!.revision;
}

/** Writes every object, so that there is one for each scope. */
function finish(cache: EngineCache, chance: Chance): Commit {
  const atLeast = cache.revision;
  let revision = atLeast;
  const changes = lastWidgets(chance).map((widget) => {
    const { namespace, name } = widget;
    return { namespace, name, widget, revision: ++revision };
  });
  cache.apply(changes.map((change) => put(change.widget, change.revision)));
  return { type: 'batch', changes, span: { atLeast, atMost: cache.revision } };
}

function lastWidgets(chance: Chance): Widget[] {
  const keys = NAMESPACES.flatMap((namespace) => NAMES.map((name) => ({ namespace, name })));
  return keys.flatMap((key, at) => [
    { ...key, labels: { app: 'x', tier: 't' }, node: 'n2', value: at },
    { ...key, labels: { app: 'y' }, node: 'n2', value: at },
    { ...key, node: 'n1', value: at },
    { ...key, labels: { app: 'x', tier: 't' }, value: at },
    randomWidget(key, chance, at),
  ]);
}
