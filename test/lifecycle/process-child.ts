/**
 * The child process of process.test.ts, `node process-child.js CASE ENGINE`, and the thread that a
 * case starts. A case that fails throws; one that holds prints what it has come to.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { CacheError, type CacheShare, WatchCache } from '../../lib/cache/index.js';
import { createEngineCache, type EngineKind } from '../../lib/engine/index.js';
import { cacheOptions, turn } from '../engine/candidates.js';
import { put } from '../engine/widget.js';

type ThreadEnd = 'naturally' | 'by exit' | 'never';

interface ThreadData {
  readonly share: CacheShare;
  readonly end: ThreadEnd;
}

/** What is open of caches when a process ends; nothing of it is closed. */
class Household {
  readonly cache: WatchCache;
  readonly #held: unknown[] = [];

  constructor(cache: WatchCache) {
    this.cache = cache;
  }

  static of(engine: EngineKind): Household {
    return new Household(new WatchCache({ engine, ttlSeconds: 3_600 }));
  }

  /** Objects, a list half read, another one as a body, a snapshot and watches. */
  async hold(): Promise<void> {
    const { cache } = this;
    for (let index = 0; index < 300; index++) cache.apply(change(index));
    const objects = (await cache.list()).objects();
    objects.next();
    const body = (await cache.list()).body('WidgetList', 'example.com/v1');
    body.pull(1_000);
    const frames = (await cache.watch()).source();
    frames.drain(5);
    this.#held.push(objects, body, frames, cache.snapshot('100'));
    void this.#follow();
    await turn();
  }

  async #follow(): Promise<void> {
    for await (const event of await this.cache.watch({ allowBookmarks: true })) {
      this.#held.push(event);
    }
  }
}

function change(index: number): Parameters<WatchCache['apply']>[0] {
  const metadata = { namespace: 'team', name: `w${index % 100}` };
  return { type: 'put', object: { metadata, spec: { index, pad: 'x'.repeat(2_000) } } };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const CASES: Readonly<Record<string, (engine: EngineKind) => Promise<void>>> = {
  // Its clock, its watches and its channel keep no loop alive; the test waits for the end.
  idles: async (engine) => {
    const { cache } = await held(engine);
    if (engine === 'native') cache.share();
    say('idles: done');
  },

  'idles beside a thread that has ended': async (engine) => {
    const { cache } = await held(engine);
    const [code] = (await once(start(cache, 'naturally'), 'exit')) as [number];
    assert.equal(code, 0);
    say('idles beside a thread that has ended: done');
  },

  'survives a thread that exits': async (engine) => {
    const { cache } = await held(engine);
    const [code] = (await once(start(cache, 'by exit'), 'exit')) as [number];
    assert.equal(code, 3);
    assert.equal(cache.stats().attachments, 1);
    cache.apply(change(0));
    await cache.close();
    say('survives a thread that exits: done');
  },

  'exits from a watch': async (engine) => {
    const { cache } = await held(engine);
    const watch = (await cache.watch({ resourceVersion: cache.resourceVersion })).source();
    await begun(start(cache, 'never'), start(cache, 'never'));
    assert.equal(watch.drain(1).type, 'events');
    const rest = (): void => {
      while (watch.drain(1_000).type === 'events');
      watch.onReadable(() => {
        say('exits from a watch: done');
        process.exit(7);
      });
    };
    rest();
    await never();
  },

  'throws from a watch': async (engine) => {
    const cache = createEngineCache(engine, cacheOptions());
    cache.watch({
      from: { type: 'state' },
      wake: () => {
        throw new Error('of whoever was woken');
      },
    });
    cache.apply([put({ namespace: 'a', name: 'a' }, 1n)]);
    await never();
  },

  'closes when it is told to end': async (engine) => {
    const { cache } = await held(engine);
    const threads = [start(cache, 'never'), start(cache, 'never')];
    await begun(...threads);
    process.once('SIGTERM', () => void cache.close());
    process.kill(process.pid, 'SIGTERM');
    // The threads go on until they are refused.
    const ends = await Promise.all(threads.map((thread) => once(thread, 'exit')));
    assert.deepEqual(ends, [[0], [0]]);
    say('closes when it is told to end: done');
  },
};

async function held(engine: EngineKind): Promise<Household> {
  const household = Household.of(engine);
  await household.hold();
  return household;
}

function start(cache: WatchCache, end: ThreadEnd): Worker {
  const data: ThreadData = { share: cache.share(), end };
  return new Worker(fileURLToPath(import.meta.url), { workerData: data });
}

async function begun(...threads: readonly Worker[]): Promise<void> {
  await Promise.all(threads.map((thread) => once(thread, 'message')));
}

// Keeps the process alive: what ends it is the case.
function never(): Promise<void> {
  return new Promise(() => setInterval(() => {}, 1_000));
}

async function runThread({ share, end }: ThreadData): Promise<void> {
  const household = new Household(new WatchCache({ share }));
  await household.hold();
  parentPort!.postMessage('holding');
  if (end === 'by exit') process.exit(3);
  if (end === 'naturally') return;
  try {
    for (let index = 0; ; index++) {
      household.cache.apply(change(index));
      if (index % 10 === 0) await turn();
    }
  } catch (error) {
    if (!(error instanceof CacheError) || error.code !== 'closed') throw error;
  }
}

if (isMainThread) {
  const [name = '', engine] = process.argv.slice(2);
  const run = CASES[name];
  if (run === undefined) throw new Error(`no case '${name}'`);
  await run(engine as EngineKind);
} else {
  await runThread(workerData as ThreadData);
}
