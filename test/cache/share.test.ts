/** A cache that several threads share: each in a worker of its own, over real shared memory. */

import { once } from 'node:events';
import { BroadcastChannel, Worker } from 'node:worker_threads';

import test, { type ExecutionContext } from 'ava';

import { CacheError, type CacheShare, WatchCache } from '../../lib/cache/index.js';
import { type EngineKind, EngineError } from '../../lib/engine/index.js';
import {
  CorruptValuesError,
  MemoryStorage,
  StorageHost,
  ThreadStorage,
} from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';
import { ENGINES } from '../engine/engines.js';
import {
  drain,
  fed,
  isPending,
  keys,
  PREFIX,
  rejects,
  standAlone,
  store,
  turn,
  type Widget,
  widget,
} from './fixture.js';
import type { ShareAnswer, ShareCommand } from './share-worker.js';

/** A worker that is attached to a cache. */
class Thread {
  readonly #worker: Worker;
  /** Resolves when the thread has ended by itself, or was ended. */
  readonly exited: Promise<unknown>;
  readonly #answers: ShareAnswer[] = [];
  #arrived: () => void = () => {};

  constructor(t: ExecutionContext, share: CacheShare) {
    this.#worker = new Worker(new URL('./share-worker.js', import.meta.url), { workerData: share });
    this.#worker.on('message', (answer: ShareAnswer) => {
      this.#answers.push(answer);
      this.#arrived();
    });
    this.exited = once(this.#worker, 'exit');
    t.teardown(() => this.#worker.terminate());
  }

  /** What the command gave. Throws an Error with the code where it was refused. */
  async do(command: ShareCommand): Promise<unknown> {
    this.#worker.postMessage(command);
    const answer = await this.#next((candidate) => candidate.type !== 'watched');
    if (answer.type === 'error') throw new Error(answer.code);
    return answer.type === 'result' ? answer.value : undefined;
  }

  /** What the thread's watch has seen when it is over. */
  async watched(): Promise<Extract<ShareAnswer, { type: 'watched' }>> {
    const answer = await this.#next((candidate) => candidate.type === 'watched');
    return answer as Extract<ShareAnswer, { type: 'watched' }>;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  async #next(wanted: (answer: ShareAnswer) => boolean): Promise<ShareAnswer> {
    for (;;) {
      const at = this.#answers.findIndex(wanted);
      if (at >= 0) return this.#answers.splice(at, 1)[0]!;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }
}

function sharingTest(
  behaviour: string,
  run: (t: ExecutionContext, engine: EngineKind) => Promise<void>,
): void {
  for (const { kind } of ENGINES) {
    if (kind === 'native') test(behaviour, (t) => run(t, kind));
  }
}

test('the JavaScript engine keeps a cache on its thread, and says so', (t) => {
  const cache = standAlone(t, 'javascript');
  t.is(t.throws(() => cache.share(), { instanceOf: EngineError })?.code, 'not-shareable');
});

test('what is no token, or comes with what the owner has settled, is refused', async (t) => {
  const state = new SharedArrayBuffer(4);
  const share = { type: 'shardwatch.cache', state } as CacheShare;
  for (const bad of [null, 7, {}, { ...share, type: 'x' }, { ...share, state: undefined }]) {
    await rejects(t, () => new WatchCache({ share: bad as CacheShare }), 'invalid-options');
  }
  for (const settled of [{ name: 'x' }, { fields: [] }, { ttlSeconds: 5 }, { shardCount: 3 }]) {
    await rejects(
      t,
      () => new WatchCache({ share, ...settled }),
      'invalid-options',
      /owner|shared/,
    );
  }
});

sharingTest('threads read and write one cache, and watch each other', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  const thread = new Thread(t, cache.share());
  t.deepEqual(await thread.do({ type: 'list' }), ['ns/a@2']);
  await thread.do({ type: 'watch', count: 3 });
  const own = (await cache.watch({ resourceVersion: '2' })).source();
  t.deepEqual(await thread.do({ type: 'put', object: widget('ns', 'b') }), ['3']);
  t.deepEqual(cache.apply({ type: 'delete', namespace: 'ns', name: 'a' }), ['4']);
  t.deepEqual(keys(await cache.list()), ['ns/b@3']);
  t.deepEqual(await thread.do({ type: 'list' }), ['ns/b@3']);
  t.deepEqual(await thread.watched(), {
    type: 'watched',
    events: ['ADDED a 2', 'ADDED b 3', 'DELETED a 4'],
    end: 'done',
  });
  t.deepEqual(drain(own), ['ADDED ns/b@3', 'DELETED ns/a@4']);
  own.close();
});

sharingTest('writes of many threads take one revision each, in one order', async (t, engine) => {
  const WRITES = 400;
  const cache = standAlone(t, engine);
  const threads = Array.from({ length: 3 }, () => new Thread(t, cache.share()));
  const total = WRITES * threads.length + WRITES;
  await Promise.all(threads.map((thread) => thread.do({ type: 'watch', count: total })));
  const written = threads.map(async (thread, index) => {
    return (await thread.do({ type: 'puts', prefix: `t${index}`, count: WRITES })) as string[];
  });
  const own: string[] = [];
  for (let index = 0; index < WRITES; index++) {
    own.push(...cache.apply({ type: 'put', object: widget('own', `o${index % 9}`) }));
    if (index % 20 === 0) await turn();
  }
  const revisions = [...own, ...(await Promise.all(written)).flat()].map(Number);
  revisions.sort((left, right) => left - right);
  t.deepEqual(
    revisions,
    Array.from({ length: total }, (_value, index) => index + 2),
  );
  const seen = await Promise.all(threads.map((thread) => thread.watched()));
  for (const { events, end } of seen) {
    t.is(end, 'done');
    t.deepEqual(events, seen[0]!.events);
    t.deepEqual(
      events.map((event) => Number(event.split(' ')[2])),
      revisions,
    );
  }
});

sharingTest('a read waits for a revision that another thread brings', async (t, engine) => {
  const cache = standAlone(t, engine, { freshnessTimeoutMs: 20_000 });
  const thread = new Thread(t, cache.share());
  const here = cache.list({ resourceVersion: '2' });
  t.true(await isPending(here));
  await thread.do({ type: 'put', object: widget('ns', 'a') });
  t.deepEqual(keys(await here), ['ns/a@2']);
  const there = thread.do({ type: 'list', resourceVersion: '3' });
  cache.apply({ type: 'put', object: widget('ns', 'b') });
  t.deepEqual(await there, ['ns/a@2', 'ns/b@3']);
});

sharingTest('the owner deletes what another thread has put for a time', async (t, engine) => {
  const clock = new ManualClock();
  const cache = standAlone(t, engine, { clock });
  const thread = new Thread(t, cache.share());
  await thread.do({ type: 'put', object: widget('ns', 'a'), ttlSeconds: 60 });
  await thread.do({ type: 'put', object: widget('ns', 'b') });
  await thread.end();
  // The message of the time to live comes by itself.
  while (keys(await cache.list()).length === 2) {
    clock.advance(60_000);
    await turn();
  }
  t.deepEqual(keys(await cache.list()), ['ns/b@3']);
});

sharingTest('a cache that its owner closes is closed for all', async (t, engine) => {
  const cache = standAlone(t, engine);
  const thread = new Thread(t, cache.share());
  await thread.do({ type: 'watch', count: 1 });
  await cache.close();
  t.is((await thread.watched()).end, 'ended');
  await t.throwsAsync(thread.do({ type: 'list' }), { message: 'closed' });
  await t.throwsAsync(thread.do({ type: 'put', object: widget('ns', 'a') }), { message: 'closed' });
  t.throws(() => cache.share(), { instanceOf: CacheError, code: 'closed' });
});

sharingTest('a thread that ends or closes leaves the others alone', async (t, engine) => {
  const cache = standAlone(t, engine);
  const share = cache.share();
  const [killed, leaving, staying] = [1, 2, 3].map(() => new Thread(t, share));
  for (const thread of [killed!, leaving!, staying!]) await thread.do({ type: 'watch', count: 2 });
  await killed!.end();
  await leaving!.do({ type: 'close' });
  await leaving!.exited;
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  await staying!.do({ type: 'put', object: widget('ns', 'b') });
  t.is((await staying!.watched()).end, 'done');
  t.is(cache.stats().watches, 0);
});

sharingTest('only the owner replaces everything', async (t, engine) => {
  const cache = standAlone(t, engine);
  const thread = new Thread(t, cache.share());
  await t.throwsAsync(thread.do({ type: 'replace' }), { message: 'invalid-options' });
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  await thread.do({ type: 'watch', count: 2 });
  cache.replace([widget('ns', 'b')]);
  // What was there before it may have read by then.
  t.is((await thread.watched()).end, 'expired');
  t.deepEqual(await thread.do({ type: 'list' }), ['ns/b@3']);
});

sharingTest("threads read a fed cache as fresh as the owner's storage", async (t, engine) => {
  const storage = new MemoryStorage();
  t.teardown(() => storage.close());
  const cache = fed(t, engine, storage);
  await cache.ready();
  const thread = new Thread(t, cache.share());
  await thread.do({ type: 'watch', count: 20 });
  for (let index = 0; index < 20; index++) {
    const revision = await store(storage, widget('ns', `w${index}`));
    const listed = (await thread.do({ type: 'list' })) as string[];
    t.is(listed.length, index + 1);
    t.true(listed.includes(`ns/w${index}@${revision}`));
  }
  t.is((await thread.watched()).end, 'done');
  await t.throwsAsync(thread.do({ type: 'put', object: widget('ns', 'a') }), {
    message: 'invalid-options',
  });
});

sharingTest('a thread that has the storage, too, asks nobody how far it is', async (t, engine) => {
  const storage = new MemoryStorage();
  t.teardown(() => storage.close());
  const cache = fed(t, engine, storage, { history: { entriesMin: 2, entriesMax: 2 } });
  await cache.ready();
  const share = cache.share();
  const questions: unknown[] = [];
  const channel = new BroadcastChannel(`shardwatch.cache.${share.engine.id}.${share.engine.nonce}`);
  channel.addEventListener('message', (event) => {
    const message = (event as MessageEvent).data as { readonly type: string };
    if (message.type === 'ask') questions.push(message);
  });
  t.teardown(() => channel.close());
  const reached = new ThreadStorage(new StorageHost(storage).share);
  t.teardown(() => reached.close());
  const feed = { storage: reached, prefix: PREFIX, namespaced: true };
  const attached = new WatchCache<Widget>({ share, feed });
  t.teardown(() => attached.close());
  const alone = new WatchCache<Widget>({ share });
  t.teardown(() => alone.close());
  const first = await store(storage, widget('ns', 'w0'));
  for (let index = 1; index < 30; index++) {
    await store(storage, widget('ns', `w${index}`));
    t.is((await attached.list()).items().length, index + 1);
  }
  t.deepEqual(questions, []);

  const exactly = { resourceVersion: first, resourceVersionMatch: 'Exact' } as const;
  t.deepEqual(keys(await attached.list(exactly)), [`ns/w0@${first}`]);
  await rejects(t, () => alone.list(exactly), 'expired');
  await storage.compact(BigInt(first) + 1n);
  await rejects(t, () => attached.list(exactly), 'expired');
});

sharingTest('why a cache can not be filled is told in all threads', async (t, engine) => {
  const storage = new MemoryStorage();
  t.teardown(() => storage.close());
  for (let index = 0; index < 103; index++) {
    const key = `${PREFIX}ns/w${index}`;
    await storage.write({ key, expected: 0n, value: Buffer.from('{') });
  }
  const clock = new ManualClock();
  const cache = fed(t, engine, storage, { clock });
  await cache.settled();
  const refusal = async (asked: WatchCache<Widget>): Promise<unknown> => {
    const { code, message, cause } = await rejects(t, () => asked.list(), 'not-ready');
    if (!(cause instanceof CorruptValuesError)) return { code, message, cause };
    const { values, isTruncated } = cause;
    return { code, message, told: cause.message, values, isTruncated };
  };
  const attach = (): WatchCache<Widget> => {
    const attached = new WatchCache<Widget>({ share: cache.share() });
    t.teardown(() => attached.close());
    return attached;
  };
  // One that comes when it is known.
  const late = attach();
  await late.settled();
  const known = await refusal(cache);
  t.like(known, { isTruncated: true });
  t.regex((known as { message: string }).message, /and 100 more$/);
  t.deepEqual(await refusal(late), known);
  // They were there when it is found, and it is mended.
  for (let index = 0; index < 103; index++) await store(storage, widget('ns', `w${index}`));
  const passing = async (waits: readonly Promise<void>[]): Promise<void> => {
    const all = Promise.all(waits);
    while (await isPending(all)) clock.advance(1_000);
    await all;
  };
  await passing([cache, late, attach()].map((one) => one.ready()));
  t.is((await late.list()).items().length, 103);
  const revision = (await storage.get(`${PREFIX}ns/w7`))!.revision;
  await storage.write({ key: `${PREFIX}ns/w7`, expected: revision, value: Buffer.from('[]') });
  await passing([cache, late].map((one) => one.settled()));
  t.regex(((await refusal(late)) as { told: string }).told, /ns\/w7": it is no object/);
  t.deepEqual(await refusal(late), await refusal(cache));
});

sharingTest('a storage is refused beside a shared cache that is stand-alone', async (t, engine) => {
  const storage = new MemoryStorage();
  t.teardown(() => storage.close());
  const share = standAlone(t, engine).share();
  const feed = { storage, prefix: PREFIX, namespaced: true };
  await rejects(t, () => new WatchCache({ share, feed }), 'invalid-options', /feed/);
});

sharingTest('what watches go through is counted for all threads together', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply({ type: 'put', object: widget('ns', 'a') });
  const thread = new Thread(t, cache.share());
  await thread.do({ type: 'watch', count: 2 });
  cache.replace([widget('ns', 'b')]);
  t.is((await thread.watched()).end, 'expired');
  const attached = new WatchCache<Widget>({ share: cache.share() });
  t.teardown(() => attached.close());
  for (const { eventsReplayed, watchesTerminated } of [cache.stats(), attached.stats()]) {
    t.is(eventsReplayed, 1);
    t.deepEqual(watchesTerminated, { expired: 0, replaced: 1 });
  }
});
