/** What the contract does not show of watches: who is asked, what is kept, what is shared. */

import test from 'ava';

import { JavaScriptEngineCache } from '../../../lib/engine/javascript/index.js';
import type { JavaScriptEngineInternals } from '../../../lib/engine/javascript/index.js';
import type { EngineScope, EngineSelector, EngineWatch, Put } from '../../../lib/engine/index.js';
import { cacheOptions, type TestCacheOptions } from '../engines.js';
import { drainAll, put, remove } from '../widget.js';

function create(
  options: TestCacheOptions = {},
  internals: JavaScriptEngineInternals = {},
): JavaScriptEngineCache {
  return new JavaScriptEngineCache(cacheOptions(options), internals);
}

function open(
  cache: JavaScriptEngineCache,
  scope: EngineScope,
  wake = (): void => {},
): EngineWatch {
  return cache.watch({ ...scope, from: { type: 'after', revision: cache.revision }, wake });
}

function labelled(key: string, ...values: string[]): EngineSelector {
  return { labels: [{ key, operator: 'In', values }], fields: [] };
}

function onNode(value: string): EngineSelector {
  return { labels: [], fields: [{ path: 'spec.node', operator: 'Equals', value }] };
}

const SCOPES_OF_OTHERS: readonly { title: string; scope: (index: number) => EngineScope }[] = [
  { title: 'names', scope: (index) => ({ name: `other-${index}` }) },
  { title: 'objects', scope: (index) => ({ namespace: 'a', name: `other-${index}` }) },
  { title: 'namespaces', scope: (index) => ({ namespace: `other-${index}` }) },
  { title: 'nodes', scope: (index) => ({ selector: onNode(`other-${index}`) }) },
  { title: 'labels', scope: (index) => ({ selector: labelled('app', `other-${index}`, 'none') }) },
  {
    title: 'labels of other keys',
    scope: (index) => ({ namespace: 'a', selector: labelled(`other-${index}`, 'x') }),
  },
];

for (const { title, scope } of SCOPES_OF_OTHERS) {
  test(`an event does not ask the groups of other ${title}`, (t) => {
    const cache = create();
    for (let index = 0; index < 100; index++) open(cache, scope(index));
    const widget = { namespace: 'a', name: 'web', labels: { app: 'x' }, node: 'n1' };
    const interested = [
      open(cache, {}),
      open(cache, { name: 'web' }),
      open(cache, { namespace: 'a', name: 'web' }),
      open(cache, { namespace: 'a' }),
      open(cache, { selector: onNode('n1') }),
      open(cache, { selector: labelled('app', 'x', 'y') }),
    ];
    cache.apply([put(widget, 1n)]);
    t.is(cache.watches.interest.asked, interested.length);
    for (const watch of interested) t.deepEqual(drainAll(watch), ['ADDED a/web 1']);
    // Both labels and both nodes lead to groups that were asked already.
    cache.apply([put({ ...widget, labels: { app: 'y' } }, 2n), remove('a', 'web', 3n)]);
    t.is(cache.watches.interest.asked, 3 * interested.length);
  });
}

test('groups that are gone are in no index', (t) => {
  const cache = create();
  const watches = SCOPES_OF_OTHERS.flatMap(({ scope }) => [
    open(cache, scope(1)),
    open(cache, scope(1)),
    open(cache, { ...scope(2), namespace: 'b' }),
  ]);
  t.false(cache.watches.interest.isEmpty);
  for (const watch of watches) watch.close();
  t.true(cache.watches.interest.isEmpty);
});

test('pending events are dropped when every watch of the group has passed them', (t) => {
  const cache = create();
  const fast = open(cache, {});
  const slow = open(cache, {});
  for (let revision = 1n; revision <= 10n; revision++) {
    cache.apply([put({ namespace: 'a', name: 'web' }, revision)]);
  }
  drainAll(fast);
  t.is(cache.watches.pendingCount, 10);
  slow.drainEvents(4);
  t.is(cache.watches.pendingCount, 6);
  const late = open(cache, {});
  cache.apply([put({ namespace: 'a', name: 'web' }, 11n)]);
  t.is(cache.watches.pendingCount, 7);
  slow.close();
  t.is(cache.watches.pendingCount, 1, 'the others have yet to read the last one');
  drainAll(fast);
  drainAll(late);
  t.is(cache.watches.pendingCount, 0);
  late.close();
  cache.apply([put({ namespace: 'a', name: 'web' }, 12n)]);
  drainAll(fast);
  t.is(cache.watches.pendingCount, 0, 'a watch that is gone is not waited for');
});

test('a watch that never drains costs no more than the log has entries', (t) => {
  const cache = create({ history: { entriesMin: 0, entriesMax: 20 } });
  open(cache, {});
  for (let revision = 1n; revision <= 500n; revision++) {
    cache.apply([put({ namespace: 'a', name: 'web' }, revision)]);
  }
  t.true(cache.watches.pendingCount <= 21);
});

