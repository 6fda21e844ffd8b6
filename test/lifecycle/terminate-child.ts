/**
 * The child process of terminate.test.ts: `node terminate-child.js SEED`. Terminates a thousand
 * threads, and throws where one of them has taken something with it or left something behind.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';

import type { EngineCache } from '../../lib/engine/index.js';
import { Chance } from '../chance.js';
import { engineOf, turn } from '../engine/candidates.js';
import { Fold, listLines } from '../engine/native/fold.js';
import { put } from '../engine/widget.js';
import { loadAddon, processStats } from '../native/addon.js';
import { KEYS, LIMITS, type TerminateTask, widgetOf } from './terminate-task.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const TERMINATIONS = 1_000;
/** After so many the process has got what memory it needs for threads. */
const WARM_UP = 150;
/** Memory is measured so often before and after, so many terminations apart. */
const SAMPLES = 3;
const SAMPLE_TERMINATIONS = 50;
/** By so much the cache's own bytes may have grown. */
const GROWTH_MAX = 0.05;
/**
 * And what the process has resident, for each thread that was terminated in between. A thousand
 * threads that load no addon make a process grow by up to 14 MB, so a small leak can't be told from
 * this: the counts and bytes of `settle` tell it exactly, and LeakSanitizer what nobody can reach.
 */
const RESIDENT_GROWTH_PER_THREAD = 20 * 1_024;
/** Threads at once: more than cores. */
const THREADS = 4;

/** The main thread's part: it writes, lists and watches all along. */
class Main {
  readonly cache: EngineCache;
  readonly #chance: Chance;
  readonly #seed: number;
  #fold = new Fold();
  #nowMs = 0;
  #threads = 0;
  #terminated = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#chance = new Chance(seed, -1);
    this.cache = engineOf('native')!.create({ ...LIMITS, now: () => this.#nowMs });
    this.#watch();
  }

  /** Terminates threads until so many were. */
  async terminateUpTo(count: number): Promise<void> {
    await Promise.all(Array.from({ length: THREADS }, () => this.#terminateSome(count)));
  }

  /** Compares what is left with what there may be; tells the memory in use. */
  async settle(): Promise<{ readonly bytes: number; readonly residentBytes: number }> {
    const { cache } = this;
    // The same state each time, and no history.
    const level = new Chance(7);
    let { revision } = cache;
    cache.apply(KEYS.map((key) => put(widgetOf(key, level), ++revision)));
    this.#nowMs += 1_000;
    cache.trim();
    for (let round = 0; round < 5; round++) {
      collect();
      await turn();
    }
    this.#checkWatch();
    const stats = cache.stats();
    const { epochsBehind, attachments, watches, watchGroups, bytesRetained, logEntries } = stats;
    assert.deepEqual(
      { epochsBehind, attachments, watches, watchGroups, bytesRetained, logEntries },
      {
        epochsBehind: 0,
        attachments: 1,
        watches: 1,
        watchGroups: 1,
        bytesRetained: 0,
        logEntries: 0,
      },
    );
    const { cachesLive, attachmentsLive, rootsLive, listsLive } = processStats(loadAddon());
    assert.deepEqual([cachesLive, attachmentsLive, rootsLive, listsLive], [1, 1, 0, 0]);
    const bytes = stats.bytesReserved - stats.bytesFree;
    return { bytes, residentBytes: process.memoryUsage().rss };
  }

  /** Follows the state, and begins anew where history was too short for it. */
  #watch(): void {
    const fold = new Fold();
    const watch = this.cache.watch({
      from: { type: 'state' },
      wake: () => {
        fold.drain(watch);
        if (fold.end === 'expired') this.#watch();
        else assert.notEqual(fold.end, 'replaced');
      },
    });
    this.#fold = fold;
  }

  async #terminateSome(count: number): Promise<void> {
    while (this.#terminated < count) {
      this.#terminated++;
      await this.#terminateOne();
    }
  }

  async #terminateOne(): Promise<void> {
    const chance = this.#chance;
    const workerData: TerminateTask = {
      share: this.cache.share(),
      seed: this.#seed,
      thread: this.#threads++,
    };
    const worker = new Worker(FILE, { workerData });
    let failure: unknown;
    worker.on('error', (error) => (failure = error));
    // Some are terminated while they begin.
    if (chance.holds(0.9)) await once(worker, 'message');
    for (let turns = chance.below(5); turns > 0; turns--) {
      await turn();
      this.#act();
    }
    for (let spins = chance.below(2_000); spins > 0; spins--) Math.sqrt(spins);
    await worker.terminate();
    if (failure !== undefined) throw failure;
  }

  #act(): void {
    const { cache } = this;
    const chance = this.#chance;
    const key = chance.of(KEYS);
    cache.write({ ...key, object: put(widgetOf(key, chance), 0n).object });
    const list = cache.list({ namespace: key.namespace });
    list.read(1_000);
    list.close();
    if (chance.holds(0.1)) cache.trim();
  }

  /** What the watch has told is what there is. */
  #checkWatch(): void {
    assert.deepEqual(this.#fold.lines(), listLines(this.cache.list({})));
  }
}

const FILE = fileURLToPath(new URL('./terminate-worker.js', import.meta.url));

const main = new Main(Number(process.argv[2]));
const before = await measure(WARM_UP);
const after = await measure(TERMINATIONS - SAMPLES * SAMPLE_TERMINATIONS);
process.stdout.write(`${JSON.stringify({ before, after })}\n`);
assert.ok(least(after.bytes) <= most(before.bytes) * (1 + GROWTH_MAX));
const residentGrowth = least(after.residentBytes) - most(before.residentBytes);
const threads = TERMINATIONS - WARM_UP - SAMPLES * SAMPLE_TERMINATIONS;
assert.ok(residentGrowth <= threads * RESIDENT_GROWTH_PER_THREAD, `grown by ${residentGrowth}`);
main.cache.close();
process.stdout.write('terminated: done\n');

// What a process has resident differs by some percent from one moment to the next; a leak stays.
async function measure(
  terminations: number,
): Promise<{ readonly bytes: readonly number[]; readonly residentBytes: readonly number[] }> {
  const bytes: number[] = [];
  const residentBytes: number[] = [];
  for (let sample = 1; sample <= SAMPLES; sample++) {
    await main.terminateUpTo(terminations + sample * SAMPLE_TERMINATIONS);
    const settled = await main.settle();
    bytes.push(settled.bytes);
    residentBytes.push(settled.residentBytes);
  }
  return { bytes, residentBytes };
}

function least(samples: readonly number[]): number {
  return Math.min(...samples);
}

function most(samples: readonly number[]): number {
  return Math.max(...samples);
}
