import type { EngineSelector, WatchQuery } from '../../lib/engine/index.js';

import { engineTest, turn } from './engines.js';
import {
  drainAll,
  drainEvents,
  drainFrames,
  put,
  remove,
  text,
  type Widget,
  widgetText,
} from './widget.js';

const WEB: Widget = { namespace: 'a', name: 'web', labels: { app: 'x' } };
const API: Widget = { namespace: 'a', name: 'api', labels: { app: 'y' } };

const quiet = (): void => {};

function after(revision: bigint): Pick<WatchQuery, 'from' | 'wake'> {
  return { from: { type: 'after', revision }, wake: quiet };
}

const ofState = { from: { type: 'state' as const }, wake: quiet };

function app(...values: string[]): EngineSelector {
  return { labels: [{ key: 'app', operator: 'In', values }], fields: [] };
}

engineTest(
  'objects that enter, stay in and leave a selector are ADDED, MODIFIED and DELETED',
  (t, engine) => {
    const cache = engine.create();
    const p = { namespace: 'a', name: 'p' };
    cache.progress(10n);
    const watch = cache.watch({ ...after(10n), selector: app('x') });
    cache.apply([put({ ...p, labels: { app: 'y' } }, 11n)]);
    cache.apply([put({ ...p, labels: { app: 'x' } }, 12n)]);
    cache.apply([put({ ...p, labels: { app: 'x' }, value: 2 }, 13n)]);
    cache.apply([put({ ...p, labels: { app: 'z' } }, 14n)]);
    cache.apply([remove('a', 'p', 15n)]);
    cache.apply([put({ ...p, labels: { app: 'x' } }, 16n)]);
    cache.apply([remove('a', 'p', 17n)]);
    t.deepEqual(drainFrames(watch), [
      `{"type":"ADDED","object":${widgetText({ ...p, labels: { app: 'x' } }, 12n)}}\n`,
      `{"type":"MODIFIED","object":${widgetText({ ...p, labels: { app: 'x' }, value: 2 }, 13n)}}\n`,
      `{"type":"DELETED","object":${widgetText({ ...p, labels: { app: 'x' }, value: 2 }, 14n)}}\n`,
      `{"type":"ADDED","object":${widgetText({ ...p, labels: { app: 'x' } }, 16n)}}\n`,
      `{"type":"DELETED","object":${widgetText({ ...p, labels: { app: 'x' } }, 17n)}}\n`,
    ]);
  },
);

engineTest(
  'a deletion whose revision has more digits than the object is spliced whole',
  (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 9n)]);
    const apiVersion = 'example.com/v1alpha12345';
    const watch = cache.watch({ ...after(9n), apiVersion });
    cache.apply([remove('a', 'web', 10_000_000_000_000_000_000n)]);
    const [event] = drainEvents(watch);
    t.is(text(event?.object), widgetText(WEB, 10_000_000_000_000_000_000n, apiVersion));
    t.is(event?.revision, 10_000_000_000_000_000_000n);
  },
);

engineTest(
  'an index value that changes reaches the watches of the old value and of the new',
  (t, engine) => {
    const cache = engine.create();
    const onNode = (value: string): EngineSelector => ({
      labels: [],
      fields: [{ path: 'spec.node', operator: 'Equals', value }],
    });
    const [first, second, none] = ['n1', 'n2', ''].map((node) =>
      cache.watch({ ...after(0n), selector: onNode(node) }),
    );
    cache.apply([put(WEB, 1n)]);
    cache.apply([put({ ...WEB, node: 'n1' }, 2n)]);
    cache.apply([put({ ...WEB, node: 'n2' }, 3n)]);
    cache.apply([remove('a', 'web', 4n)]);
    t.deepEqual(drainAll(none!), ['ADDED a/web 1', 'DELETED a/web 2']);
    t.deepEqual(drainAll(first!), ['ADDED a/web 2', 'DELETED a/web 3']);
    t.deepEqual(drainAll(second!), ['ADDED a/web 3', 'DELETED a/web 4']);
  },
);

