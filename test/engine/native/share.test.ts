/** One cache on several threads: what they read, watch and write, and how they leave it. */

import test from 'ava';

import {
  attachEngineCache,
  type EngineCache,
  type EngineShare,
} from '../../../lib/engine/index.js';
import { turn } from '../engines.js';
import { put, text, widgetSource, widgetText } from '../widget.js';
import { COUNTER } from './commands.js';
import { Fold, listLines } from './fold.js';
import { attachAll, nativeTest } from './native.js';

const WEB = { namespace: 'a', name: 'web', value: 1 };
const KEY = { namespace: 'a', name: 'web' };

/** Waits until the cache has told something to a watch that was drained. */
function follow(cache: EngineCache): { fold: Fold; until: (revision: bigint) => Promise<void> } {
  const fold = new Fold();
  let next = (): void => {};
  const watch = cache.watch({
    from: { type: 'state' },
    wake: () => {
      fold.drain(watch);
      next();
    },
  });
  return {
    fold,
    until: async (revision) => {
      while (fold.position < revision) {
        await new Promise<void>((resolve) => {
          next = resolve;
        });
      }
    },
  };
}

test('with what is no token nothing is attached to, on no engine', (t) => {
  t.throws(() => attachEngineCache({} as EngineShare, { now: () => 0 }));
});

nativeTest(
  'a token is plain data, and what attaches with it has the same objects',
  async (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 5n)]);
    const share = structuredClone(cache.share());
    t.like(share, {
      type: 'shardwatch.engine',
      name: 'widgets.example.com',
      fields: ['spec.node'],
    });
    t.deepEqual(cache.share(), share, 'one for all');
    t.is(cache.stats().attachments, 1);
    const other = attachEngineCache(share, { now: () => 0 });
    t.is(other.kind, 'native');
    t.is(cache.stats().attachments, 2);
    t.is(text(other.get(KEY)?.object), widgetText(WEB, 5n));
    const [thread] = await attachAll(share, 1);
    t.is(await thread!.ask({ type: 'get', ...KEY }), widgetText(WEB, 5n));
    await thread!.leave();
  },
);

nativeTest('what one thread writes is read by others at once', async (t, engine) => {
  const cache = engine.create();
  const [thread] = await attachAll(cache.share(), 1);
  const change = { ...KEY, object: widgetSource(WEB) };
  t.is(await thread!.ask({ type: 'write', change }), 1n);
  t.is(text(cache.get(KEY)?.object), widgetText(WEB, 1n));
  cache.write({ ...KEY, object: widgetSource({ ...WEB, value: 2 }) });
  t.is(await thread!.ask({ type: 'get', ...KEY }), widgetText({ ...WEB, value: 2 }, 2n));
  await t.throwsAsync(() => thread!.ask({ type: 'write', change, expected: 1n }), {
    message: 'conflict',
  });
  await thread!.leave();
});

nativeTest('watches are woken across threads, in both directions', async (t, engine) => {
  const cache = engine.create();
  const [first, second] = await attachAll(cache.share(), 2);
  await first!.ask({ type: 'follow' });
  const own = follow(cache);
  const change = { ...KEY, object: widgetSource(WEB) };
  await second!.ask({ type: 'write', change });
  await own.until(1n);
  t.deepEqual(await first!.ask({ type: 'state', revision: 1n }), [widgetText(WEB, 1n)]);
  cache.write({ ...KEY, object: widgetSource({ ...WEB, value: 2 }) });
  const expected = [widgetText({ ...WEB, value: 2 }, 2n)];
  t.deepEqual(await first!.ask({ type: 'state', revision: 2n }), expected);
  await own.until(2n);
  t.deepEqual(own.fold.lines(), expected);
  await Promise.all([first!.leave(), second!.leave()]);
});