test('one frame is made for any number of watches, and made again when it was given up', (t) => {
  const cache = create({}, { frameBytesMax: 1_000 });
  const watches = Array.from({ length: 50 }, () => open(cache, {}));
  const late = open(cache, {});
  cache.apply([put({ namespace: 'a', name: 'web' }, 1n)]);
  const frames = watches.map((watch) => watch.drainFrames(10_000).items[0]);
  t.is(new Set(frames).size, 1);
  t.is(cache.watches.frames.made, 1);
  for (let revision = 2n; revision <= 20n; revision++) {
    cache.apply([put({ namespace: 'a', name: 'web' }, revision)]);
  }
  watches[0]!.drainFrames(100_000);
  t.is(cache.watches.frames.made, 20);
  t.true(cache.watches.frames.bytes <= 1_000);
  t.deepEqual(late.drainFrames(1).items[0], frames[0]);
  t.is(cache.watches.frames.made, 21);
});

test('a frame larger than the budget is served and not kept', (t) => {
  const cache = create({}, { frameBytesMax: 10 });
  const watch = open(cache, {});
  cache.apply([put({ namespace: 'a', name: 'web' }, 1n)]);
  t.is(watch.drainFrames(1).items.length, 1);
  t.is(cache.watches.frames.bytes, 0);
});

test('frames go when their record leaves the log', (t) => {
  const cache = create({ history: { entriesMin: 0, entriesMax: 3 } });
  const watch = open(cache, {});
  for (let revision = 1n; revision <= 50n; revision++) {
    cache.apply([put({ namespace: 'a', name: 'web' }, revision)]);
    watch.drainFrames(10_000);
  }
  const { bytes } = cache.watches.frames;
  t.true(bytes > 0 && bytes < 3 * 400);
  cache.replace([], 51n);
  t.is(cache.watches.frames.bytes, 0);
});

test('frames that went with their records are not in the way of those that are given up', (t) => {
  const cache = create({ history: { entriesMin: 0, entriesMax: 5 } }, { frameBytesMax: 700 });
  const watch = open(cache, {});
  const change = (revision: bigint): Put => put({ namespace: 'a', name: 'web' }, revision);
  cache.apply([change(1n)]);
  watch.drainFrames(10_000);
  cache.apply([2n, 3n, 4n, 5n, 6n].map(change));
  t.is(watch.drainFrames(10_000).items.length, 5);
  const { bytes } = cache.watches.frames;
  t.true(bytes > 0 && bytes <= 700);
});

test('a version that nobody knows any more gives its strings back', (t) => {
  const cache = create({ history: { entriesMin: 0, bytesMax: 0 } });
  const widget = { namespace: 'a', name: 'web', labels: { app: 'x' }, node: 'n1' };
  cache.apply([put(widget, 1n), put({ ...widget, name: 'api' }, 2n)]);
  // a, example.com/v1, app, x, n1
  t.is(cache.stringCount, 5);
  cache.apply([remove('a', 'web', 3n)]);
  t.is(cache.stringCount, 5);
  cache.apply([put({ namespace: 'a', name: 'api' }, 4n)]);
  t.is(cache.stringCount, 2);
  t.throws(() => cache.apply([put({ ...widget, name: 'new' }, 5n), remove('a', 'x', 5n)]));
  t.throws(() => cache.apply([put(widget, 5n), { ...put(widget, 6n), name: 'other' }]));
  t.is(cache.stringCount, 2, 'a refused batch leaves nothing behind');
  cache.apply([remove('a', 'api', 5n)]);
  t.is(cache.stringCount, 0);
});

test('wake-ups of one turn are one task, and one that throws stops no other', (t) => {
  const tasks: (() => void)[] = [];
  const cache = create({}, { schedule: (task) => tasks.push(task) });
  const woken: number[] = [];
  open(cache, {}, () => woken.push(1));
  open(cache, {}, () => {
    throw new Error('a consumer failed');
  });
  open(cache, { namespace: 'a' }, () => woken.push(2));
  cache.apply([put({ namespace: 'a', name: 'web' }, 1n)]);
  cache.apply([put({ namespace: 'a', name: 'web' }, 2n)]);
  t.is(tasks.length, 1);
  tasks.shift()!();
  t.deepEqual(woken, [1, 2]);
  t.throws(() => tasks.shift()!(), { message: 'a consumer failed' });
  t.is(tasks.length, 0);
});

test('a watch that another one drains while it waits to be woken is not woken', (t) => {
  const tasks: (() => void)[] = [];
  const cache = create({}, { schedule: (task) => tasks.push(task) });
  let second: EngineWatch | undefined = undefined as EngineWatch | undefined;
  open(cache, {}, () => second?.drainEvents(10));
  second = open(cache, {}, () => t.fail());
  cache.apply([put({ namespace: 'a', name: 'web' }, 1n)]);
  tasks.shift()!();
  t.pass();
});