engineTest(
  'a watch of the state begins with all objects in key order, then tells what follows',
  (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 1n), put(API, 2n), put({ ...WEB, namespace: 'a-b' }, 3n)]);
    const watch = cache.watch(ofState);
    t.is(watch.revision, 3n);
    cache.apply([remove('a', 'api', 4n)]);
    const first = watch.drainEvents(2);
    t.like(first, { phase: 'initial', more: true, position: 0n });
    const second = watch.drainEvents(2);
    t.like(second, { phase: 'initial', more: true, position: 3n });
    const names = [...first.items, ...second.items].map(({ type, namespace, name, revision }) => [
      type,
      `${namespace}/${name}`,
      revision,
    ]);
    t.deepEqual(names, [
      ['ADDED', 'a-b/web', 3n],
      ['ADDED', 'a/api', 2n],
      ['ADDED', 'a/web', 1n],
    ]);
    const live = watch.drainEvents(2);
    t.like(live, { phase: 'live', more: false, position: 4n });
    t.deepEqual(
      live.items.map(({ type, revision }) => [type, revision]),
      [['DELETED', 4n]],
    );
  },
);

engineTest('the initial state of nothing is one empty batch', (t, engine) => {
  const cache = engine.create();
  cache.progress(5n);
  const watch = cache.watch(ofState);
  t.like(watch.drainFrames(1000), { items: [], phase: 'initial', position: 5n, more: false });
  t.like(watch.drainFrames(1000), { items: [], phase: 'live', position: 5n, more: false });
});

engineTest(
  'the initial state is that of its beginning, and holds it until it was drained',
  (t, engine) => {
    const cache = engine.create({ history: { bytesMax: 0, entriesMin: 0 } });
    cache.apply([put(WEB, 1n), put(API, 2n)]);
    const idle = cache.stats().roots;
    const watch = cache.watch({ ...ofState, selector: app('x') });
    t.is(cache.stats().roots, idle + 1);
    cache.apply([put({ ...API, value: 7 }, 3n)]);
    t.true(cache.stats().bytesRetained > 0);
    t.deepEqual(drainFrames(watch), [`{"type":"ADDED","object":${widgetText(WEB, 1n)}}\n`]);
    t.like(cache.stats(), { roots: 0, bytesRetained: 0 });
  },
);

engineTest('a watch of the state that is closed early lets its root go', (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 1n), put(API, 2n)]);
  const idle = cache.stats().roots;
  const watch = cache.watch(ofState);
  watch.drainEvents(1);
  watch.close();
  t.like(cache.stats(), { roots: idle, watches: 0, watchGroups: 0 });
  t.like(watch.drainEvents(1), { items: [], end: 'closed' });
});

engineTest(
  'a watch resumes after any revision that history has, also one that was no event',
  (t, engine) => {
    const cache = engine.create({ history: { entriesMin: 0, entriesMax: 3 } });
    for (let revision = 10n; revision <= 60n; revision += 10n) cache.apply([put(WEB, revision)]);
    t.is(cache.oldestRevision, 30n);
    const expected = ['MODIFIED a/web 40', 'MODIFIED a/web 50', 'MODIFIED a/web 60'];
    t.deepEqual(drainAll(cache.watch(after(30n))), expected);
    t.deepEqual(drainAll(cache.watch(after(39n))), expected);
    t.deepEqual(drainAll(cache.watch(after(40n))), expected.slice(1));
    t.deepEqual(drainAll(cache.watch(after(60n))), []);
    t.throws(() => cache.watch(after(29n)), {
      code: 'revision-expired',
      message: 'too old resource version: 29 (30)',
    });
  },
);

engineTest(
  'a watch from the future drops events until then, and neither wakes nor expires for them',
  async (t, engine) => {
    const cache = engine.create({ history: { entriesMin: 0, entriesMax: 1 } });
    let wakes = 0;
    const watch = cache.watch({ from: { type: 'after', revision: 5n }, wake: () => wakes++ });
    for (let revision = 1n; revision <= 5n; revision++) cache.apply([put(WEB, revision)]);
    await turn();
    t.is(wakes, 0);
    t.like(watch.drainEvents(9), { items: [], position: 5n, end: undefined });
    cache.apply([put(WEB, 6n)]);
    await turn();
    t.is(wakes, 1);
    t.deepEqual(drainAll(watch), ['MODIFIED a/web 6']);
  },
);

engineTest(
  'a watch from the future begins within a batch that passes its revision',
  (t, engine) => {
    const cache = engine.create();
    const watch = cache.watch(after(2n));
    cache.apply([put(WEB, 1n), put(API, 2n), put(WEB, 3n), remove('a', 'api', 4n)]);
    t.deepEqual(drainAll(watch), ['MODIFIED a/web 3', 'DELETED a/api 4']);
  },
);

