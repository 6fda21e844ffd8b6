/**
 * The child process of environments.test.ts: `node environments-child.js CASE`, and the worker
 * threads that a case starts. A case that fails throws; one that holds prints `CASE: done`.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { STATUS, WATCH_END } from '../../lib/engine/wire.js';
import { loadAddon, processStats } from './addon.js';
import type { ProcessStats } from './addon.js';
import { ALL, Border, NONCE, succeed } from './border.js';

type WorkerTask = 'report' | 'hold' | 'end' | 'churn' | 'reload' | 'own' | 'watch' | 'write';

interface WorkerData {
  readonly task: WorkerTask;
  /** Of the cache that the main thread shares. */
  readonly id: number;
}

/** Workers that run at once; more than the cores, so that terminations meet running ones. */
const WORKERS = 4;

const ROUNDS = 8;

const CASES: { readonly [name: string]: () => Promise<void> } = {
  remembers: async () => {
    // The main thread never loads the addon here.
    for (let opened = 1; opened <= 3; opened++) {
      const stats = await lastWords(startWorker('report'));
      assert.equal(stats.environmentsOpened, opened);
      assert.equal(stats.environmentsLive, 1);
    }
  },

  releases: async () => {
    const addon = loadAddon();
    const workers = await startAll('hold');
    assert.deepEqual(liveOf(processStats(addon)), [WORKERS, WORKERS, WORKERS, WORKERS, WORKERS]);
    assert.equal(processStats(addon).environmentsLive, WORKERS + 1);
    await terminateAll(workers);
    assert.deepEqual(liveOf(processStats(addon)), [0, 0, 0, 0, 0]);
    assert.equal(processStats(addon).environmentsLive, 1);
  },

  ends: async () => {
    const addon = loadAddon();
    for (let round = 0; round < ROUNDS; round++) {
      const [code] = (await once(startWorker('end'), 'exit')) as [number];
      assert.equal(code, 3);
    }
    assert.deepEqual(liveOf(processStats(addon)), [0, 0, 0, 0, 0]);
  },

  terminates: async () => {
    const border = new Border();
    const { cache, id } = openShared(border);
    for (let round = 0; round < ROUNDS; round++) {
      const workers = await startAll('churn', id);
      await terminateAll(workers);
    }
    assert.deepEqual(liveOf(processStats(border.addon)), [1, 1, 0, 0, 0]);
    assert.equal(border.stat(cache, 'attachments'), 1);
    assert.equal(border.stat(cache, 'watches'), 0);
    assert.equal(border.stat(cache, 'epochsBehind'), 0);
    // No termination has left a ticket that others would wait for.
    assert.equal(border.write(cache, 'last', {}), 0);
    assert.match(String(border.get(cache, '', 'last')), /"last"/);
  },

  wakes: async () => {
    // Publishers call environments that are just going.
    const border = new Border();
    const { cache, id } = openShared(border);
    for (let round = 0; round < ROUNDS; round++) {
      const workers = await startAll('watch', id);
      const ended = terminateAll(workers);
      for (let isOver = false; !isOver;) {
        for (let write = 0; write < 20; write++) succeed(border.write(cache, 'a', {}));
        isOver = await Promise.race([ended.then(() => true), soon().then(() => false)]);
      }
    }
    assert.equal(border.stat(cache, 'watches'), 0);
  },

  hears: async () => {
    // What another thread writes wakes this one, once until it looks.
    const border = new Border();
    const { cache, id } = openShared(border);
    const watch = border.openWatch(cache, ALL, 0n);
    const woken = border.woken();
    const worker = startWorker('write', id);
    const written = once(worker, 'message');
    await woken;
    assert.deepEqual(border.takeReady(), [watch]);
    assert.match(border.drainEvents(watch, 1)[0] ?? '', /^ADDED \/a@1$/);
    await written;
    // The rest has come meanwhile; the watch was drained between, so it was called again at most.
    const wakes = border.wakes;
    assert.ok(wakes === 1 || wakes === 2, String(wakes));
    assert.equal(border.drainEvents(watch).length, 99);
    border.revisions[0] = 101n;
    assert.equal(border.addon.awaitRevision(cache), 0);
    border.takeReady();
    const again = border.woken();
    worker.postMessage('more');
    await again;
    assert.ok(border.takeReady().includes(-cache - 1));
    await terminateAll([worker]);
  },

  outlives: async () => {
    // The owner's thread is gone: the cache is closed, and what was read stays.
    const border = new Border();
    const worker = startWorker('own');
    const [id] = (await once(worker, 'message')) as [number];
    border.revisions.fill(NONCE);
    const cache = succeed(border.addon.attachCache(border.connection, id));
    const root = succeed(border.openRoot(cache));
    const list = succeed(border.openList(cache));
    const watch = succeed(border.openWatch(cache, ALL, 1n));
    const woken = border.woken();
    // No watch keeps the process alive, and the thread is gone before its caches are.
    const alive = setInterval(() => {}, 1_000);
    await terminateAll([worker]);
    await woken;
    clearInterval(alive);
    assert.deepEqual(border.takeReady(), [watch]);
    assert.deepEqual(border.drainEvents(watch), []);
    assert.equal(border.number('end'), WATCH_END.closed);
    assert.equal(border.get(cache, '', 'a'), STATUS.closed);
    assert.ok(border.addon.getAt(root, '', 'a', undefined, border.page, 0) > 0);
    assert.equal(border.readObjects(list).length, 1);
    for (const status of [
      border.addon.closeRoot(root),
      border.addon.closeList(list),
      border.addon.closeWatch(watch),
      border.addon.dropCache(cache),
    ]) {
      assert.equal(status, 0);
    }
    assert.deepEqual(liveOf(processStats(border.addon)), [0, 0, 0, 0, 0]);
  },

  idles: async () => {
    // Neither a connection nor a watch keeps the process alive.
    holdAll(new Border());
  },

  exits: async () => {
    const { id } = openAndHold();
    await startAll('churn', id);
    process.stdout.write('exits: done\n');
    process.exit(0);
  },

  signalled: async () => {
    const { id } = openAndHold();
    await startAll('churn', id);
    process.stdout.write('signalled: done\n');
    process.kill(process.pid, 'SIGTERM');
    await new Promise(() => setInterval(() => {}, 1000));
  },

  fails: async () => {
    const { id } = openAndHold();
    await startAll('churn', id);
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
    await new Promise(() => setInterval(() => {}, 1000));
  },

  reloads: async () => {
    const stats = await lastWords(startWorker('reload'));
    assert.equal(stats.environmentsOpened, 1);
  },
};

