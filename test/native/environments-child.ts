/**
 * The child process of environments.test.ts: `node environments-child.js CASE`, and the worker
 * threads that a case starts. A case that fails throws; one that holds prints `CASE: done`.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { loadAddon, processStats } from './addon.js';
import type { ProcessStats } from './addon.js';

type WorkerTask = 'report' | 'hold' | 'churn' | 'reload';

/** Workers that run at once; more than the cores, so that terminations meet running ones. */
const WORKERS = 4;

const CASES: { readonly [name: string]: () => Promise<void> } = {
  remembers: async () => {
    // The main thread never loads the addon here.
    for (let opened = 1; opened <= 3; opened++) {
      const worker = startWorker('report');
      const stats = await lastWords(worker);
      assert.equal(stats.environmentsOpened, opened);
      assert.equal(stats.environmentsLive, 1);
    }
  },

  releases: async () => {
    const addon = loadAddon();
    const workers = Array.from({ length: WORKERS }, () => startWorker('hold'));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    assert.equal(processStats(addon).blocksLive, WORKERS * 100);
    assert.equal(processStats(addon).environmentsLive, WORKERS + 1);
    await Promise.all(workers.map((worker) => worker.terminate()));
    assert.equal(processStats(addon).blocksLive, 0);
    assert.equal(processStats(addon).environmentsLive, 1);
  },

  terminates: async () => {
    const addon = loadAddon();
    for (let round = 0; round < 8; round++) {
      const workers = Array.from({ length: WORKERS }, () => startWorker('churn'));
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    assert.equal(processStats(addon).blocksLive, 0);
    assert.equal(processStats(addon).environmentsOpened, 8 * WORKERS + 1);
  },

  exits: async () => {
    const addon = loadAddon();
    for (let index = 0; index < 100; index++) addon.openBlock(Buffer.alloc(index * 1000));
    await once(startWorker('hold'), 'message');
    // The worker still runs and still holds its blocks.
    process.stdout.write('exits: done\n');
    process.exit(0);
  },

  reloads: async () => {
    const worker = startWorker('reload');
    const stats = await lastWords(worker);
    assert.equal(stats.environmentsOpened, 1);
  },
};

const TASKS: { readonly [Task in WorkerTask]: () => void } = {
  report: () => parentPort?.postMessage(processStats(loadAddon())),

  hold: () => {
    const addon = loadAddon();
    for (let index = 0; index < 100; index++) addon.openBlock(Buffer.alloc(index * 500));
    parentPort?.postMessage('holding');
    // Keeps the worker alive until it is terminated.
    parentPort?.on('message', () => {});
  },

  churn: () => {
    const addon = loadAddon();
    const bytes = Buffer.alloc(3000, 'x');
    addon.openBlock(bytes);
    parentPort?.postMessage('running');
    for (;;) {
      const handle = addon.openBlock(bytes);
      addon.readBlock(handle);
      addon.compareKeys('namespace', 'left', 'namespace', 'right');
      addon.closeBlock(handle);
    }
  },

  reload: () => {
    const addon = loadAddon();
    assert.equal(loadAddon(), addon);
    parentPort?.postMessage(processStats(addon));
  },
};

function startWorker(task: WorkerTask): Worker {
  return new Worker(fileURLToPath(import.meta.url), { workerData: task });
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
  TASKS[workerData as WorkerTask]();
}