engineTest('only a watch with an unread matching event behind the log expires', (t, engine) => {
  const cache = engine.create({ history: { entriesMin: 0, entriesMax: 4 } });
  cache.apply([put(API, 1n)]);
  const idle = cache.watch({ ...after(1n), selector: app('y') });
  const slow = cache.watch({ ...after(1n), selector: app('x') });
  const replay = cache.watch({ ...after(0n), selector: app('y') });
  const atEdge = cache.watch({ ...after(1n), selector: app('x') });
  for (let revision = 2n; revision <= 5n; revision++) cache.apply([put(WEB, revision)]);
  t.is(atEdge.drainEvents(1).items[0]?.revision, 2n);
  for (let revision = 6n; revision <= 6n; revision++) cache.apply([put(WEB, revision)]);
  t.is(cache.oldestRevision, 2n);
  t.like(idle.drainEvents(9), { items: [], end: undefined, position: 6n });
  t.like(slow.drainEvents(9), { items: [], end: 'expired', more: false });
  t.like(replay.drainFrames(9), { items: [], end: 'expired', more: false });
  t.deepEqual(drainAll(atEdge), [
    'MODIFIED a/web 3',
    'MODIFIED a/web 4',
    'MODIFIED a/web 5',
    'MODIFIED a/web 6',
  ]);
  t.is(cache.stats().watches, 2, 'what has expired is gone');
});

engineTest(
  'a replay passes what does not match at once, so that losing it costs nothing',
  (t, engine) => {
    const cache = engine.create({ history: { entriesMin: 0, entriesMax: 2 } });
    cache.apply([put(WEB, 1n)]);
    cache.apply([put(WEB, 2n)]);
    const watch = cache.watch({ ...after(0n), selector: app('y') });
    for (let revision = 3n; revision <= 9n; revision++) cache.apply([put(WEB, revision)]);
    cache.apply([put(API, 10n)]);
    t.deepEqual(drainAll(watch), ['ADDED a/api 10']);
  },
);

engineTest(
  'a state that was still being drained when a live event was lost ends as expired',
  (t, engine) => {
    const cache = engine.create({ history: { entriesMin: 0, entriesMax: 1 } });
    cache.apply([put(WEB, 1n), put(API, 2n)]);
    const watch = cache.watch(ofState);
    t.is(watch.drainEvents(1).items.length, 1);
    cache.apply([put(WEB, 3n)]);
    t.is(watch.drainEvents(1).items.length, 1, 'nothing is lost yet');
    const other = cache.watch(ofState);
    cache.apply([put(WEB, 4n)]);
    t.like(watch.drainEvents(1), { items: [], end: 'expired' });
    cache.apply([put(WEB, 5n)]);
    t.like(other.drainEvents(1), { items: [], end: 'expired', phase: 'initial' });
    t.is(cache.stats().bytesRetained, widgetText(WEB, 4n).length, 'and lets its root go');
  },
);

engineTest('a batch is at most as large as asked, but never empty for that', (t, engine) => {
  const cache = engine.create();
  const frame = `{"type":"ADDED","object":${widgetText(WEB, 1n)}}\n`.length;
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const query of [ofState, after(0n)]) {
    const fresh = engine.create();
    fresh.apply(names.map((name, index) => put({ ...WEB, name: `${name}eb` }, BigInt(index + 1))));
    const watch = fresh.watch(query);
    t.like(watch.drainFrames(1), { bytes: frame, more: true });
    const two = watch.drainFrames(2 * frame);
    t.is(two.items.length, 2);
    t.is(two.bytes, 2 * frame);
    t.is(watch.drainEvents(0).items.length, 1);
    t.like(watch.drainFrames(10 * frame), { bytes: frame, more: false });
  }
  cache.close();
});

