/**
 * Linearisation under threads: several threads write to one cache while others read it in every
 * way, an engine's cache or a watch cache. Afterwards all that was read has to be explained by what
 * was written, in the one order that revisions have (linearisation-check.ts).
 */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { ExecutionContext } from 'ava';

import { WatchCache } from '../../lib/cache/index.js';
import { Chance, drawSeed, SEED_VARIABLE } from '../chance.js';
import type { TestCacheOptions } from '../engine/candidates.js';
import { nativeTest } from '../engine/native/native.js';
import { put, type Widget, widgetSource } from '../engine/widget.js';
import { CacheWriter } from './linearisation-cache-writer.js';
import { checkLogs, type Tally } from './linearisation-check.js';
import {
  type Commit,
  NAMES,
  NAMESPACES,
  Progress,
  type RecordedChange,
  type ThreadLog,
  type ThreadTask,
} from './linearisation-record.js';
import { randomWidget } from './linearisation-writer.js';

const WRITERS = 3;
const READERS = 3;
/** How much is read in all, while it is written. */
const ENGINE_READS = 2_400;
/** What the engine does is the same; what is above it has less to do at the same time. */
const CACHE_READS = 1_200;

/** The revision that a watch cache of its own begins with. */
const CACHE_BASE = 1n;

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
  nativeTest(`what threads read of an engine is what they wrote, ${title}`, async (t, engine) => {
    const seed = drawSeed();
    const cache = engine.create(options);
    await checkRun(t, seed, {
      file: new URL('./linearisation-engine-worker.js', import.meta.url),
      share: cache.share(),
      reads: ENGINE_READS,
      base: 0n,
      hasReplace,
      writeLast: (widgets) => {
        const atLeast = cache.revision;
        let revision = atLeast;
        const changes = widgets.map((widget) => recorded(widget, ++revision));
        cache.apply(changes.map((change) => put(change.widget!, change.revision)));
        return { type: 'batch', changes, span: { atLeast, atMost: cache.revision } };
      },
    });
    t.like(cache.stats(), { attachments: 1, watches: 0, epochsBehind: 0 });
    cache.close();
  });

  nativeTest(`what threads read of a cache is what they wrote, ${title}`, async (t, engine) => {
    const seed = drawSeed();
    const { kind } = engine;
    const cache = new WatchCache({ engine: kind, fields: ['spec.node'], ...options });
    await checkRun(t, seed, {
      file: new URL('./linearisation-cache-worker.js', import.meta.url),
      share: cache.share(),
      reads: CACHE_READS,
      base: CACHE_BASE,
      // Only who has made the cache may do that.
      hasReplace: false,
      own: (progress, thread) =>
        new CacheWriter({ cache, chance: new Chance(seed, thread), progress, thread, hasReplace }),
      writeLast: (widgets) => {
        const atLeast = BigInt(cache.resourceVersion);
        const told = cache.apply(
          widgets.map((widget) => ({ type: 'put', object: widgetSource(widget) })),
        );
        const changes = widgets.map((widget, at) => recorded(widget, BigInt(told[at]!)));
        return { type: 'batch', changes, span: { atLeast, atMost: BigInt(cache.resourceVersion) } };
      },
    });
    t.like(cache.stats(), { attachments: 1, watches: 0, epochsBehind: 0 });
    await cache.close();
  });
}

interface Run {
  /** Of the worker threads, and what they are started with. */
  readonly file: URL;
  readonly share: unknown;
  readonly reads: number;
  /** The revision that the cache begins with. */
  readonly base: bigint;
  /** Whether a worker thread replaces everything now and then. */
  readonly hasReplace: boolean;
  /** What this thread writes meanwhile. */
  readonly own?: (progress: Progress, thread: number) => CacheWriter;
  /** Writes all of these, so that each watch has something to tell then. */
  readonly writeLast: (widgets: readonly Widget[]) => Commit;
}

async function checkRun(t: ExecutionContext, seed: number, run: Run): Promise<void> {
  const title = `${SEED_VARIABLE}=${seed}`;
  t.timeout(TIMEOUT_MS, title);
  try {
    const tally = await runThreads(t, seed, run);
    t.log(tally, title);
    t.true(tally.lists > 100 && tally.gets > 100 && tally.frames > 100 && tally.commits > 100);
  } catch (error) {
    throw new Error(`${title}: ${String(error)}`, { cause: error });
  }
}

async function runThreads(t: ExecutionContext, seed: number, run: Run): Promise<Tally> {
  const progress = new Progress();
  const { file, share, reads, base, hasReplace, own, writeLast } = run;
  progress.tell(base);
  const threads = WRITERS + READERS + (own === undefined ? 0 : 1);
  const start = (role: 'write' | 'read', count: number, first: number): Promise<ThreadLog>[] =>
    Array.from({ length: count }, (_, at) => {
      const { buffer } = progress;
      const thread = first + at;
      const task = { share, seed, threads, reads, hasReplace, role, thread };
      return runThread(t, file, { ...task, progress: buffer });
    });
  const readers = start('read', READERS, WRITERS);
  const writers = start('write', WRITERS, 0);
  if (own !== undefined) {
    await progress.meet(threads);
    writers.push(own(progress, WRITERS + READERS).run(reads));
  }
  const written = await Promise.all(writers);
  const chance = new Chance(seed, -1);
  const last = writeLast(lastWidgets(chance));
  progress.finish(lastRevision(last));
  // A watch that was drained before that was known is woken once more.
  const coda = writeLast(lastWidgets(chance));
  const logs = [...written, ...(await Promise.all(readers))];
  return checkLogs([...logs, { commits: [last, coda], observations: [] }], base);
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

function recorded(widget: Widget, revision: bigint): RecordedChange {
  const { namespace, name } = widget;
  return { namespace, name, widget, revision };
}

/** All objects, so that there is one for each scope. */
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