nativeTest('threads that write at once lose nothing: every fold is the list', async (t, engine) => {
  const cache = engine.create();
  const threads = await attachAll(cache.share(), 4);
  const own = follow(cache);
  await Promise.all(threads.map((thread) => thread.ask({ type: 'follow' })));
  const writers = threads.map((thread, at) =>
    thread.ask({ type: 'churn', name: `w${at}`, writes: 2_000 }),
  );
  // Lists that are read meanwhile are each the state at exactly their revision.
  const roots = [cache.root()];
  for (let round = 0; round < 20; round++) {
    await turn();
    roots.push(cache.root());
  }
  await Promise.all(writers);
  const { revision } = cache;
  const expected = listLines(cache.list({}));
  await own.until(revision);
  t.deepEqual(own.fold.lines(), expected);
  for (const thread of threads) {
    t.deepEqual(await thread.ask({ type: 'state', revision }), expected);
  }
  for (const root of roots) {
    const lines = listLines(root.list({}));
    t.is(lines.length, root.count);
    t.true(lines.every((line) => revisionOf(line) <= root.revision));
    root.close();
  }
  await Promise.all(threads.map((thread) => thread.leave()));
});

function revisionOf(line: string): bigint {
  const { metadata } = JSON.parse(line) as { metadata: { resourceVersion: string } };
  return BigInt(metadata.resourceVersion);
}

nativeTest('of writes that expect the same revision one is done', async (t, engine) => {
  const cache = engine.create();
  const threads = await attachAll(cache.share(), 3);
  const times = 300;
  await Promise.all(threads.map((thread) => thread.ask({ type: 'count', times })));
  const found = JSON.parse(text(cache.get(COUNTER)?.object)!) as { spec: { value: number } };
  t.is(found.spec.value, threads.length * times);
  await Promise.all(threads.map((thread) => thread.leave()));
});

nativeTest('a thread is told when a revision is reached that others write', async (t, engine) => {
  const cache = engine.create();
  const [thread] = await attachAll(cache.share(), 1);
  const reached = thread!.ask({ type: 'await', revision: 3n });
  cache.progress(2n);
  cache.apply([put(WEB, 3n)]);
  t.is(await reached, 3n);
  t.is(await thread!.ask({ type: 'await', revision: 2n }), 3n, 'and of one that was reached');
  const never = thread!.ask({ type: 'await', revision: 9n });
  cache.close();
  await never;
  t.pass('and when the cache is closed');
  await thread!.leave();
});

nativeTest(
  'one who waits is told from the event loop, in the order of revisions',
  async (t, engine) => {
    const cache = engine.create();
    const told: string[] = [];
    cache.onRevision!(5n, () => told.push('5'));
    cache.onRevision!(-1n, () => told.push('-1'));
    cache.onRevision!(2n, () => told.push('2'));
    cache.onRevision!(2n ** 70n, () => told.push('never'));
    t.deepEqual(told, []);
    await turn();
    t.deepEqual(told, ['-1']);
    cache.progress(3n);
    t.deepEqual(told, ['-1'], 'not from inside a call');
    await turn();
    t.deepEqual(told, ['-1', '2']);
    cache.apply([put(WEB, 7n)]);
    await turn();
    t.deepEqual(told, ['-1', '2', '5']);
    cache.close();
    await turn();
    t.deepEqual(told, ['-1', '2', '5', 'never']);
  },
);

nativeTest('when the owner closes, attached caches are closed too', async (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 5n)]);
  const share = cache.share();
  const other = attachEngineCache(share, { now: () => 0 });
  const root = other.root();
  const [thread] = await attachAll(share, 1);
  await thread!.ask({ type: 'follow' });
  let wakes = 0;
  const watch = other.watch({ from: { type: 'after', revision: 5n }, wake: () => wakes++ });
  cache.close();
  t.is(await thread!.ask({ type: 'end' }), 'closed');
  await t.throwsAsync(() => thread!.ask({ type: 'get', ...KEY }), { message: 'closed' });
  const closed = { code: 'closed', message: 'the cache widgets.example.com is closed' };
  const selector = { labels: [], fields: [{ path: 'x', operator: 'Equals' as const, value: '' }] };
  const calls: (() => unknown)[] = [
    () => other.apply([]),
    () => other.apply([put(WEB, 1n)]),
    () => other.write(KEY),
    () => other.replace([put(WEB, 9n)], 1n),
    () => other.progress(-1n),
    () => other.progress(2n ** 70n),
    () => other.get(KEY),
    () => other.get({ namespace: '', name: '\ud800' }),
    () => other.getInto(KEY, new Uint8Array(1_000)),
    () => other.list({ selector }),
    () => other.root(),
    () => other.root(1n),
    () => other.root(-1n),
    () => other.watch({ from: { type: 'after', revision: -1n }, wake: () => {} }),
    () => other.trim(),
    () => other.share(),
    () => attachEngineCache(share, { now: () => 0 }),
  ];
  for (const call of calls) t.throws(call, closed);
  await turn();
  t.is(wakes, 1);
  t.like(watch.drainEvents(1), { items: [], end: 'closed' });
  t.is(text(root.get(KEY)?.object), widgetText(WEB, 5n), 'a held root is readable to its end');
  root.close();
  t.like(other.stats(), { objects: 0, bytesLive: 0, bytesRetained: 0, watches: 0 });
  other.close();
  await thread!.leave();
});