engineTest(
  'watches with equal terms share frames; other terms and versions have their own',
  (t, engine) => {
    const cache = engine.create();
    const terms = [
      { key: 'app', operator: 'In' as const, values: ['x', 'y'] },
      { key: 'tier', operator: 'DoesNotExist' as const, values: [] },
    ];
    const reversed = terms
      .map((term) => ({ ...term, values: [...term.values].reverse() }))
      .reverse();
    const open = (query: Partial<WatchQuery>) => cache.watch({ ...after(0n), ...query });
    const one = open({ selector: { labels: terms, fields: [] } });
    const same = open({ selector: { labels: reversed, fields: [] } });
    const other = open({ selector: app('x') });
    const version = open({ apiVersion: 'example.com/v2' });
    t.like(cache.stats(), { watches: 4, watchGroups: 3 });
    cache.apply([put(WEB, 1n)]);
    const frames = [one, same, other, version].map((watch) => watch.drainFrames(1000).items[0]!);
    t.is(frames[0], frames[1], 'one array');
    t.is(frames[0], frames[2], 'the frame depends on the event alone');
    t.is(text(frames[3]), `{"type":"ADDED","object":${widgetText(WEB, 1n, 'example.com/v2')}}\n`);
  },
);

engineTest('nothing remains of watches that come and go', (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 1n), put(API, 2n)]);
  const before = cache.stats();
  const selectors = [app('x'), app('y', 'z'), undefined];
  for (let round = 0; round < 300; round++) {
    const selector = selectors[round % 3];
    const query = selector === undefined ? {} : { selector };
    const watch = cache.watch({
      ...query,
      ...(round % 2 === 0 ? { namespace: `ns-${round}` } : { name: `name-${round}` }),
      ...(round % 5 === 0 ? ofState : after(round % 7 === 0 ? 99n : 0n)),
    });
    if (round % 4 === 0) watch.drainEvents(1);
    watch.close();
    watch.close();
  }
  t.deepEqual(cache.stats(), before);
});

engineTest('a stalled watch of the state keeps no versions that history has left', (t, engine) => {
  const cache = engine.create({ history: { entriesMin: 0, entriesMax: 4 } });
  const busy: Widget = { namespace: 'b', name: 'busy' };
  cache.apply([put(API, 1n), put(WEB, 2n), put(busy, 3n)]);
  const inQuietNamespace = cache.watch({ namespace: 'a', ...ofState });
  const ofSelector = cache.watch({ selector: app('x'), ...ofState });
  const ofEverything = cache.watch(ofState);
  inQuietNamespace.drainEvents(1);
  ofEverything.drainEvents(1);
  for (let revision = 4n; revision <= 50n; revision++) cache.apply([put(busy, revision)]);
  cache.trim();
  const inLog = 4 * widgetText(busy, 50n).length;
  t.like(cache.stats(), { bytesRetained: inLog, watches: 3 });
  t.deepEqual(drainAll(inQuietNamespace), ['ADDED a/web 2']);
  t.deepEqual(drainAll(ofSelector), ['ADDED a/web 2']);
  t.like(ofEverything.drainEvents(1), { items: [], phase: 'initial', end: 'expired' });
  cache.apply([put({ ...WEB, labels: { app: 'y' } }, 51n)]);
  t.deepEqual(drainAll(inQuietNamespace), ['MODIFIED a/web 51']);
  t.deepEqual(drainAll(ofSelector), ['DELETED a/web 51']);
});

engineTest('a stalled watch of the state is told of what is still in the history', (t, engine) => {
  const cache = engine.create({ history: { entriesMin: 0, entriesMax: 4 } });
  const busy: Widget = { namespace: 'b', name: 'busy' };
  cache.apply([put(API, 1n), put(WEB, 2n), put(busy, 3n)]);
  const watch = cache.watch({ namespace: 'a', ...ofState });
  for (let revision = 4n; revision <= 20n; revision++) cache.apply([put(busy, revision)]);
  cache.apply([put({ namespace: 'a', name: 'new' }, 21n), remove('a', 'web', 22n)]);
  cache.trim();
  cache.trim();
  const expected = ['ADDED a/api 1', 'ADDED a/web 2', 'ADDED a/new 21', 'DELETED a/web 22'];
  t.deepEqual(drainAll(watch), expected);
});

engineTest('watches from the future begin each after its own revision', (t, engine) => {
  const cache = engine.create();
  cache.apply([put(API, 1n)]);
  const starts = [30n, 10n, 20n, 10n, 40n];
  const watches = starts.map((start) => cache.watch(after(start)));
  watches[3]!.close();
  for (let revision = 5n; revision <= 45n; revision += 5n) {
    cache.apply([put(WEB, revision)]);
    for (const [index, start] of starts.entries()) {
      const isDue = revision > start && index !== 3;
      const type = revision === 5n ? 'ADDED' : 'MODIFIED';
      t.deepEqual(drainAll(watches[index]!), isDue ? [`${type} a/web ${revision}`] : []);
    }
  }
});