const TASKS: { readonly [Task in WorkerTask]: (id: number) => void } = {
  report: () => parentPort?.postMessage(processStats(loadAddon())),

  hold: () => {
    holdAll(new Border());
    parentPort?.postMessage('holding');
    // Keeps the worker alive until it is terminated.
    parentPort?.on('message', () => {});
  },

  end: () => {
    holdAll(new Border());
    process.exit(3);
  },

  own: () => {
    const border = new Border();
    const { cache, id } = openShared(border);
    border.apply(cache, 1n, '', 'a');
    parentPort?.postMessage(id);
    parentPort?.on('message', () => {});
  },

  watch: (id) => {
    const border = new Border();
    const cache = attach(border, id);
    for (let count = 0; count < 50; count++) border.openWatch(cache);
    parentPort?.postMessage('watching');
    parentPort?.on('message', () => {});
  },

  write: (id) => {
    const border = new Border();
    const cache = attach(border, id);
    for (let revision = 1n; revision <= 100n; revision++) border.apply(cache, revision, '', 'a');
    parentPort?.postMessage('written');
    parentPort?.on('message', () => border.apply(cache, 101n, '', 'a'));
  },

  churn: (id) => {
    const border = new Border();
    const cache = attach(border, id);
    const watch = border.openWatch(cache);
    parentPort?.postMessage('running');
    for (let round = 0; ; round++) {
      const name = `n${round % 100}`;
      border.write(cache, name, round % 7 === 0 ? undefined : { round });
      border.get(cache, '', name);
      const list = border.openList(cache, ALL, 10);
      border.addon.readList(list, border.page, 1000);
      border.addon.closeList(list);
      const root = border.openRoot(cache, round % 2 === 0 ? undefined : 1n);
      if (root >= 0) border.addon.closeRoot(root);
      border.addon.drainFrames(watch, border.page, 0, 1000, false);
      border.takeReady();
      border.addon.trim(cache, round);
    }
  },

  reload: () => {
    const addon = loadAddon();
    assert.equal(loadAddon(), addon);
    parentPort?.postMessage(processStats(addon));
  },
};

/** Caches, attachments, roots, lists and watches of the process. */
function liveOf(stats: ProcessStats): readonly number[] {
  const { cachesLive, attachmentsLive, rootsLive, listsLive, watchesLive } = stats;
  return [cachesLive, attachmentsLive, rootsLive, listsLive, watchesLive];
}

/** Opens one of each, half read, and closes none. */
function holdAll(border: Border): number {
  const cache = border.openCache();
  for (let revision = 1n; revision <= 50n; revision++) {
    border.apply(cache, revision, 'team', `n${revision}`, { pad: 'x'.repeat(1000) });
  }
  succeed(border.openRoot(cache, 25n));
  border.readObjects(succeed(border.openList(cache)), 5);
  border.drainEvents(succeed(border.openWatch(cache)), 5);
  return cache;
}

function openShared(border: Border): { cache: number; id: number } {
  const cache = border.openCache();
  return { cache, id: succeed(border.addon.shareCache(cache)) };
}

/** The main thread's part of a process that goes while all is open. */
function openAndHold(): { id: number } {
  const border = new Border();
  return { id: succeed(border.addon.shareCache(holdAll(border))) };
}

function attach(border: Border, id: number): number {
  border.revisions.fill(NONCE);
  return succeed(border.addon.attachCache(border.connection, id));
}

function startWorker(task: WorkerTask, id = 0): Worker {
  return new Worker(fileURLToPath(import.meta.url), { workerData: { task, id } });
}

/** Workers that all have begun. */
async function startAll(task: WorkerTask, id = 0): Promise<readonly Worker[]> {
  const workers = Array.from({ length: WORKERS }, () => startWorker(task, id));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  return workers;
}

async function terminateAll(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.terminate()));
}

function soon(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

// Listens to both at once: the exit may follow the message before anybody could ask for it.
async function lastWords(worker: Worker): Promise<ProcessStats> {
  const [[stats]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  return stats as ProcessStats;
}

if (isMainThread) {
  const name = process.argv[2] ?? '';
  const run = CASES[name];
  if (run === undefined) throw new Error(`no case '${name}'`);
  await run();
  process.stdout.write(`${name}: done\n`);
} else {
  const { task, id } = workerData as WorkerData;
  TASKS[task](id);
}