nativeTest('one that only attached closes for itself', async (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 5n)]);
  const own = follow(cache);
  const other = attachEngineCache(cache.share(), { now: () => 0 });
  const watch = other.watch({ from: { type: 'state' }, wake: () => {} });
  other.close();
  other.close();
  t.like(watch.drainEvents(1), { items: [], end: 'closed' });
  t.throws(() => other.get(KEY), { code: 'closed' });
  t.throws(() => other.write(KEY), { code: 'closed' });
  cache.write({ ...KEY, object: widgetSource({ ...WEB, value: 2 }) });
  await own.until(6n);
  t.deepEqual(own.fold.lines(), [widgetText({ ...WEB, value: 2 }, 6n)]);
  const [thread] = await attachAll(cache.share(), 1);
  await thread!.ask({ type: 'follow' });
  t.is(await thread!.ask({ type: 'close' }), undefined);
  t.is(await thread!.ask({ type: 'end' }), 'closed');
  t.is(cache.get(KEY)?.revision, 6n);
  await thread!.leave();
});

for (const how of ['leave', 'terminate'] as const) {
  nativeTest(`a thread that ends holds nothing any more: ${how}`, async (t, engine) => {
    const cache = engine.create({ history: { entriesMin: 0, entriesMax: 0 } });
    cache.apply([put(WEB, 5n), put({ ...WEB, name: 'api' }, 6n)]);
    const before = cache.stats();
    const [thread] = await attachAll(cache.share(), 1);
    await thread!.ask({ type: 'hold' });
    cache.apply([put({ ...WEB, value: 2 }, 7n)]);
    t.like(cache.stats(), { watches: 1, attachments: 2 });
    t.true(cache.stats().bytesRetained > 0);
    await thread![how]();
    cache.trim();
    const { roots, bytesRetained, watches, watchGroups, attachments } = cache.stats();
    t.deepEqual(
      { roots, bytesRetained, watches, watchGroups, attachments },
      {
        roots: before.roots,
        bytesRetained: 0,
        watches: 0,
        watchGroups: 0,
        attachments: 1,
      },
    );
  });
}

nativeTest('a token of no cache is refused', (t, engine) => {
  const cache = engine.create();
  const share = cache.share();
  const attach = (token: unknown): void =>
    attachEngineCache(token as EngineShare, { now: () => 0 }).close();
  const refused = { code: 'not-shareable', message: /widgets\.example\.com/ };
  t.throws(() => attach({ ...share, nonce: share.nonce ^ 1n }), refused);
  t.throws(() => attach({ ...share, id: share.id + 1000 }), refused);
  t.throws(() => attach({ ...share, abi: share.abi + 1 }), { ...refused, message: /ABI/ });
  for (const token of [
    undefined,
    null,
    1,
    'x',
    {},
    { ...share, id: '1' },
    { ...share, fields: 1 },
    { ...share, nonce: share.nonce + 2n ** 64n },
  ]) {
    t.throws(() => attach(token), { instanceOf: TypeError });
  }
  for (const id of [-1, 0.5, NaN, 2 ** 60]) t.throws(() => attach({ ...share, id }));
});
