/** When watches are woken: whenever there is something to drain, and never twice for it. */

import type { EngineCache, EngineSelector, WatchQuery } from '../../lib/engine/index.js';

import { engineTest, turn } from './engines.js';
import { drainAll, put, type Widget } from './widget.js';

const WEB: Widget = { namespace: 'a', name: 'web', labels: { app: 'x' } };

function app(...values: string[]): EngineSelector {
  return { labels: [{ key: 'app', operator: 'In', values }], fields: [] };
}

engineTest(
  'wake is called from the event loop, once until the watch was drained',
  async (t, engine) => {
    const cache = engine.create();
    let wakes = 0;
    const watch = cache.watch({ from: { type: 'after', revision: 0n }, wake: () => wakes++ });
    await turn();
    t.is(wakes, 0, 'there is nothing to drain');
    cache.apply([put(WEB, 1n)]);
    t.is(wakes, 0, 'not from inside a call');
    cache.apply([put(WEB, 2n)]);
    await turn();
    cache.apply([put(WEB, 3n)]);
    await turn();
    t.is(wakes, 1);
    drainAll(watch);
    await turn();
    t.is(wakes, 1);
    cache.apply([put(WEB, 4n)]);
    drainAll(watch);
    await turn();
    t.is(wakes, 1, 'what was drained before the wake-up needs none');
    cache.apply([put(WEB, 5n)]);
    await turn();
    t.is(wakes, 2);
    watch.close();
    cache.apply([put(WEB, 6n)]);
    await turn();
    t.is(wakes, 2);
  },
);

engineTest(
  'a watch with something to say from the start is woken, one without is not',
  async (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 1n)]);
    const woken: string[] = [];
    const open = (title: string, query: Omit<WatchQuery, 'wake'>): void =>
      void cache.watch({ ...query, wake: () => woken.push(title) });
    open('state', { from: { type: 'state' } });
    open('replay', { from: { type: 'after', revision: 0n } });
    open('replay of nothing', { from: { type: 'after', revision: 0n }, selector: app('y') });
    open('the end', { from: { type: 'after', revision: 1n } });
    await turn();
    t.deepEqual(woken, ['state', 'replay']);
  },
);

engineTest(
  'a watch that was woken and not drained is not woken again, not even for its end',
  async (t, engine) => {
    const cache = engine.create();
    let wakes = 0;
    cache.watch({ from: { type: 'after', revision: 0n }, wake: () => wakes++ });
    cache.apply([put(WEB, 1n)]);
    await turn();
    cache.replace([], 2n);
    await turn();
    t.is(wakes, 1);
  },
);

engineTest('a closed watch is not woken for an event of its group', async (t, engine) => {
  const cache = engine.create();
  let wakes = 0;
  const from = { type: 'after' as const, revision: 0n };
  const closed = cache.watch({ from, wake: () => t.fail() });
  cache.watch({ from, wake: () => wakes++ });
  closed.close();
  cache.apply([put(WEB, 1n)]);
  await turn();
  t.is(wakes, 1);
});

engineTest('one function may wake several watches', async (t, engine) => {
  const cache = engine.create();
  let wakes = 0;
  const wake = (): void => void wakes++;
  const from = { type: 'after' as const, revision: 0n };
  for (let count = 0; count < 3; count++) cache.watch({ from, wake });
  cache.apply([put(WEB, 1n)]);
  await turn();
  t.is(wakes, 3);
});

engineTest('replace and close wake every watch to tell it the end', async (t, engine) => {
  for (const [end, act] of [
    ['replaced', (cache: EngineCache) => cache.replace([], 9n)],
    ['closed', (cache: EngineCache) => cache.close()],
  ] as const) {
    const cache = engine.create();
    cache.apply([put(WEB, 1n)]);
    let wakes = 0;
    const wake = (): void => void wakes++;
    const watches = [
      cache.watch({ from: { type: 'state' }, wake }),
      cache.watch({ from: { type: 'after', revision: 0n }, wake }),
      cache.watch({ from: { type: 'after', revision: 1n }, wake }),
      cache.watch({ from: { type: 'after', revision: 70n }, wake }),
    ];
    await turn();
    for (const watch of watches) watch.drainEvents(1);
    wakes = 0;
    act(cache);
    t.like(cache.stats(), { watches: 0, watchGroups: 0 });
    await turn();
    t.is(wakes, watches.length);
    for (const watch of watches) t.like(watch.drainEvents(9), { items: [], more: false, end });
    for (const watch of watches) t.like(watch.drainFrames(9), { items: [], more: false, end });
  }
});
